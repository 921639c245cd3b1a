"""The line of the file that a fault is about, without what nobody may see: secrets, and what may hold one. Pure."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import replace

from collector.config.places import Places, Span, places
from collector.config.schema import SCHEMA, SECTIONS
from collector.config.wording import printable
from collector.errors import Fault, Spot

HIDDEN = "…"
_PATH = re.compile(r"""(?:[.]?(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*")|\[[0-9]+\])+""")
_ELEMENT = re.compile(r"\[[0-9]+\]")
_PAIR = re.compile(r"\s*([A-Za-z0-9_-]+)[ \t]*=[ \t]*")
_HEADER = re.compile(r"\s*\[{1,2}([a-z.]+)\]{0,2}")
_SECTIONS = frozenset(section.path for section in SECTIONS)
_FILE = "_file"
_KNOWN = frozenset(
    f"{key.section}.{key.name}{more}" for key in SCHEMA for more in ("", _FILE) if key.secret or not more
)
_OPEN = frozenset(f"{key.section}.{key.name}" for key in SCHEMA if not key.secret)
"""What is no secret; a secret's file is none of it, for the secret itself may stand there by mistake."""
_SECRET_NAMES = frozenset(f"{key.name}{more}" for key in SCHEMA if key.secret for more in ("", _FILE))
_OPEN_NAMES = frozenset(path.rpartition(".")[2] for path in _OPEN) - _SECRET_NAMES


def placed(faults: Iterable[Fault], text: str, file: str) -> tuple[Fault, ...]:
    """The faults of a file, each with its line where that is known; `text` is what the file holds."""
    found: Places | None = None
    made = []
    for fault in faults:
        spot = None
        if fault.spot:
            spot = _broken(text, file, fault.spot)
        elif _PATH.fullmatch(fault.path):
            found = found or places(text)
            spot = _spot(found, file, fault.path)
        made.append(replace(fault, spot=spot))
    return tuple(made)


def _spot(found: Places, file: str, path: str) -> Spot | None:
    place = found.nearest(path)
    if place is None:
        return None
    known = path in found.by_path and _ELEMENT.sub("", path) in _KNOWN
    start, end = place.value if known else place.name
    line = bisect_right(found.lines, start)
    begin, until = _around(found, line)
    end = min(end, until)
    before, marked, after = (_shown(found, *part) for part in ((begin, start), (start, end), (end, until)))
    text = (before + marked + after).rstrip()
    return Spot(file=file, line=line, text=text, start=len(before), end=len(before) + len(marked))


def _around(found: Places, line: int) -> Span:
    """A line from its beginning to its end, or to its comment."""
    begin = found.lines[line - 1]
    end = found.lines[line] - 1 if line < len(found.lines) else len(found.text)
    end -= found.text.endswith("\r", begin, end)
    comment = bisect_left(found.comments, begin)
    return begin, min([end, *found.comments[comment : comment + 1]])


def _shown(found: Places, at: int, until: int) -> str:
    """A part of the text, each value in it that may not be seen as `HIDDEN`."""
    shown = ""
    first = max(bisect_right(found.leaves, ((at, at), "")) - 1, 0)  # the one before may reach into this part
    for (start, end), path in found.leaves[first : bisect_left(found.leaves, ((until, until), ""))]:
        if end > at and not _may_be_seen(path, found.text[start:end]):
            shown += printable(found.text[at : max(start, at)]) + HIDDEN
            at = min(end, until)
    return shown + printable(found.text[at:until])


def _may_be_seen(path: str, value: str) -> bool:
    """Whether a value belongs to no secret, nor to a key that nobody knows, nor is an address that may hold one."""
    return _ELEMENT.sub("", path) in _OPEN and "@" not in value and "\\u" not in value.lower()


def _broken(text: str, file: str, spot: Spot) -> Spot:
    """A line of a text that is no TOML, where nothing is sure: only what begins as a known header or key is shown."""
    line = [*text.split("\n"), ""][spot.line - 1].partition("#")[0].rstrip()
    bare = Spot(file=file, line=spot.line)
    header, pair = _HEADER.fullmatch(line), _PAIR.match(line)
    if header and header[1] in _SECTIONS:
        return replace(spot, file=file, text=printable(line))
    if pair is None or pair[1] not in _OPEN_NAMES | _SECRET_NAMES:
        return bare
    if pair[1] in _SECRET_NAMES or any(odd in line[pair.end() :] for odd in "=@{\\"):
        hidden = printable(line[: pair.end()])
        return replace(bare, text=hidden + HIDDEN, start=len(hidden), end=len(hidden) + len(HIDDEN))
    before, marked = printable(line[: spot.start]), printable(line[spot.start : spot.end])
    return replace(spot, file=file, text=printable(line), start=len(before), end=len(before + marked))
