"""One run: things are made by seed, judged, and what behaves in a way that is new is made small and kept."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from tests.fuzz import bodies, corpus, counting, files, headers
from tests.fuzz.behaviour import Steps, behaviour
from tests.fuzz.bodies import Body
from tests.fuzz.counting import Finding


def body(dice: Random) -> Body:
    """One answer, bent in one of the ways there are."""
    kind = dice.random()
    if kind < 0.03:
        return bodies.rooted(dice)
    made = bodies.fresh(dice)
    if kind < 0.25:
        return bodies.bent(dice, made)
    return bodies.packed(dice) if kind < 0.3 else made


TARGETS: dict[str, Callable[[Random], object]] = {
    "bodies": lambda dice: counting.judge(body(dice)),
    "headers": lambda dice: headers.judge(headers.made(dice)),
    "files": lambda dice: files.judge(files.made(dice)),
}
MADE: dict[str, Callable[[Random], object]] = {"bodies": body, "headers": headers.made, "files": files.made}


def first_finding(target: str, numbers: range) -> tuple[int, Finding] | None:
    """The first of these seeds that finds something, and what; None where all is as promised."""
    for number in numbers:
        try:
            TARGETS[target](Random(number))
        except Finding as finding:
            return number, finding
    return None


@dataclass
class Growing:
    """The corpus while it grows; `known` are the behaviours that are in it."""

    kept: list[Body]
    known: set[Steps] = field(default_factory=set)
    new: int = 0

    def __post_init__(self) -> None:
        self.known |= {behaviour(body) for body in self.kept}

    def take(self, body: Body) -> None:
        """Keep what is new of a body, made small. Raises `Finding`."""
        counting.judge(body)
        steps = behaviour(body)
        if steps and steps not in self.known:
            self.known.add(steps)
            self.kept.append(corpus.smallest(body, steps))
            self.new += 1


def seeds(start: int, count: int | None, until: float) -> Iterator[int]:
    """Seeds from `start` on: so many, or as long as there is time."""
    number = start
    while (number < start + count) if count is not None else (time.monotonic() < until):
        yield number
        number += 1
