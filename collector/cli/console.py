"""What is written for people: tables, progress and marks, in colour on a terminal that wants it, plain elsewhere."""

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from collector import log

Moved = Callable[[int, int | None], None]
BAR = 20


def to_people() -> Console:
    """Standard output."""
    return Console(highlight=False)


def aside() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False)


def lively(stream: TextIO) -> bool:
    """Whether what stands on a stream can be written over: on a terminal, and not on one that only types."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def plain(text: str, style: str = "") -> Text:
    """A text of somebody else's, in which nothing is obeyed: neither markup, nor what a terminal listens to."""
    return Text(log.plain(text), style)


def grid(*headings: str) -> Table:
    """Columns without lines between them; a heading that begins with > stands, like its column, at the right."""
    made = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", show_header=bool(headings))
    for heading in headings:
        made.add_column(heading.lstrip(">"), overflow="fold", justify="right" if heading.startswith(">") else "left")
    return made


@contextmanager
def held_back(stream: TextIO) -> Iterator[TextIO]:
    """A stream for what is written while a picture stands on the terminal: it is shown below, once that is gone.

    Where the stream is none of a terminal, it is that stream itself.
    """
    if not stream.isatty():
        yield stream
        return
    kept = io.StringIO()
    try:
        yield kept
    finally:
        stream.write(kept.getvalue())


@contextmanager
def progress(says: str, of: str) -> Iterator[Moved]:
    """How far a work is, on standard error while it lasts, where that is a terminal.

    `of`: what is counted. What it yields is told how much is done, and of how much, None where nobody knows.
    """
    columns = (TextColumn(says), BarColumn(BAR), MofNCompleteColumn(), TextColumn(of))
    with Progress(*columns, console=aside(), transient=True, disable=not lively(sys.stderr)) as shown:
        task = shown.add_task("", total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)
