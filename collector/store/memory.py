"""State that is forgotten at exit."""

from collections.abc import Collection, Mapping

from collector.errors import Conflict
from collector.ledger import Ledger
from collector.model import Key
from collector.store.row import Row


class Memory:
    """Rows in a dictionary, under the same compare-and-set as everywhere; may begin with rows read elsewhere."""

    def __init__(self, rows: Mapping[Key, Row] | None = None) -> None:
        self._rows = dict(rows or {})
        self._watched_at: dict[Key, int] = {}

    async def load(self) -> dict[Key, Row]:
        """Every row there is."""
        return dict(self._rows)

    async def commit(self, key: Key, ledger: Ledger, *, version: int) -> Row:
        """Keep a ledger made from `version`; raises `Conflict` where the row has moved on."""
        known = self._rows.get(key)
        if (known.version if known else 0) != version:
            msg = f"the state of workflow {key.workflow_id!r} in project {key.project!r} was changed by someone else"
            raise Conflict(msg)
        row = self._rows[key] = Row(ledger, version + 1)
        return row

    async def fetch(self, key: Key) -> Row | None:
        """One row as it is now."""
        return self._rows.get(key)

    async def watched(self, keys: Collection[Key], now: int) -> None:
        """Note that these workflows are watched now (ms)."""
        self._watched_at.update(dict.fromkeys(keys, now))

    async def sweep(self, keep: Collection[Key], before: int) -> int:
        """Delete rows outside `keep` that were last watched before `before` (ms); returns how many."""
        old = [key for key in self._rows if key not in keep and self._watched_at.get(key, 0) < before]
        for key in old:
            del self._rows[key]
        return len(old)

    async def close(self) -> None:
        """Forget."""
        self._rows.clear()
