"""What a query string asks of the page and of the JSON. Pure."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Self
from urllib.parse import urlencode

from collector.errors import Fault
from collector.model import Status
from collector.web.facts import Health
from collector.web.status.words import clean

MOST = 200
"""Workflows on one page at most."""
LONGEST = 1000
"""Characters in one value at most."""
LAST_PAGE = 999_999
SORTS = ("attention", "name", "project", "end", "next", "failures")
PAGE = ("project", "workflow", "execution", "q", "health", "status", "sort", "page")
"""What the page is asked by."""
API = (*PAGE, "per_page")
"""What the JSON is asked by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which workflows, in which order, and which part of them. "" and () leave nothing out.

    `workflow` and `execution` are ids; `q`: words that are all in the name, the id or the project; `status`: of the
    latest execution; `sort`: one of `SORTS`, from the greatest with a `-` before it.
    """

    project: str = ""
    workflow: str = ""
    execution: str = ""
    q: str = ""
    health: tuple[Health, ...] = ()
    status: str = ""
    sort: str = "attention"
    page: int = 1
    per_page: int = MOST

    @property
    def filters(self) -> bool:
        """Whether it may leave something out."""
        return bool(self.project or self.workflow or self.execution or self.q or self.health or self.status)

    @property
    def as_json(self) -> str:
        """Where the same is told to programs."""
        return f"/api/v1/workflows{self._text()}"

    def link(self, **changes: Any) -> str:  # noqa: ANN401  whatever the fields hold
        """Where this is shown with some things changed; another filter or order begins at page 1."""
        return f"/{replace(self, **{'page': 1, **changes})._text()}"  # noqa: SLF001  one of its own kind

    def _text(self) -> str:
        pairs = [
            (name, clean(str(value)))
            for name in API
            if (held := getattr(self, name)) != getattr(_NOTHING, name)
            for value in (held if isinstance(held, tuple) else (held,))
        ]
        return f"?{urlencode(pairs)}" if pairs else ""

    @classmethod
    def read(cls, pairs: Iterable[tuple[str, str]], known: Collection[str]) -> tuple[Self, tuple[Fault, ...]]:
        """The query that a query string means, and what is wrong with it; that is left out of the query."""
        found: dict[str, Any] = {}
        faults: list[Fault] = []
        for name, value in pairs:
            says, fix, meant = _meaning(name, value, known)
            if not says and name in found and name != "health":
                says, fix = "is there more than once", "give it once"
            if says:
                faults.append(Fault(path=name[:LONGEST], says=says, fix=fix))
            elif name == "health":
                found[name] = tuple(dict.fromkeys((*found.get(name, ()), meant)))
            else:
                found[name] = meant
        return cls(**found), tuple(faults)


_Meaning = tuple[str, str, Any]
"""What is wrong with a value ("": nothing), the likely mend, and what the value means."""


def _meaning(name: str, value: str, known: Collection[str]) -> _Meaning:
    if name not in known:
        near = get_close_matches(name[:LONGEST], known, 1)
        return "is not known here", f"did you mean {near[0]}?" if near else f"these are: {', '.join(known)}", None
    if not value:
        return "is empty", "leave it out", None
    if len(value) > LONGEST:
        return f"is longer than {LONGEST} characters", "", None
    read = _READERS.get(name)
    return read(value) if read else ("", "", value)


def _one_of(known: dict[str, Any]) -> Callable[[str], _Meaning]:
    def read(value: str) -> _Meaning:
        if value in known:
            return "", "", known[value]
        near = get_close_matches(value, known, 1)
        return f"must be one of {', '.join(known)}", f"did you mean {near[0]}?" if near else "", None

    return read


def _number(most: int) -> Callable[[str], _Meaning]:
    def read(value: str) -> _Meaning:
        if re.fullmatch(r"[1-9][0-9]{0,5}", value) and int(value) <= most:
            return "", "", int(value)
        return f"must be a whole number from 1 to {most}", "", None

    return read


_READERS = {
    "health": _one_of({each.value: each for each in Health}),
    "status": _one_of({each.value: each.value for each in Status}),
    "sort": _one_of({sign + each: sign + each for each in SORTS for sign in ("", "-")}),
    "page": _number(LAST_PAGE),
    "per_page": _number(MOST),
}
_NOTHING = Query()
