"""The faults of a file as people read them: a sentence each, and the line it is about."""

from rich.cells import cell_len
from rich.text import Text

from collector.cli import terminal
from collector.cli.console import aside
from collector.cli.help import NAME
from collector.errors import Fault, Spot

LONGEST = 100
LEAD = 24
"""How much of a line that is too long stands before what is at fault."""


def show(faults: tuple[Fault, ...]) -> None:
    """Write them to standard error."""
    console = aside()
    for fault in faults:
        for sentence in str(fault).splitlines():
            terminal.tell(f"{NAME}: {sentence}", err=True)
        if fault.spot and fault.spot.text:
            console.print(_excerpt(fault.spot), no_wrap=True, overflow="ignore", crop=False)


def _excerpt(spot: Spot) -> Text:
    """The line with its number, and below it a mark under what is at fault."""
    text, start, end = spot.text, spot.start, spot.end
    if start > LONGEST - LEAD:
        cut = start - LEAD
        text, start, end = "…" + text[cut:], LEAD + 1, end - cut + 1
    if len(text) > LONGEST:
        text, end = text[:LONGEST] + "…", min(end, LONGEST + 1)
    number = f"{spot.line:>6} | "
    shown = Text.assemble((number, "dim"), text)
    if end > start:
        shown.stylize("bold red", len(number) + start, len(number) + end)
        before, marked = cell_len(text[:start]), max(cell_len(text[start:end]), 1)
        shown.append("\n" + " " * (len(number) - 2) + "| ", "dim").append(" " * before + "^" * marked, "bold red")
    return shown
