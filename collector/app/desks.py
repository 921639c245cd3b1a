"""All projects at work, and how another configuration changes that while they work."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain

from collector.app.desk import Desk
from collector.app.house import House
from collector.app.restored import dismiss
from collector.app.slot import Slot
from collector.app.terms import Budgets, budgets, refuse_other_projects, shown_alike
from collector.config import Settings
from collector.errors import StateError
from collector.failpoint import failpoint
from collector.model import Key
from collector.schedule import Ticker
from collector.store import Row


@dataclass(frozen=True, slots=True)
class Kept:
    """What the state holds: every row, and when each project's list was last read whole (ms)."""

    rows: Mapping[Key, Row]
    passes: Mapping[str, int]


class Desks:
    """The projects of a configuration."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._ticker: Ticker | None = None
        self._desks: list[Desk] = []
        self._budgets: Budgets | None = None

    @property
    def keys(self) -> list[Key]:
        """The workflows that are watched."""
        return list(chain.from_iterable(desk.keys for desk in self._desks))

    @property
    def failures(self) -> list[str]:
        """What went wrong at the workflows whose last look failed, each sentence once."""
        lasts = (slot.last for slot in self.slots if slot.last)
        return list(dict.fromkeys(last.says or "" for last in lasts if last.outcome == "failed"))

    @property
    def slots(self) -> Iterator[Slot]:
        """The turns of every workflow."""
        return chain.from_iterable(desk.slots.values() for desk in self._desks)

    async def kept(self, settings: Settings) -> Kept:
        """What the state holds for a configuration.

        Raises `StateError`, or `ConfigError` where the state is another project's.
        """
        rows, passes = await self._house.store.load(), await self._house.store.passes()
        refuse_other_projects(settings, rows)
        return Kept(rows, passes)

    async def open(self) -> None:
        """Watch every workflow from where the state has it. Raises `StateError` or `ConfigError`."""
        settings = self._house.settings
        kept = await self.kept(settings)
        failpoint("start-loaded")
        self._budgets = budgets(settings, self._house.clock)
        for project in settings.projects:
            desk = Desk(project, budget=self._budgets.of[project.name], house=self._house)
            desk.load(kept.rows, passed=kept.passes.get(project.name))
            self._desks.append(desk)
        await dismiss(self._house.store, kept.rows, kept=frozenset(self.keys))
        await asyncio.gather(*(desk.resume() for desk in self._desks))
        failpoint("start-resumed")
        for desk in self._desks:
            await desk.show()

    def begin(self, ticker: Ticker) -> None:
        """Start to look."""
        self._ticker = ticker
        for desk in self._desks:
            desk.begin(ticker)

    async def once(self) -> None:
        """Look at everything once, without a schedule."""
        await asyncio.gather(*(desk.once() for desk in self._desks))

    async def change(self, settings: Settings, kept: Kept) -> None:
        """Go by another configuration, without a fault: projects it leaves alone go on, all others begin anew.

        Whoever begins anew takes over its workflows with their ledgers and their next looks.
        """
        house = self._house
        shared = self._budgets = budgets(settings, house.clock, self._budgets)
        alike = shown_alike(house.settings, settings)
        self._house = replace(house, settings=settings)
        before, self._desks = {desk.project.name: desk for desk in self._desks}, []
        begun: list[Desk] = []
        for project in settings.projects:
            desk, budget = before.get(project.name), shared.of[project.name]
            if desk is None or not alike or not desk.works_for(project, budget):
                desk = Desk(project, budget=budget, house=self._house)
                begun.append(desk)
            self._desks.append(desk)
        ended = [desk for desk in before.values() if desk not in self._desks]
        failpoint("reload-before")
        await asyncio.gather(*(desk.rest() for desk in ended))
        failpoint("reload-rested")
        if not alike:
            house.exposition.configure(
                stale_after=settings.stale_after,
                first_zero=settings.first_zero,
                disable=settings.disable,
                max_series=settings.max_series,
            )
            house.restored.first_zero = settings.first_zero
        for desk in begun:
            name = desk.project.name
            desk.take_over(kept.rows, passed=kept.passes.get(name), before=before.get(name))
        await self._part(ended)
        for desk in begun:
            if self._ticker:
                desk.begin(self._ticker)
        failpoint("reload-after")
        await asyncio.gather(*(desk.close() for desk in ended))

    async def _part(self, ended: list[Desk]) -> None:
        """Show what is watched no more no longer, and note in its row that it is not."""
        watched, projects = set(self.keys), {desk.project.name for desk in self._desks}
        await asyncio.gather(*(desk.part(watched) for desk in ended))
        for desk in ended:
            if desk.project.name not in projects:
                self._house.own.forget(desk.project.name)

    def turning(self, now: float) -> bool:
        """Whether all schedules turn; `now` is on the monotonic clock."""
        return all(desk.turning(now) for desk in self._desks)

    def keep_house(self, now: float, wall: int) -> None:
        """Say of looks that could not be made in time that they were not; `now` is monotonic, `wall` in ms."""
        for desk in self._desks:
            desk.keep_house(now, wall)

    async def note(self) -> None:
        """Note what is watched, and delete the state of workflows that have not been for `retain_state`."""
        store, now, keys = self._house.store, self._house.clock.now(), self.keys
        with suppress(StateError):  # the store has reported it, and the next time will do
            await store.watched(keys, now)
            await store.sweep(keys, now - round(self._house.settings.retain_state * 1000))

    async def stop(self) -> None:
        """Take no more turns, and cancel what is being fetched."""
        await asyncio.gather(*(desk.stop() for desk in self._desks))

    async def settle(self) -> None:
        """Wait until everything handed to the store is committed and published, or refused."""
        await asyncio.gather(*(desk.settle() for desk in self._desks))

    async def close(self) -> None:
        """Close the connections to the service."""
        await asyncio.gather(*(desk.close() for desk in self._desks))
