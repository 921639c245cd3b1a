"""A scraper that reads the page all the time, across restarts, and keeps watch that nothing falls or vanishes."""

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import aiohttp

EVERY = 0.02
"""Seconds between the beginnings of two scrapes, where the page comes that fast."""
OURS = b"aom_workflow_"
LASTING = re.compile(rb"aom_workflow_[a-z_]+_(?:total|bucket|count|sum)\{")
LABELS = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(eq=False)
class Scraper:
    """What was seen so far. `floor`: the last value of every counter, bucket, count and sum of the workflows' families.

    `violations`: what fell or vanished between two successful scrapes. `scrapes`: how many succeeded. `up`: seconds
    between the first and the last of each life, all lives together; `slots`: scrapes but the first of each life.
    """

    floor: dict[bytes, float] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    scrapes: int = 0
    up: float = 0.0
    slots: int = 0
    _lines: frozenset[bytes] = frozenset()
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def rate(self) -> float:
        """Successful scrapes a second while there was somebody to scrape."""
        return self.slots / self.up if self.up else 0.0

    async def watch(self, address: str) -> None:
        """Scrape one life of the collector until it is cancelled."""
        last: float | None = None
        timeout = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(timeout=timeout, headers={"Accept-Encoding": "identity"}) as session:
            while True:
                began = time.monotonic()
                try:
                    async with session.get(f"{address}/metrics") as response:
                        page = await response.read() if response.status == 200 else None
                except (aiohttp.ClientError, TimeoutError):
                    page = None
                now = time.monotonic()
                if page is not None:
                    self.take(page)
                    if last is not None:
                        self.up, self.slots = self.up + now - last, self.slots + 1
                    last = now
                await asyncio.sleep(max(0.0, began + EVERY - now))

    def take(self, page: bytes) -> None:
        """Compare a page with the one before."""
        lines = frozenset(line for line in page.split(b"\n") if line.startswith(OURS))
        now = dict(self._lasting(lines - self._lines))
        for series, before in self._lasting(self._lines - lines):
            if series not in now:
                self.violations.append(f"vanished at scrape {self.scrapes}: {series.decode()}, which was {before:g}")
                del self.floor[series]
            elif now[series] < before:
                self.violations.append(
                    f"fell at scrape {self.scrapes}: {series.decode()} from {before:g} to {now[series]:g}"
                )
        self.floor |= now
        self._lines = lines
        self.scrapes += 1
        self._changed.set()

    @staticmethod
    def _lasting(lines: frozenset[bytes]) -> Iterator[tuple[bytes, float]]:
        for line in lines:
            series, _, value = line.rpartition(b" ")
            if LASTING.match(series):
                yield series, float(value)

    async def page(self) -> None:
        """Wait for the next page."""
        self._changed.clear()
        await self._changed.wait()

    def totals(self) -> dict[tuple[str, str | None, str], int]:
        """What the page counts: by workflow, node (None for executions) and status; zeros left out."""
        return self._numbers("aom_workflow_executions_total", "aom_workflow_node_runs_total")

    def observed(self) -> dict[tuple[str, str | None, str], int]:
        """How many durations of node runs the page holds, likewise."""
        return self._numbers("aom_workflow_node_run_duration_seconds_count")

    def _numbers(self, *families: str) -> dict[tuple[str, str | None, str], int]:
        found = {}
        for series, value in self.floor.items():
            name, _, rest = series.decode().partition("{")
            if name in families and value:
                labels = dict(LABELS.findall(rest))
                found[labels["workflow_id"], labels.get("node"), labels["status"]] = round(value)
        return found
