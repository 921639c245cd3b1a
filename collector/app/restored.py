"""What is restored at a start: totals, and the holds behind them."""

import asyncio
from collections.abc import Container, Mapping

from collector.clock import Clock
from collector.ledger import leave
from collector.model import Key
from collector.store import Row, Store

SOON = 1.0


class Restored:
    """After a start on existing state restored totals are shown for a while, and nothing that was found since.

    A series born meanwhile is not seen yet, so its hold lasts `first_zero` (seconds) from when they are gone.
    """

    def __init__(self, first_zero: float, clock: Clock) -> None:
        self.first_zero = first_zero
        self._clock = clock
        self._from = 0
        self._gone_at: float | None = None

    def shown(self, at: int) -> None:
        """They are shown from now on (ms)."""
        self._from = at

    def gone(self) -> None:
        """All that was found since then is shown as well."""
        if self._gone_at is None:
            self._gone_at = self._clock.monotonic()

    def release_at(self, due: int, now: float) -> float:
        """When a hold until `due` (ms) may end, on the monotonic clock; it may be asked again then."""
        if due < self._from + round(self.first_zero * 1000):
            return now  # born before the start
        return now + SOON if self._gone_at is None else self._gone_at + self.first_zero


async def dismiss(store: Store, rows: Mapping[Key, Row], *, kept: Container[Key]) -> None:
    """Note of all rows but those kept that their series are shown no more. Raises `StateError`."""
    left = {key: leave(row.ledger) for key, row in rows.items() if key not in kept}
    commits = (store.commit(key, step.ledger, version=rows[key].version) for key, step in left.items() if step.changed)
    await asyncio.gather(*commits)
