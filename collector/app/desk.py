"""One project at work: whom it asks, what it watches, and when each workflow has its turn."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress

from collector.aom import Aom, Budget
from collector.app.discovery import Discovery
from collector.app.house import House
from collector.app.row import row
from collector.app.slot import LEAST_WAIT, NEVER, Slot
from collector.app.terms import rules_of
from collector.config import Project
from collector.errors import SourceError, StateError
from collector.ledger import Ledger
from collector.model import Definition, Key, Listed, Listing, Workflow
from collector.poll import Poll, Watched
from collector.schedule import Schedule, Ticker, first_look
from collector.store import Row
from collector.web import WorkflowRow

TICK = 0.1
NAMES_EVERY = 300.0
NAMES_FIRST = 5.0
"""Seconds that first looks wait for names, so that a workflow is shown under its own from the beginning."""


class Desk:
    """One project's workflows: those that the file names, and those that its list tells of."""

    def __init__(self, project: Project, *, budget: Budget, house: House) -> None:
        self.project = project
        self._house = house
        self._clock = house.clock
        self._source = Aom(project, budget=budget, clock=house.clock, emit=house.emit, heard=house.heard)
        self._poll = Poll(
            source=self._source,
            store=house.store,
            publish=house.exposition.publish,
            rules=rules_of(house.settings),
            clock=house.clock,
        )
        self._schedule = Schedule(
            concurrency=project.concurrency,
            clock=house.clock,
            work=self._work,
            on_error=lambda key, error: house.bug(error, key),
        )
        self._named = {workflow.key: workflow for workflow in project.workflows}
        self._discovery = Discovery(project.discover) if project.discover else None
        self._passed: int | None = None
        self._slots: dict[Key, Slot] = {}
        self._met: set[Key] = set()
        self._opening: asyncio.Task[None] | None = None

    # What is watched.

    def load(self, rows: Mapping[Key, Row], *, passed: int | None) -> None:
        """Take in what the file names and what was discovered before; `passed`: when the list was last read (ms)."""
        self._passed = passed
        for workflow in self._known(rows):
            fresh = Row(Ledger(project_id=workflow.project_id), 0)
            watched = Watched(workflow, rows.get(workflow.key, fresh))
            self._slots[workflow.key] = self._slot(watched, restored=workflow.key in rows)
        self._count()

    def _known(self, rows: Mapping[Key, Row]) -> Iterator[Workflow]:
        yield from self._named.values()
        discover = self.project.discover
        for key, known in rows.items() if discover else ():
            # What is not watched any more has no label.
            mine = key.project == self.project.name and key not in self._named and known.ledger.label
            if mine and discover and discover.wants(known.ledger.name, known.ledger.type):
                yield self.project.found(key.workflow_id)

    async def resume(self) -> None:
        """Fit every restored row to today's configuration. Raises `StateError`."""
        # All at once, so that what a new name or new buckets change goes to the store in few commits.
        await asyncio.gather(*(slot.poll.resume(slot.watched) for slot in self._slots.values()))

    async def show(self) -> None:
        """Put everything on the page."""
        for slot in self._slots.values():
            self._show(slot)
            await asyncio.sleep(0)  # whoever asks meanwhile whether we are ready gets an answer

    @property
    def keys(self) -> list[Key]:
        """The workflows that are watched."""
        return [key for key, slot in self._slots.items() if not slot.gone]

    @property
    def rows(self) -> list[WorkflowRow]:
        """What the status page tells of them."""
        return [row(slot.watched, slot.last) for slot in self._slots.values() if not slot.gone]

    @property
    def failures(self) -> list[str]:
        """What went wrong at those whose last look failed."""
        lasts = (slot.last for slot in self._slots.values())
        return [last.says or "" for last in lasts if last is not None and last.outcome == "failed"]

    def _slot(self, watched: Watched, *, restored: bool) -> Slot:
        patience = max(watched.workflow.interval, self.project.poll_deadline)
        return Slot(watched, self._poll, self._house, patience=patience, restored=restored)

    def _count(self) -> None:
        self._house.own.watching(self.project.name, len(self.keys))

    # When each has its turn.

    def begin(self, ticker: Ticker) -> None:
        """Start to look."""
        name, discover = self.project.name, self.project.discover
        ticker.every(TICK, f"look at {name}", self._schedule.tick)
        ticker.every(discover.interval if discover else NAMES_EVERY, f"list of {name}", self._learn)
        self._schedule.start()
        self._opening = asyncio.create_task(self._open())
        self._opening.add_done_callback(self._opened)

    async def _open(self) -> None:
        """Learn the names, and begin to look; first looks are spread over as long as the budget needs for them."""
        learning = asyncio.create_task(self._learn())
        try:
            await asyncio.wait({learning}, timeout=NAMES_FIRST)
            self._look_first([slot for slot in self._slots.values() if slot.look_at == NEVER])
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
        slot = self._slots[key]
        return await (self._leave(slot) if slot.gone else slot.turn(lateness))

    def keep_house(self, now: float, wall: int) -> None:
        """Say of looks that could not be made in time that they were not; `now` is monotonic, `wall` in ms."""
        for slot in self._slots.values():
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
        await asyncio.gather(*map(look, list(self._slots.values())))

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
                slot = self._slots.get(Key(self.project.name, definition.workflow_id))
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
        went = [slot for each in gone if (slot := self._slots[Key(self.project.name, each)]).key not in self._named]
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
            self._passed = at
        return tuple(each.workflow_id for each in new), tuple(slot.key.workflow_id for slot in went)

    async def _welcome(self, definition: Definition) -> Slot:
        """Begin to watch a workflow, from where the state has it. Raises `StateError`."""
        workflow = self.project.found(definition.workflow_id)
        slot = self._slots.get(workflow.key)
        if slot is None:
            fresh = Ledger(project_id=workflow.project_id, lacked=self._passed)
            known = await self._house.store.fetch(workflow.key)
            slot = self._slot(Watched(workflow, known or Row(fresh, 0)), restored=False)
            if known:
                await slot.poll.resume(slot.watched)
            slot.teach(definition)
            await slot.learn()
        slot.gone = False
        self._slots[slot.key] = slot
        self._show(slot)
        return slot

    def _show(self, slot: Slot) -> None:
        ledger = slot.watched.row.ledger
        self._house.exposition.watch(slot.watched.workflow, ledger, restored=slot.restored)
        if slot.key not in self._met:  # one that comes back was counted on before it went
            self._met.add(slot.key)
            self._house.own.restore(slot.key.project, ledger.rejected, ledger.invalid)

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
        del self._slots[slot.key]
        self._schedule.remove(slot.key)
        return NEVER

    def _soon(self, slot: Slot) -> None:
        now = self._clock.monotonic()
        if slot.look_at > now:  # else its turn has come anyway
            self._schedule.add(slot.key, now)

    # How it ends.

    async def stop(self) -> None:
        """Take no more turns, and cancel what is being fetched."""
        if self._opening:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        await self._schedule.stop()

    async def settle(self) -> None:
        """Wait until everything handed to the store is committed and published, or refused."""
        farewells = [slot.leave() for slot in self._slots.values() if slot.gone]
        await asyncio.gather(*farewells, return_exceptions=True)
        await self._poll.settle()

    async def close(self) -> None:
        """Close the connection to the service."""
        await self._source.close()
