"""The page about the command line, from the commands themselves: `python -m deploy.commands`.

Who changes a command or a flag runs it again; a test compares.
"""

from pathlib import Path

import click

from collector.cli.commands import cli
from collector.cli.help import NAME
from deploy.tables import filled

PAGE = Path(__file__).parent / "docs" / "command-line.md"
WIDTH = 80


def helps() -> str:
    """The help of every command, each under a heading."""
    root = click.Context(cli, info_name=NAME, terminal_width=WIDTH, help_option_names=["-h", "--help"])
    parts = [_block(NAME, cli.get_help(root))]
    for name in cli.list_commands(root):
        command = cli.commands[name]
        context = click.Context(command, info_name=name, parent=root, terminal_width=WIDTH)
        parts.append(_block(f"{NAME} {name}", command.get_help(context)))
    return "\n".join(parts)


def page() -> str:
    """The page as it should be."""
    return filled(PAGE.read_text(encoding="utf-8"), {"commands": helps()})


def _block(heading: str, text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return f"### {heading}\n\n```text\n{lines}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
