"""The facts as JSON: the same nouns, field by field, with their times as RFC 3339."""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, lru_cache
from typing import Any, cast

import msgspec

from collector.errors import Fault
from collector.web.facts import Facts, Project, Trouble
from collector.web.status.query import Query
from collector.web.status.selection import Selection
from collector.web.status.words import clean, rfc3339


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a query leaves. `total`: workflows that it leaves, of which `workflows` are on page `page` of `pages`.

    `health`: how many there are of each, were it not for the query's own `health`. `watched`: all there are. Each of
    the `workflows` has the fields of its `Summary` and its `Detail`.
    """

    version: str
    at: int
    started_at: int
    watched: int
    total: int
    page: int
    pages: int
    per_page: int
    health: dict[str, int]
    projects: tuple[Project, ...]
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """One thing wrong with a query; `fix` is the likely mend or ""."""

    parameter: str
    says: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What is wrong with a query, all of it at once."""

    faults: tuple[Odd, ...]


def is_time(name: str) -> bool:
    """Whether a field of that name holds a time."""
    return name in {"at", "begin", "end", "since"} or name.endswith("_at")


def workflows(facts: Facts, query: Query, selection: Selection) -> bytes:
    """The answer to a query."""
    found = Found(
        version=facts.version,
        at=facts.at,
        started_at=facts.started_at,
        watched=selection.watched,
        total=selection.total,
        page=selection.page,
        pages=selection.pages,
        per_page=query.per_page,
        health={health.value: count for health, count in selection.counts.items()},
        projects=facts.projects,
        troubles=facts.troubles,
    )
    # Row by row, so that others have their turn: the encoder lets nobody in between.
    rows = b",".join(msgspec.json.encode(_noun(each) | _noun(facts.detail(each))) for each in selection.shown)
    return b'%b,"workflows":[%b]}' % (msgspec.json.encode(_noun(found)).removesuffix(b"}"), rows)


def faults(found: tuple[Fault, ...]) -> bytes:
    """The answer to a query that cannot be read."""
    odd = tuple(Odd(parameter=each.path, says=each.says, fix=each.fix) for each in found)
    return msgspec.json.encode(_noun(Faults(faults=odd)))


def _noun(noun: Any) -> dict[str, Any]:  # noqa: ANN401  any of the nouns
    kind: Any = type(noun)
    return {name: tell(getattr(noun, name)) for name, tell in _tellers(kind)}


@cache
def _tellers(noun: Any) -> tuple[tuple[str, Callable[[Any], object]], ...]:  # noqa: ANN401  a class of nouns
    return tuple((field.name, _time if is_time(field.name) else _told) for field in fields(noun))


@lru_cache(maxsize=4096)
def _time(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)


def _told(value: Any) -> object:  # noqa: ANN401  whatever the fields hold
    if isinstance(value, str):
        return clean(value)
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, dict):
        return {clean(str(name)): _told(each) for name, each in value.items()}
    if is_dataclass(value):
        return _noun(value)
    return [_told(each) for each in cast("tuple[Any, ...]", value)]
