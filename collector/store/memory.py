"""State that is forgotten at exit."""

from collections.abc import Collection, Mapping, Sequence
from itertools import count, islice

from collector.clock import Clock
from collector.errors import Conflict, StateError
from collector.ledger import Ledger
from collector.model import Key
from collector.store.row import Row, moved_on


class Memory:
    """Rows in a dictionary, under the same compare-and-set as everywhere; may begin with rows read elsewhere."""

    def __init__(self, rows: Mapping[Key, Row] | None = None, *, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._rows = dict(rows or {})
        self._watched_at = dict.fromkeys(self._rows, self._clock.now())
        self._passes: dict[str, int] = {}
        self._outbox: dict[int, bytes] = {}
        self._numbers = count(1)

    async def load(self) -> dict[Key, Row]:
        """Every row there is."""
        return dict(self._rows)

    async def commit(self, key: Key, ledger: Ledger, *, version: int, lines: Sequence[bytes] = ()) -> Row:
        """Keep a ledger made from `version`, and lines with it; raises `Conflict` if the row moved on."""
        known = self._rows.get(key)
        if (known.version if known else 0) != version:
            raise Conflict(moved_on(key))
        row = self._rows[key] = Row(ledger, version + 1)
        self._watched_at.setdefault(key, self._clock.now())
        self._outbox.update(zip(self._numbers, lines, strict=False))
        return row

    async def fetch(self, key: Key) -> Row | None:
        """One row as it is now."""
        return self._rows.get(key)

    async def watched(self, keys: Collection[Key], now: int) -> None:
        """Note that these workflows are watched now (ms)."""
        self._watched_at.update((key, now) for key in keys if key in self._rows)

    async def sweep(self, keep: Collection[Key], before: int) -> int:
        """Delete rows outside `keep` that were last watched before `before` (ms); returns how many."""
        old = [key for key, at in self._watched_at.items() if at < before and key not in keep]
        for key in old:
            del self._rows[key], self._watched_at[key]
        return len(old)

    async def passes(self) -> dict[str, int]:
        """When the list of each project was last read whole (ms)."""
        return dict(self._passes)

    async def passed(self, project: str, at: int) -> None:
        """Note that a project's list was read whole at `at` (ms)."""
        self._passes[project] = at

    async def waiting(self, most: int) -> list[tuple[int, bytes]]:
        """The oldest lines of the outbox, at most so many, by their numbers."""
        return list(islice(self._outbox.items(), most))

    async def delivered(self, numbers: Collection[int]) -> None:
        """Take these lines out of the outbox."""
        for number in numbers:
            self._outbox.pop(number, None)

    async def trim(self, most: int) -> int:
        """Drop the oldest lines of the outbox until no more than so many are left; returns how many."""
        oldest = list(islice(self._outbox, max(0, len(self._outbox) - most)))
        await self.delivered(oldest)
        return len(oldest)

    async def backup(self) -> bytes:
        """There is nothing that would outlive a copy; raises `StateError`."""
        msg = "state memory: keeps nothing that could be copied"
        raise StateError(msg)

    def turning(self, now: float) -> bool:  # noqa: ARG002  every store is asked alike
        """Nothing here can get stuck."""
        return True

    async def close(self) -> None:
        """Forget."""
        self._rows.clear()
        self._watched_at.clear()
        self._passes.clear()
        self._outbox.clear()
