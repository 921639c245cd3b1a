"""The only place that reads a clock; everywhere else time is an argument."""

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """The machine's clocks. Tests hand in one of their own."""

    def now(self) -> int:
        """Wall clock in milliseconds since the epoch, UTC: for data and display, never for intervals."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never step back: for due times and durations."""
        return time.monotonic()
