"""What people are told: names come from the service, and a terminal would obey what some may hold."""

import sys
from typing import TypeVar

import click
import msgspec

from collector.log import plain

T = TypeVar("T")


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


def spelled_out(found: T) -> T:
    """The same structure, each text in it spelled out: to be made a table of."""
    return msgspec.convert(_plainly(msgspec.to_builtins(found)), type(found))


def _plainly(value: object) -> object:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {_plainly(key): _plainly(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plainly(each) for each in value]
    return value
