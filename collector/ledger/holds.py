"""Counting into series, and the hold that lets the first failure be seen. Pure.

A series born while the collector watches is shown at its starting value until its release, so that whoever scrapes
sees it there before it moves. Law: what is published never falls.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from collector.ledger.book import Count, Exemplar, Histogram, Ledger, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth:
    """How something is counted: until when (ms) a series born now is held, and whether it belongs to the past.

    Counted past is part of the starting value, so it is shown at once.
    """

    until: int
    past: bool


def add(count: Count | None, amount: int, how: Birth, exemplar: Exemplar | None = None) -> Count:
    """The counter with `amount` more; born if it was not there."""
    before = count or Count(0, 0, how.until)
    shown = before.shown
    if shown is not None and how.past:
        shown += amount
    return Count(before.total + amount, shown, before.until, _newer(before.exemplar, exemplar))


def born(bounds: tuple[float, ...], how: Birth) -> Histogram:
    """A histogram without observations, held."""
    nothing = (0,) * (len(bounds) + 1)
    return Histogram(nothing, 0.0, nothing, 0.0, how.until)


def observe(
    histogram: Histogram | None,
    bounds: tuple[float, ...],
    seconds: float,
    how: Birth,
    exemplar: Exemplar | None = None,
) -> Histogram:
    """The histogram with one more observation; born if it was not there."""
    before = histogram or born(bounds, how)
    bucket = bisect_left(bounds, seconds)
    shown, shown_sum = before.shown_counts, before.shown_sum
    if shown is not None and how.past:
        shown, shown_sum = _plus_one(shown, bucket), shown_sum + seconds
    newest = _newer(before.exemplar, exemplar)
    return Histogram(_plus_one(before.counts, bucket), before.sum + seconds, shown, shown_sum, before.until, newest)


def _newer(known: Exemplar | None, new: Exemplar | None) -> Exemplar | None:
    """The one of the two that happened later, in whatever order they are learned."""
    return max((each for each in (known, new) if each), key=lambda each: (each.at, each.execution), default=None)


def _plus_one(counts: tuple[int, ...], bucket: int) -> tuple[int, ...]:
    return (*counts[:bucket], counts[bucket] + 1, *counts[bucket + 1 :])


def rebucket(histogram: Histogram, old: tuple[float, ...], new: tuple[float, ...]) -> Histogram:
    """The same observations under other bounds: each old bucket counts in the smallest new one not below it."""

    def moved(counts: tuple[int, ...]) -> tuple[int, ...]:
        result = [0] * (len(new) + 1)
        for index, count in enumerate(counts):
            result[bisect_left(new, old[index]) if index < len(old) else len(new)] += count
        return tuple(result)

    shown = histogram.shown_counts
    return msgspec.structs.replace(
        histogram, counts=moved(histogram.counts), shown_counts=None if shown is None else moved(shown)
    )


def _tallies(ledger: Ledger) -> Iterator[Tally]:
    yield ledger.executions
    for node in ledger.nodes.values():
        yield node.tally


def _counts(ledger: Ledger) -> Iterator[Count]:
    yield ledger.reopened
    yield ledger.gaps
    for tally in _tallies(ledger):
        yield from tally.runs.values()
    for node in ledger.nodes.values():
        yield from node.targets.values()


def release_at(ledger: Ledger) -> int | None:
    """When the next held series is to be released (ms), None where none is held."""
    ends = [count.until for count in _counts(ledger) if count.shown is not None]
    ends += [h.until for t in _tallies(ledger) for h in t.durations.values() if h.shown_counts is not None]
    return min(ends, default=None)


def _each(ledger: Ledger, count: Callable[[Count], Count], histogram: Callable[[Histogram], Histogram]) -> Ledger:
    """The ledger with every counter and every histogram changed."""
    book = ledger.clone()
    book.reopened, book.gaps = count(book.reopened), count(book.gaps)
    for tally in _tallies(book):
        tally.runs = {status: count(value) for status, value in tally.runs.items()}
        tally.durations = {status: histogram(value) for status, value in tally.durations.items()}
    for node in book.nodes.values():
        node.targets = {outcome: count(value) for outcome, value in node.targets.items()}
    return book


def released(ledger: Ledger, now: int) -> Ledger:
    """The ledger with every hold ended whose time has come."""

    def count(held: Count) -> Count:
        over = held.shown is not None and held.until <= now
        return Count(held.total, exemplar=held.exemplar) if over else held

    def histogram(held: Histogram) -> Histogram:
        over = held.shown_counts is not None and held.until <= now
        return Histogram(held.counts, held.sum, exemplar=held.exemplar) if over else held

    return _each(ledger, count, histogram)


def held(ledger: Ledger, until: int) -> Ledger:
    """The ledger with every series held at what was last published: under a new name they are new to who scrapes."""

    def count(value: Count) -> Count:
        return Count(value.total, value.published, until, value.exemplar)

    def histogram(value: Histogram) -> Histogram:
        return Histogram(value.counts, value.sum, *value.published, until, value.exemplar)

    return _each(ledger, count, histogram)
