"""Where in a TOML text everything stands: the parser tells what a text holds, but not on which line. Pure.

Only texts that the parser has taken are read, so that little of the grammar is left: what a key, a text and a comment
look like, and where brackets end.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field

from collector.config.wording import step

Span = tuple[int, int]

_BETWEEN = re.compile(r"[ \t\r\n]+|#[^\n]*")
_KEY = re.compile(r"""[ \t]*([A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*')[ \t]*""")
_TEXT = re.compile(
    r'''"""(?:\\.|[^\\])*?"""(?:"{0,2})|"(?:\\.|[^"\\])*"|\'\'\'.*?\'\'\'(?:\'{0,2})|'[^']*\'''', re.DOTALL
)
_OTHER = re.compile(r"[^,\]}#\n]*[^,\]}#\s]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table, a key or an element stands, in characters from the beginning.

    `name`: a table's header, a key, or an element itself. `value`: what a key is given, else as `name`.
    """

    name: Span
    value: Span


@dataclass(slots=True)
class Places:
    """A whole text: each place by its path as faults write it (`project[1].interval`).

    In the order of the text: `leaves` with their paths, and where `comments` and `lines` begin.
    """

    text: str
    by_path: dict[str, Place] = field(default_factory=dict)
    leaves: list[tuple[Span, str]] = field(default_factory=list)
    comments: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def nearest(self, path: str) -> Place | None:
        """Where this stands, or what it is missing from; None where that is not in the text either."""
        while path and path not in self.by_path:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.by_path.get(path)


def places(text: str) -> Places:
    """Where everything stands in a text that `tomllib` has read; nowhere, where it is nested too deeply for us."""
    scan = _Scan(text)
    try:
        scan.whole()
    except RecursionError:
        return Places(text)
    scan.found.lines = [0, *(found.end() for found in re.finditer("\n", text))]
    return scan.found


class _Scan:
    """One way through a text, from left to right."""

    def __init__(self, text: str) -> None:
        self.found = Places(text)
        self._text = text
        self._at = 0
        self._last: dict[str, int] = {}

    def whole(self) -> None:
        table = ""
        while self._skip():
            table = self._header() if self._text[self._at] == "[" else self._pair(table)

    def _skip(self) -> bool:
        """Go on to the next thing; whether there is one."""
        while between := _BETWEEN.match(self._text, self._at):
            if between[0].startswith("#"):
                self.found.comments.append(between.start())
            self._at = between.end()
        return self._at < len(self._text)

    def _header(self) -> str:
        start, brackets = self._at, 2 if self._text.startswith("[[", self._at) else 1
        self._at += brackets
        *outer, last = self._keys()
        self._at += brackets
        span = start, self._at
        path = step(self._inside("", outer, span), last)
        if brackets == 1:
            self.found.by_path[path] = Place(span, span)
            return path
        self._last[path] = self._last.get(path, -1) + 1
        self.found.by_path.setdefault(path, Place(span, span))
        path = f"{path}[{self._last[path]}]"
        self.found.by_path[path] = Place(span, span)
        return path

    def _inside(self, table: str, keys: list[str], span: Span) -> str:
        """The table that keys lead to; where it has no header of its own it stands where it is first named."""
        for key in keys:
            table = step(table, key)
            self.found.by_path.setdefault(table, Place(span, span))
            if table in self._last:
                table = f"{table}[{self._last[table]}]"
        return table

    def _pair(self, table: str) -> str:
        """Read what a key is given; the table again."""
        start = self._at
        *outer, last = self._keys()
        name = start, start + len(self._text[start : self._at].rstrip())
        path = step(self._inside(table, outer, name), last)
        self._at += 1  # the equals sign
        self._skip()
        self._value(path, name)
        return table

    def _keys(self) -> Iterator[str]:
        while True:
            found = _KEY.match(self._text, self._at)
            if not found:
                return
            self._at = found.end()
            yield next(iter(tomllib.loads(f"{found[1]} = 0"))) if found[1][0] in "\"'" else found[1]
            if self._text[self._at] != ".":
                return
            self._at += 1

    def _value(self, path: str, name: Span | None = None) -> None:
        start, opened = self._at, self._text[self._at]
        if opened in "[{":
            self._at += 1
            self._elements(path) if opened == "[" else self._pairs(path)
            self._at += 1
        else:
            found = (_TEXT if opened in "\"'" else _OTHER).match(self._text, start)
            self._at = found.end() if found else start + 1
            self.found.leaves.append(((start, self._at), path))
        span = start, self._at
        self.found.by_path[path] = Place(name or span, span)

    def _elements(self, path: str) -> None:
        for place in range(len(self._text)):
            if not self._more("]"):
                return
            self._value(f"{path}[{place}]")

    def _pairs(self, path: str) -> None:
        while self._more("}"):
            self._pair(path)

    def _more(self, end: str) -> bool:
        """Go on to the next thing between brackets; whether there is one before they end."""
        while self._skip() and self._text[self._at] == ",":
            self._at += 1
        return self._at < len(self._text) and self._text[self._at] != end
