"""What people type: the examples that each command's help ends with."""

from collections.abc import Mapping

EXAMPLES: Mapping[str, Mapping[str, str]] = {
    "": {
        "demo": "See it at work on a synthetic AOM.",
        "check": "What is wrong with ./collector.toml?",
        "doctor": "What does the service say to it?",
        "run": "Watch, and serve /metrics.",
    },
    "run": {
        "run": "Watch what ./collector.toml names.",
        "run --config /etc/aom-collector/collector.toml --log.format json": "What a unit or an image does.",
        "run --web.listen-address :9109 --web.config.file web.yml": "Elsewhere, over TLS.",
    },
    "check": {
        "check": "Look at ./collector.toml.",
        "check --config new.toml": "Look at another file before it takes that one's place.",
    },
    "once": {
        "once": "Print the exposition, as a scrape would have it.",
        "once --table": "Tell people how every workflow stands.",
        "once --json | jq '.workflows[] | select(.failures > 0)'": "The same for machines.",
        "once --commit": "Keep what was found, so that the next start goes on from there.",
        "once --record answers.jsonl > metrics.txt": "Save what the service answers, to show it to others.",
    },
    "doctor": {
        "doctor": "Look at everything that ./collector.toml names.",
        "doctor --json | jq .ok": "Ask from a script.",
    },
    "state": {
        "state": "Show how much is counted of every workflow.",
        "state --json | jq .workflows": "The same for machines.",
        "state --backup copy.db": "Copy it, also while a collector runs.",
    },
    "health": {"health --config /etc/aom-collector/collector.toml": "Status 0 says that it is."},
    "demo": {
        "demo": "On a terminal, a picture of what happens; Ctrl-C ends it.",
        "demo --log.level info": "The log instead of the picture.",
        "demo --web.listen-address :11513": "For a Prometheus on another machine.",
    },
    "simulate": {
        "simulate": "The demonstration's workflows, on port 18080.",
        "simulate --workflows 1000 --seed 3": "Many, with another story.",
        "simulate --replay answers.jsonl": "What `once --record` saved.",
    },
    "completion": {
        "completion bash > ~/.local/share/bash-completion/completions/aom-collector": "bash",
        "completion zsh > ~/.zfunc/_aom-collector": "zsh, where ~/.zfunc is in fpath",
        "completion fish > ~/.config/fish/completions/aom-collector.fish": "fish",
    },
}
