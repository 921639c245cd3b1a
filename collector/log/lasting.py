"""What lasts is said at its start, once an hour while it lasts, and at its end. Pure; times in ms."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

HOUR = 3_600_000

Say = Callable[..., None]


class Names(NamedTuple):
    """The events of one kind of trouble."""

    starts: str
    lasts: str
    ends: str


@dataclass(slots=True)
class Trouble:
    """Something that fails `since` then; `told` is when it was last said, `says` its latest sentence."""

    since: int
    told: int
    says: str
    failures: int = 0

    def due(self, at: int) -> bool:
        """Whether it has to be said again; then it counts as said."""
        if 0 <= at - self.told < HOUR:
            return False
        due = at >= self.told  # a clock that was set back begins another hour
        self.told = at
        return due

    def end(self, at: int) -> dict[str, object]:
        """The fields of its end."""
        return {"lasted": max(0, at - self.since) // 1000, "failures": self.failures}

    def lasts(self, at: int) -> dict[str, object]:
        """The fields of its being said again."""
        return {"since": utc(self.since), **self.end(at)}


class Lasting:
    """One thing that works or fails; `where` are the fields that name it.

    `anew`: another sentence is another fault, and is said at once.
    """

    def __init__(self, say: Say, names: Names, *, anew: bool = False, **where: object) -> None:
        self._say = say
        self._names = names
        self._anew = anew
        self._where = where
        self._trouble: Trouble | None = None

    def failed(self, at: int, says: str, **more: object) -> None:
        """It failed at `at`."""
        trouble = self._trouble
        if trouble is None:
            trouble = self._trouble = Trouble(at, at, says)
            starts = True
        else:
            starts = self._anew and says != trouble.says
        if starts:
            trouble.told = at
            self._say(self._names.starts, **self._where, says=says, **more)
        trouble.failures += 1
        trouble.says = says
        self.tick(at, **more)

    def tick(self, at: int, **more: object) -> None:
        """It is `at` now; say what still lasts."""
        trouble = self._trouble
        if trouble and trouble.due(at):
            self._say(self._names.lasts, **self._where, **trouble.lasts(at), says=trouble.says, **more)

    def worked(self, at: int, *, always: bool = False, **more: object) -> None:
        """It worked at `at`; `always`: that is said also where nothing had failed."""
        trouble, self._trouble = self._trouble, None
        if trouble or always:
            self._say(self._names.ends, **self._where, **more, **(trouble.end(at) if trouble else {}))


def utc(ms: int | None) -> str | None:
    """A time as people read it."""
    return None if ms is None else f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
