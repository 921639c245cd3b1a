"""One workflow's turns."""

from dataclasses import dataclass

from collector.ledger import release_at
from collector.model import Definition
from collector.poll import Poll, Watched


@dataclass(slots=True)
class Slot:
    """One workflow's turns: looks and releases pass through one hand. Times are on the monotonic clock.

    `restored`: it began on existing state. `patience`: seconds after which a look that was due and has not ended is
    late. `overdue`: that was said. `lesson`: what the list told and the ledger has yet to learn; `told`: what it told
    last. Nothing is due at `inf`.
    """

    watched: Watched
    poll: Poll
    patience: float
    look_at: float = float("inf")
    release: tuple[int, float] | None = None
    overdue: bool = False
    restored: bool = False
    lesson: Definition | None = None
    told: Definition | None = None

    def teach(self, definition: Definition) -> bool:
        """Put down what the list tells; says whether that is new."""
        if definition == self.told:
            return False
        self.told = self.lesson = definition
        return True

    async def learn(self) -> None:
        """Take in the lesson that waits, if there is one. Raises `StateError`, and then it still waits."""
        lesson = self.lesson
        if lesson is not None:
            await self.poll.learn(self.watched, lesson)
            if self.lesson is lesson:  # the list may have told more meanwhile
                self.lesson = None

    def plan(self, *, now: float, wall: int, first_zero: float) -> float:
        """When this workflow needs a hand again; a wall clock that jumped never prolongs a hold past `first_zero`."""
        due = release_at(self.watched.row.ledger)
        if due is None:
            self.release = None
        elif self.release is None or self.release[0] != due:
            self.release = due, now + min(max((due - wall) / 1000, 0.0), first_zero)
        return self.look_at if self.release is None else min(self.look_at, self.release[1])
