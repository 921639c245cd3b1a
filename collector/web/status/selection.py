"""Which workflows a query leaves, in which order, and which of them are on its page. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any

from collector.web.facts import Facts, Health, Summary
from collector.web.status.query import Query
from collector.web.status.words import clean

NEEDS_A_PERSON = frozenset({Health.UNSEEN, Health.FAILED})
_RANKS = {health: rank for rank, health in enumerate(Health)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a query leaves. `total`: workflows that it leaves, of which `shown` are on page `page` of `pages`.

    `counts`: by health, were it not for the query's own `health`; `standing`: by health, of all that are watched;
    `watched`: how many those are; `oldest`: the oldest of their last looks (ms), None where one was never looked at.
    """

    shown: Sequence[Summary]
    total: int
    page: int
    pages: int
    counts: Mapping[Health, int]
    standing: Mapping[Health, int]
    watched: int
    oldest: int | None


def select(facts: Facts, query: Query) -> Selection:
    """Filter, sort, and cut to a page; a page past the last one has nothing on it."""
    summaries = facts.summaries()
    standing = _counts(summaries)
    found = facts.find(query.execution) if query.execution else summaries
    tests = list(_tests(query))
    met = [each for each in found if all(test(each) for test in tests)] if tests else list(found)
    counts = _counts(met) if tests or query.execution else standing
    if query.health:
        met = [each for each in met if each.health in query.health]
    looks = [each.looked_at for each in summaries if each.looked_at is not None]
    start = (query.page - 1) * query.per_page
    return Selection(
        shown=tuple(_sorted(met, query.sort)[start : start + query.per_page]),
        total=len(met),
        page=query.page,
        pages=max(1, -(-len(met) // query.per_page)),
        counts=counts,
        standing=standing,
        watched=len(summaries),
        oldest=min(looks, default=None) if len(looks) == len(summaries) else None,
    )


def failures_first(summary: Summary) -> tuple[bool, int, int]:
    """What has failed, the latest failure first; then what nobody knows; then the rest by health."""
    failed = bool(summary.failures or summary.failed_nodes) or summary.health is Health.FAILED
    return not failed, -(summary.failed_at or 0) if failed else 0, _RANKS[summary.health]


def _counts(summaries: Iterable[Summary]) -> dict[Health, int]:
    counts = Counter(map(_HEALTH, summaries))
    return {health: counts[health] for health in Health}


def _tests(query: Query) -> Iterable[Callable[[Summary], bool]]:
    if query.project:
        yield lambda each: _same(each.project, query.project)
    if query.workflow:
        yield lambda each: _same(each.workflow_id, query.workflow)
    if query.status:
        yield lambda each: each.status == query.status
    if query.q:
        yield partial(_holds, query.q.casefold().split())


def _same(held: str, wanted: str) -> bool:
    """Links carry what can be written in UTF-8."""
    return held == wanted or (not held.isascii() and clean(held) == wanted)


def _holds(words: list[str], summary: Summary) -> bool:
    text = f"{summary.name}\n{summary.workflow_id}\n{summary.project}".casefold()
    return all(word in text for word in words)


def _sorted(summaries: list[Summary], sort: str) -> list[Summary]:
    """In order; who lacks what is sorted by comes last either way, and names settle what is even."""
    summaries = sorted(summaries, key=_NAMES)
    name = sort.removeprefix("-")
    key = _KEYS[name]
    lacking = [each for each in summaries if key(each) is None] if name in _MAY_LACK else []
    known = [each for each in summaries if key(each) is not None] if lacking else summaries
    known.sort(key=key, reverse=sort.startswith("-"))
    return known + lacking


_HEALTH = attrgetter("health")
_NAMES = attrgetter("project", "name", "workflow_id")
_KEYS: dict[str, Callable[[Summary], Any]] = {
    "attention": failures_first,
    "name": lambda each: each.name.casefold(),
    "project": attrgetter("project"),
    "end": attrgetter("end"),
    "next": attrgetter("next_at"),
    "failures": lambda each: each.failures + each.failed_nodes,
}
_MAY_LACK = frozenset({"end", "next"})
