"""Kinds of arrays: each reads a TOML array whole; a fault names the place of the element (`[2]`)."""

import re
import warnings
from collections.abc import Callable
from itertools import pairwise
from typing import TypeVar

from collector.config.kinds import Kind, Wrong, matching, one_of, positive, text, workflow_id
from collector.config.wording import kind_of, shown

T = TypeVar("T")

_MOST_BOUNDS = 50
_family = matching(r"[a-zA-Z_:][a-zA-Z0-9_:]*", "must be the name of a metric family")


def buckets(value: object) -> tuple[float, ...]:
    """Upper bounds of histogram buckets in seconds, strictly ascending, 1 to 50 of them."""
    bounds = _each(value, positive)
    if not 1 <= len(bounds) <= _MOST_BOUNDS:
        raise Wrong(says=f"must hold 1 to {_MOST_BOUNDS} bounds, not {len(bounds)}")
    for place, (before, bound) in enumerate(pairwise(bounds), 1):
        if bound <= before:
            says = f"must be greater than {before!r}, the bound before it"
            raise Wrong(says=says, fix="put the bounds in ascending order", got=shown(bound), at=f"[{place}]")
    return bounds


def workflow_ids(value: object) -> tuple[str, ...]:
    """Ids of workflows."""
    return _each(value, workflow_id)


def choices(*known: str) -> Kind:
    """Strings, each one of these words."""
    read = one_of(*known)
    return lambda value: _each(value, read)


def families(value: object) -> frozenset[str]:
    """Names of metric families, without order."""
    return frozenset(name for name in _each(value, _family) if name)


def patterns(value: object) -> tuple[re.Pattern[str], ...]:
    """Regular expressions. A name may hold anything, and ".*" stands for all names."""
    return _each(value, _pattern)


def _pattern(value: object) -> re.Pattern[str]:
    given = text(value)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a doubtful pattern is no reason to write to standard error
            return re.compile(given, re.DOTALL)
    except (re.error, OverflowError, RecursionError) as error:
        raise Wrong(says="must be a regular expression", got=f"{shown(given)}: {error}") from None


def _each(value: object, read: Callable[[object], T]) -> tuple[T, ...]:
    if not isinstance(value, list):
        raise Wrong(says=f"must be an array, not {kind_of(value)}", fix="put it in square brackets")
    return tuple(_one(place, element, read) for place, element in enumerate(value))


def _one(place: int, element: object, read: Callable[[object], T]) -> T:
    try:
        return read(element)
    except Wrong as wrong:
        raise Wrong(says=wrong.says, fix=wrong.fix, got=wrong.got, at=f"[{place}]{wrong.at}") from None
