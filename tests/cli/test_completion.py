"""Completion: in a real bash, and in the words in which zsh and fish ask for it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from collector.cli import main
from collector.cli.commands import cli

BIN = Path(sys.executable).parent
# What bash does when somebody presses the key: it calls the function with the command, and shows COMPREPLY. Where
# there is to be a file, the function asks for bash's own way to complete one.
PRESS = """
source <(aom-collector completion bash) || exit 3
complete -p aom-collector | grep -q -- '-F _aom_collector_completion aom-collector' || exit 4
compopt() { COMPREPLY+=("a file"); }
while read -r line; do
    IFS=, read -ra COMP_WORDS <<<"aom-collector,$line,"
    COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )); COMPREPLY=()
    _aom_collector_completion aom-collector
    (IFS=,; echo "${COMPREPLY[*]}")
done
"""
OFFERED = {
    "": sorted(cli.commands),
    "state,--": ["--config", "--config.file", "--json", "--backup", "--version", "--help"],
    "run,--log.level,": ["debug", "info", "warning", "error"],
    "demo,--log.format,j": ["json"],
    "completion,": ["bash", "zsh", "fish"],
    "check,--config,": ["a file"],
    "backf": [],
}
"""What is offered after what was typed; a comma ends a word."""


def environment(**more: str) -> dict[str, str]:
    return {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": "/nonexistent"} | more


def test_bash_is_offered_what_can_stand_there():
    done = subprocess.run(
        ["bash", "--norc", "-c", PRESS], input="".join(f"{typed}\n" for typed in OFFERED),
        env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    offered = [[word for word in line.split(",") if word] for line in done.stdout.split("\n")[:-1]]
    assert dict(zip(OFFERED, offered, strict=True)) == OFFERED


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_are_offered_the_same(shell: str):
    asked = {"COMP_WORDS": "aom-collector run --log.", "COMP_CWORD": "--log." if shell == "fish" else "2"}
    done = subprocess.run(
        ["aom-collector"], env=environment(**asked, _AOM_COLLECTOR_COMPLETE=f"{shell}_complete"),
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert "--log.level" in done.stdout
    assert "--log.format" in done.stdout
    assert "debug, info, warning or error." in done.stdout, "with what it does"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_asks_in_its_words(
    shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "argv", ["aom-collector", "completion", shell])
    assert main() == 0
    assert f"_AOM_COLLECTOR_COMPLETE={shell}_complete" in capsys.readouterr().out
