"""State in one SQLite file: one writer thread, one connection that holds the file exclusively, commits grouped.

Write-ahead log with `synchronous=FULL`: what a commit acknowledged survives a power cut. A connection that never shares
its file needs no shared memory and cannot meet SQLite's races between connections.
"""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import msgspec

from collector.clock import Clock
from collector.errors import StateError
from collector.ledger import Ledger
from collector.ledger.book import pack, unpack
from collector.model import Fact, Key
from collector.store import table, wording
from collector.store.row import Row
from collector.store.writer import Writer


class Sqlite:
    """Rows in a SQLite file that this process holds alone."""

    def __init__(self, path: Path, writer: Writer) -> None:
        self._path = path
        self._writer = writer

    @classmethod
    async def open(cls, path: Path, *, clock: Clock, emit: Callable[[Fact], None]) -> "Sqlite":
        """Open or create the file and take its lock; raises `StateError` with one sentence that names the file."""
        writer = Writer(path, clock=clock, emit=emit)
        await writer.open()
        return cls(path, writer)

    async def load(self) -> dict[Key, Row]:
        """Every row there is."""
        return await self._writer.call(
            lambda connection: {each[0]: self._row(*each) for each in table.rows(connection)}
        )

    async def fetch(self, key: Key) -> Row | None:
        """One row as it is now."""
        return await self._writer.call(
            lambda connection: next((self._row(*each) for each in table.rows(connection, key)), None)
        )

    async def commit(self, key: Key, ledger: Ledger, *, version: int, lines: Sequence[bytes] = ()) -> Row:
        """Store a ledger made from `version` and lines of the outbox with it; durable when this returns.

        Raises `Conflict` or `StateError`.
        """
        await self._writer.commit(key, pack(ledger), version, lines)
        return Row(ledger, version + 1)

    async def watched(self, keys: Collection[Key], now: int) -> None:
        """Note that these workflows are watched now (ms)."""
        mine = tuple(keys)
        await self._writer.call(lambda connection: table.watched(connection, mine, now))

    async def sweep(self, keep: Collection[Key], before: int) -> int:
        """Delete rows outside `keep` that were last watched before `before` (ms); returns how many."""
        kept = frozenset(keep)
        return await self._writer.call(lambda connection: table.sweep(connection, kept, before))

    async def passes(self) -> dict[str, int]:
        """When the list of each project was last read whole (ms)."""
        return await self._writer.call(table.passes)

    async def passed(self, project: str, at: int) -> None:
        """Note that a project's list was read whole at `at` (ms)."""
        await self._writer.call(lambda connection: table.passed(connection, project, at))

    async def waiting(self, most: int) -> list[tuple[int, bytes]]:
        """The oldest lines of the outbox, at most so many, by their numbers."""
        return await self._writer.call(lambda connection: table.waiting(connection, most))

    async def delivered(self, numbers: Collection[int]) -> None:
        """Take these lines out of the outbox."""
        mine = tuple(numbers)
        await self._writer.call(lambda connection: table.delivered(connection, mine))

    async def trim(self, most: int) -> int:
        """Drop the oldest lines of the outbox until no more than so many are left; returns how many."""
        return await self._writer.call(lambda connection: table.trim(connection, most))

    async def backup(self) -> bytes:
        """The whole file as of the last commit; needs no room on the disk."""
        return await self._writer.call(lambda connection: connection.serialize())

    def turning(self, now: float) -> bool:
        """Whether the writer lives and is not stuck in one piece of work; `now` is on the monotonic clock."""
        return self._writer.turning(now)

    async def close(self) -> None:
        """Wait for what was handed in, then let go of the file."""
        await self._writer.close()

    def _row(self, key: Key, version: int, packed: bytes) -> Row:
        try:
            return Row(unpack(packed), version)
        except (msgspec.MsgspecError, TypeError, ValueError):
            msg = (
                f"state {self._path}: the row of workflow {key.workflow_id!r} in project {key.project!r} is damaged; "
                f"{wording.DAMAGED}"
            )
            raise StateError(msg) from None
