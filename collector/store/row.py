"""One stored ledger, and what every store can do with it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from collector.ledger import Ledger
from collector.model import Key


@dataclass(frozen=True, slots=True)
class Row:
    """A ledger and the version it was committed as; version 0 was never stored."""

    ledger: Ledger
    version: int


class Store(Protocol):
    """Ledgers by key. Every method raises `StateError` where the state cannot be used."""

    async def load(self) -> dict[Key, Row]:
        """Every row there is."""
        ...

    async def commit(self, key: Key, ledger: Ledger, *, version: int, lines: Sequence[bytes] = ()) -> Row:
        """Store a ledger that was made from `version`; durable when this returns the row of the next version.

        `lines` go to the outbox with it: both are stored, or neither. Raises `Conflict` where the row has moved on.
        Cancelling the caller does not cancel the commit.
        """
        ...

    async def fetch(self, key: Key) -> Row | None:
        """One row as it is now."""
        ...

    async def watched(self, keys: Collection[Key], now: int) -> None:
        """Note that these workflows are watched now (ms). A row is watched when it is first stored, too."""
        ...

    async def sweep(self, keep: Collection[Key], before: int) -> int:
        """Delete rows outside `keep` that were last watched before `before` (ms); returns how many."""
        ...

    async def passes(self) -> dict[str, int]:
        """When the list of each project was last read whole (ms, the service's clock), as `passed` noted it."""
        ...

    async def passed(self, project: str, at: int) -> None:
        """Note that a project's list was read whole at `at` (ms)."""
        ...

    async def waiting(self, most: int) -> list[tuple[int, bytes]]:
        """The oldest lines of the outbox, at most so many, by their numbers; a workflow's come as they were stored."""
        ...

    async def delivered(self, numbers: Collection[int]) -> None:
        """Take these lines out of the outbox."""
        ...

    async def trim(self, most: int) -> int:
        """Drop the oldest lines of the outbox until no more than so many are left; returns how many."""
        ...

    async def backup(self) -> bytes:
        """A consistent copy of the whole state, as the file that it would be."""
        ...

    def turning(self, now: float) -> bool:
        """Whether commits still come through; `now` is on the monotonic clock."""
        ...

    async def close(self) -> None:
        """Wait for what was handed in, then let go of the state. A second call does nothing."""
        ...


def moved_on(key: Key) -> str:
    """What a conflict says."""
    return f"the state of workflow {key.workflow_id!r} in project {key.project!r} was changed by someone else"
