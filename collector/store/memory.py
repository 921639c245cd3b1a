"""State that is forgotten at exit."""

from collections.abc import Collection, Mapping

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

    async def load(self) -> dict[Key, Row]:
        """Every row there is."""
        return dict(self._rows)

    async def commit(self, key: Key, ledger: Ledger, *, version: int) -> Row:
        """Keep a ledger made from `version`; raises `Conflict` where the row has moved on."""
        known = self._rows.get(key)
        if (known.version if known else 0) != version:
            raise Conflict(moved_on(key))
        row = self._rows[key] = Row(ledger, version + 1)
        self._watched_at.setdefault(key, self._clock.now())
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
