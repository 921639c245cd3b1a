"""A wall clock that can be set to another time."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import apscheduler.schedulers.base
import pytest

from collector.clock import Clock


@dataclass(frozen=True, slots=True)
class Stepped(Clock):
    """The machine's clock, `offset[0]` seconds away."""

    offset: list[float] = field(default_factory=lambda: [0.0])

    def now(self) -> int:
        return time.time_ns() // 1_000_000 + round(self.offset[0] * 1000)


def stepped(monkeypatch: pytest.MonkeyPatch) -> Stepped:
    """Such a clock, by which apscheduler goes too."""
    clock = Stepped()

    class Shifted(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(seconds=clock.offset[0])

    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", Shifted)
    return clock
