"""What people are told: names come from the service, and a terminal would obey what some may hold."""

import sys

import click

from collector.log import plain


def tell(sentence: str, *, err: bool = False) -> None:
    """Print one sentence on a line of its own."""
    click.echo(plain(sentence), err=err)


def lines(text: str) -> None:
    """Print what has several lines: JSON stays the same to who reads it as JSON."""
    click.echo("\n".join(map(plain, text.split("\n"))))


def page(exposition: bytes) -> None:
    """Print an exposition as it is; only on a terminal its lines are spelled out."""
    if sys.stdout.isatty():
        lines(exposition.decode().removesuffix("\n"))
    else:
        click.echo(exposition, nl=False)
