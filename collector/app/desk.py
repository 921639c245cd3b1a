"""One project at work: whom it asks, what it watches, and when each workflow has its turn."""

import asyncio
from collections.abc import Container, Mapping
from contextlib import suppress

from collector.aom import Aom, Budget
from collector.app.discovery import Discovery, known
from collector.app.house import House
from collector.app.slot import LEAST_WAIT, NEVER, Slot
from collector.app.terms import rules_of
from collector.config import Project
from collector.errors import SourceError, StateError
from collector.ledger import Ledger
from collector.model import Definition, Key, Listed, Listing
from collector.poll import Poll, Watched
from collector.schedule import Schedule, Ticker, first_look
from collector.store import Row

TICK = 0.1
NAMES_EVERY = 300.0
NAMES_FIRST = 5.0
"""Seconds that first looks wait for names, so that a workflow is shown under its own from the beginning."""


class Desk:
    """One project's workflows: those that the file names, and those that its list tells of.

    `slots`: the turns of each. `passed`: when the list was last read whole (ms).
    """

    def __init__(self, project: Project, *, budget: Budget, house: House) -> None:
        self.project = project
        self._budget = budget
        self._house = house
        self._clock = house.clock
        self._source = Aom(project, budget=budget, clock=house.clock, emit=house.emit, heard=house.heard)
        self._poll = Poll(
            source=self._source,
            store=house.store,
            publish=house.exposition.publish,
            recount=house.recount,
            rules=rules_of(house.settings),
            clock=house.clock,
            emit=house.emit,
        )
        self._schedule = Schedule(
            concurrency=project.concurrency,
            clock=house.clock,
            work=self._work,
            on_error=lambda key, error: house.bug(error, key),
        )
        self._named = {workflow.key: workflow for workflow in project.workflows}
        self._discovery = Discovery(project.discover) if project.discover else None
        self.passed: int | None = None
        self.slots: dict[Key, Slot] = {}
        self._opening: asyncio.Task[None] | None = None
        self._chores = (f"look at {project.name}", f"list of {project.name}")
        self._ticker: Ticker | None = None

    # What is watched.

    def load(self, rows: Mapping[Key, Row], *, passed: int | None) -> None:
        """Take in what the file names and what was discovered before; `passed`: when the list was last read (ms)."""
        self.passed = passed
        for watched in known(self.project, rows):
            key = watched.workflow.key
            self.slots[key] = self._slot(watched, restored=key in rows)
        self._count()

    def take_over(self, rows: Mapping[Key, Row], *, passed: int | None, before: "Desk | None") -> None:
        """Take in the same while the collector runs; each is fitted at its first turn, and shown as it was until then.

        `before`: who had the project until now, and rests; its rows and looks go on here.
        """
        had = {key: slot for key, slot in before.slots.items() if not slot.gone} if before else {}
        self.passed = before.passed if before else passed
        rows = {**rows, **{key: slot.watched.row for key, slot in had.items()}}
        for watched in known(self.project, rows):
            key = watched.workflow.key
            slot = self.slots[key] = self._slot(watched, restored=False)
            slot.unfit = True
            if key in had:
                slot.follow(had[key])
        self._count()

    async def resume(self) -> None:
        """Fit every restored row to today's configuration. Raises `StateError`."""
        # All at once, so that what a new name or new buckets change goes to the store in few commits.
        await asyncio.gather(*(slot.poll.resume(slot.watched) for slot in self.slots.values()))

    async def show(self) -> None:
        """Put everything on the page."""
        for slot in self.slots.values():
            slot.show()
            await asyncio.sleep(0)  # whoever asks meanwhile whether we are ready gets an answer

    @property
    def keys(self) -> list[Key]:
        """The workflows that are watched."""
        return [key for key, slot in self.slots.items() if not slot.gone]

    def _slot(self, watched: Watched, *, restored: bool) -> Slot:
        patience = max(watched.workflow.interval, self.project.poll_deadline)
        return Slot(watched, self._poll, self._house, patience=patience, restored=restored)

    def _count(self) -> None:
        self._house.own.watching(self.project.name, len(self.keys))

    # When each has its turn.

    def begin(self, ticker: Ticker) -> None:
        """Start to look."""
        self._ticker, discover = ticker, self.project.discover
        looking, listing = self._chores
        ticker.every(TICK, looking, self._schedule.tick)
        ticker.every(discover.interval if discover else NAMES_EVERY, listing, self._learn)
        self._schedule.start()
        for slot in self.slots.values():
            if slot.unfit:
                self._schedule.add(slot.key, self._clock.monotonic())
        self._opening = asyncio.create_task(self._open())
        self._opening.add_done_callback(self._opened)

    async def _open(self) -> None:
        """Learn the names, and begin to look; first looks are spread over as long as the budget needs for them."""
        learning = asyncio.create_task(self._learn())
        try:
            await asyncio.wait({learning}, timeout=NAMES_FIRST)
            self._look_first([slot for slot in self.slots.values() if slot.look_at == NEVER])
            await learning
        finally:
            learning.cancel()

    def _look_first(self, slots: list[Slot]) -> None:
        now, needs = self._clock.monotonic(), len(slots) / self.project.max_requests_per_second
        for slot in slots:
            slot.look_at = first_look(slot.key, now=now, spread=min(slot.watched.workflow.interval, needs))
            self._schedule.add(slot.key, slot.look_at)

    def _opened(self, opening: asyncio.Task[None]) -> None:
        error = None if opening.cancelled() else opening.exception()
        if error:
            self._house.bug(error, None)

    async def _work(self, key: Key, lateness: float) -> float:
        slot = self.slots[key]
        return await (self._leave(slot) if slot.gone else slot.turn(lateness))

    def keep_house(self, now: float, wall: int) -> None:
        """Say of looks that could not be made in time that they were not; `now` is monotonic, `wall` in ms."""
        for slot in self.slots.values():
            if not slot.gone:
                slot.keep_house(now, wall)

    def turning(self, now: float) -> bool:
        """Whether the schedule turns; `now` is on the monotonic clock."""
        return self._schedule.turning(now)

    async def once(self) -> None:
        """Look at everything once, without a schedule."""
        gate = asyncio.Semaphore(self.project.concurrency)

        async def look(slot: Slot) -> None:
            async with gate:
                with suppress(StateError):  # the store has reported it
                    await slot.learn()
                await slot.look()

        await self._learn()
        await asyncio.gather(*map(look, list(self.slots.values())))

    # What the list tells.

    async def _learn(self) -> None:
        """Ask for the list, and take in what is new: names, types and nodes, workflows that came and that went."""
        count, says = 0, None
        came: tuple[str, ...] = ()
        went: tuple[str, ...] = ()
        try:
            listing = await self._source.listed()
            count = len(listing.definitions)
            for definition in listing.definitions:
                slot = self.slots.get(Key(self.project.name, definition.workflow_id))
                if slot is not None and slot.teach(definition):
                    self._soon(slot)
            came, went = await self._discover(listing)
            if not listing.complete:
                says = f"project {self.project.name!r}: the workflow list was cut, or moved while it was read"
        except (SourceError, StateError) as error:
            says = str(error)
        at = self._clock.now()
        ok = says is None
        fact = Listed(project=self.project.name, at=at, ok=ok, workflows=count, came=came, went=went, says=says)
        self._house.emit(fact)

    async def _discover(self, listing: Listing) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Watch what has come, and let go of what is gone; their ids. Raises `StateError`."""
        if self._discovery is None:
            return (), ()
        watched = {key.workflow_id for key in self.keys}
        new, gone = self._discovery.read(listing, watched)
        welcomed = await asyncio.gather(*map(self._welcome, new), return_exceptions=True)
        self._look_first([slot for slot in welcomed if isinstance(slot, Slot) and slot.look_at == NEVER])
        went = [slot for each in gone if (slot := self.slots[Key(self.project.name, each)]).key not in self._named]
        for slot in went:
            self._drop(slot)
        self._count()
        for failed in welcomed:
            if isinstance(failed, BaseException):
                raise failed
        if listing.complete:
            at = self._clock.now() if listing.date is None else listing.date
            # After what came is in the state: what a pass lacked, and is found by the next one, began in between.
            await self._house.store.passed(self.project.name, at)
            self.passed = at
        return tuple(each.workflow_id for each in new), tuple(slot.key.workflow_id for slot in went)

    async def _welcome(self, definition: Definition) -> Slot:
        """Begin to watch a workflow, from where the state has it. Raises `StateError`."""
        workflow = self.project.found(definition.workflow_id)
        slot = self.slots.get(workflow.key)
        if slot is None:
            fresh = Ledger(project_id=workflow.project_id, lacked=self.passed)
            known = await self._house.store.fetch(workflow.key)
            slot = self._slot(Watched(workflow, known or Row(fresh, 0)), restored=False)
            if known:
                await slot.poll.resume(slot.watched)
            slot.teach(definition)
            await slot.learn()
        slot.gone = False
        self.slots[slot.key] = slot
        slot.show()
        return slot

    def _drop(self, slot: Slot) -> None:
        """Show a workflow no more; what is under way for it ends before its row is left."""
        slot.gone = True
        self._house.exposition.forget(slot.key)
        self._schedule.add(slot.key, self._clock.monotonic())

    async def _leave(self, slot: Slot) -> float:
        now = self._clock.monotonic()
        try:
            if not await slot.leave():
                return now
        except StateError:
            return now + LEAST_WAIT  # the store has reported it
        del self.slots[slot.key]
        slot.turned(None)
        self._schedule.remove(slot.key)
        return NEVER

    def _soon(self, slot: Slot) -> None:
        now = self._clock.monotonic()
        if slot.look_at > now:  # else its turn has come anyway
            self._schedule.add(slot.key, now)

    # How it ends.

    def works_for(self, project: Project, budget: Budget) -> bool:
        """Whether this is what a project needs."""
        return self.project == project and self._budget is budget

    async def rest(self) -> None:
        """Look no more, and leave every row as it is kept, for whoever comes after."""
        if self._ticker:
            for chore in self._chores:
                self._ticker.never(chore)
        await self.stop()
        await self.settle()

    async def part(self, watched: Container[Key]) -> None:
        """Show what is not watched by anybody any more no longer, and note in its row that it is not."""
        left = [slot for key, slot in self.slots.items() if key not in watched]
        for slot in left:
            slot.gone = True
            self._house.exposition.forget(slot.key)
        # What the store refuses is noted at the next start.
        await asyncio.gather(*(slot.leave() for slot in left), return_exceptions=True)
        for slot in left:
            slot.turned(None)

    async def stop(self) -> None:
        """Take no more turns, and cancel what is being fetched."""
        if self._opening:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        await self._schedule.stop()

    async def settle(self) -> None:
        """Wait until everything handed to the store is committed and published, or refused."""
        farewells = [slot.leave() for slot in self.slots.values() if slot.gone]
        await asyncio.gather(*farewells, return_exceptions=True)
        await self._poll.settle()

    async def close(self) -> None:
        """Close the connection to the service."""
        await self._source.close()
