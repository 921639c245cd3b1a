"""The help of every command, and what is said to somebody who misspelt one."""

import re
import shlex
import sys

import click
import pytest

from collector.cli import main
from collector.cli.commands import NOT_BUILT, cli
from collector.cli.examples import EXAMPLES
from collector.cli.help import NAME

COMMANDS = ["", *cli.commands]
ELSEWHERE = {"jq", "metrics.txt"}


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def says(*arguments: str, status: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", [NAME, *arguments])
        assert main() == status
        shown = capsys.readouterr()
        return shown.err if status else shown.out

    return says


def shown_examples(text: str) -> list[str]:
    """What a person would type: the lines of the block, without what explains them."""
    block = text.partition("\nExamples:\n")[2]
    return [re.split(r" {2,}", line.strip())[0] for line in block.splitlines() if line.startswith(f"  {NAME}")]


def parsed(line: str) -> click.Context:
    """A line of the help as the command line reads it; a pipe and a redirection are the shell's."""
    words = shlex.split(re.split(r" [|>] ", line)[0])
    assert words.pop(0) == NAME
    root = cli.make_context(NAME, list(words))
    name, command, rest = cli.resolve_command(root, words)
    return command.make_context(name, rest, parent=root)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_ends_with_examples_which_all_parse(says, command: str):
    text = says(*[command] * bool(command), "-h")
    examples = shown_examples(text)
    assert examples == [f"{NAME} {line}" for line in EXAMPLES[command]]
    for line in examples:
        assert parsed(line).info_name == line.split()[1]
        if command:
            assert parsed(line).info_name == command


def test_no_example_is_of_a_command_that_is_not_there():
    assert EXAMPLES.keys() == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_both_spellings_of_help_say_the_same_and_every_flag_says_what_it_does(says, command: str):
    which = [command] * bool(command)
    text = says(*which, "-h")
    assert text == says(*which, "--help")
    params = [param for param in (cli.commands.get(command) or cli).params if isinstance(param, click.Option)]
    assert [param.name for param in params if not param.help] == []
    assert not any(re.search(rf"^  {name}\b", text, re.MULTILINE) for name in NOT_BUILT)


def test_the_list_of_commands_is_not_cut_off(says):
    listed = says("-h").partition("Commands:\n")[2].partition("\n\n")[0]
    assert "..." not in listed
    assert re.findall(r"^  (\w+)", listed, re.MULTILINE) == sorted(cli.commands)


def test_without_a_command_the_help_is_shown(says):
    assert says(status=2).startswith("Usage: ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["chekc"], "there is no command 'chekc'; did you mean check?"),
        (["RUN"], "there is no command 'RUN'; did you mean run?"),
        (["serve"], f"there is no command 'serve'; there are {', '.join(cli.commands)}"),
        (["once", "--comit"], "once has no --comit; did you mean --commit?"),
        (["run", "--web.listen-adress", ":1"], "run has no --web.listen-adress; did you mean --web.listen-address?"),
        (["run", "--json"], "run has no --json, but once and doctor and state have"),
        (["run", "--backup"], "run has no --backup, but state has"),
        (["--config", "x", "check"], "--config stands behind a command, as in aom-collector run --config"),
        (["--vers"], "aom-collector has no --vers; did you mean --version?"),
        (["health", "--quiet"], "health has no --quiet; there are --config, --config.file, --version, --help"),
        (["completion"], "Missing argument '{bash|zsh|fish}'. Choose from: bash, zsh, fish"),
        (["once", "--table", "--json"], "--table and --json cannot both be printed; leave one of them away"),
    ],
)
def test_what_is_misspelt_is_answered_with_what_was_meant(says, arguments: list[str], sentence: str):
    assert says(*arguments, status=2) == f"{NAME}: {sentence}\n"
