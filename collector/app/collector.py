"""The composition root: build every room, wire them, run, and close them in reverse order.

Stop: ready says 503, no new looks, fetching is cancelled, commits are awaited and published, then web, sessions and
store.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from collector import __version__
from collector.aom import Aom
from collector.app.names import Names
from collector.app.restored import Restored, dismiss
from collector.app.row import row
from collector.app.slot import Slot
from collector.app.terms import budgets, check, refuse_other_projects, rules_of
from collector.clock import Clock
from collector.config import Project, Settings
from collector.errors import StateError
from collector.exposition import Exposition, Own
from collector.failpoint import failpoint
from collector.ledger import Ledger
from collector.log import Lines
from collector.model import Fact, Format, Key, Polled, Reloaded, Scraped
from collector.poll import Poll, Watched
from collector.schedule import Schedule, Ticker, first_look, next_look
from collector.store import Row, Store, open_store
from collector.web import Overview, Web

TICK = 0.1
HOUSEKEEPING = 1.0
SWEEP = 6 * 3600.0
LEAST_WAIT = 1.0
NAMES_EVERY = 300.0
NAMES_FIRST = 5.0
"""Seconds that first looks wait for names, so that a workflow is shown under its own from the beginning."""


class App:
    """The whole collector. `lines` logs facts; a state that forgets may be handed in instead of the configured one."""

    def __init__(self, settings: Settings, *, clock: Clock, lines: Lines, store: Store | None = None) -> None:
        check(settings)
        self._settings = settings
        self._clock = clock
        self._lines = lines
        self._store = store
        self._own = Own(clock=clock)
        self._exposition = Exposition(
            stale_after=settings.stale_after,
            first_zero=settings.first_zero,
            disable=settings.disable,
            max_series=settings.max_series,
            own=self._own,
        )
        self._sources: list[Aom] = []
        self._polls: list[Poll] = []
        self._names: dict[str, Names] = {}
        self._openings: list[asyncio.Task[None]] = []
        self._slots: dict[Key, Slot] = {}
        self._last: dict[Key, Polled] = {}
        self._schedules: list[Schedule] = []
        self._ticker = Ticker(clock=clock, on_error=self._bug)
        self._web: Web | None = None
        self._not_ready: str | None = "the state is not loaded yet"
        self._loaded = False
        self._restored = Restored(settings.first_zero, clock)

    @property
    def addresses(self) -> list[str]:
        """Where it listens, as URLs."""
        return self._web.addresses if self._web else []

    async def start(self) -> None:
        """Listen, load the state, and begin to look. Raises `ListenError`, `StateError` or `ConfigError`."""
        self._web = Web(
            metrics=self._page,
            carried=self._carried,
            healthy=self._healthy,
            ready=lambda: self._not_ready,
            loaded=lambda: self._loaded,
            overview=self._overview,
            on_error=self._bug,
        )
        await self._web.start(self._settings.listen)
        await self._load()
        self._begin()
        self._emit(Reloaded(at=self._clock.now(), ok=True))
        self._loaded, self._not_ready = True, None
        failpoint("start-ready")

    async def stop(self) -> None:
        """Stop within seconds, losing nothing that was answered."""
        self._not_ready = "the collector is stopping"
        failpoint("stop-before")
        await self._ticker.stop()
        for opening in self._openings:
            opening.cancel()
        await asyncio.gather(*self._openings, return_exceptions=True)
        await asyncio.gather(*(schedule.stop() for schedule in self._schedules))
        failpoint("stop-cancelled")
        await asyncio.gather(*(poll.settle() for poll in self._polls))
        failpoint("stop-settled")
        if self._web:
            await self._web.close()
        await asyncio.gather(*(source.close() for source in self._sources))
        if self._store:
            await self._store.close()
        failpoint("stop-after")

    async def once(self) -> bytes:
        """Look at everything once, without schedule or web; the exposition then. Closes everything."""
        try:
            await self._load()
            await asyncio.gather(*(self._once(project) for project in self._settings.projects))
            self._exposition.scraped(None)
            return self._exposition.page()
        finally:
            await self.stop()

    @property
    def failures(self) -> list[str]:
        """What went wrong at the workflows whose last look failed, each sentence once."""
        return list(dict.fromkeys(polled.says or "" for polled in self._last.values() if polled.outcome == "failed"))

    async def _once(self, project: Project) -> None:
        gate = asyncio.Semaphore(project.concurrency)

        async def look(slot: Slot) -> None:
            async with gate:
                with suppress(StateError):  # the store has reported it
                    await slot.learn()
                self._emit(await slot.poll.look(slot.watched))

        await self._names[project.name].learn()
        mine = (slot for key, slot in self._slots.items() if key.project == project.name)
        await asyncio.gather(*map(look, mine))

    async def _load(self) -> None:
        """Open the state and watch every configured workflow from where it stood."""
        settings, now = self._settings, self._clock.now()
        if self._store is None:
            self._store = await open_store(settings.state, clock=self._clock, emit=self._emit)
        failpoint("start-opened")
        rows = await self._store.load()
        failpoint("start-loaded")
        refuse_other_projects(settings, rows)
        spending = budgets(settings, self._clock)
        for project in settings.projects:
            source = Aom(project, budget=spending[project.name], clock=self._clock, emit=self._emit)
            self._names[project.name] = Names(
                project.name, source=source, slots=self._slots, clock=self._clock, emit=self._emit
            )
            rules, publish = rules_of(settings), self._exposition.publish
            poll = Poll(source=source, store=self._store, publish=publish, rules=rules, clock=self._clock)
            self._sources.append(source)
            self._polls.append(poll)
            self._own.watching(project.name, len(project.workflows))
            for workflow in project.workflows:
                fresh = Row(Ledger(project_id=project.project_id), 0)
                watched = Watched(workflow, rows.get(workflow.key, fresh))
                patience, restored = max(workflow.interval, project.poll_deadline), workflow.key in rows
                self._slots[workflow.key] = Slot(watched, poll, patience=patience, restored=restored)
        await dismiss(self._store, rows, kept=self._slots.keys())
        # All at once, so that what a new name or new buckets change goes to the store in few commits.
        await asyncio.gather(*(slot.poll.resume(slot.watched) for slot in self._slots.values()))
        failpoint("start-resumed")
        for key, slot in self._slots.items():
            ledger = slot.watched.row.ledger
            self._exposition.watch(slot.watched.workflow, ledger, restored=slot.restored)
            self._own.restore(key.project, ledger.rejected, ledger.invalid)
            await asyncio.sleep(0)  # whoever asks meanwhile whether we are ready gets an answer
        self._exposition.started(now)
        self._restored.shown(now)
        await self._store.watched(self._slots.keys(), now)

    def _begin(self) -> None:
        """Start the schedules."""
        for project in self._settings.projects:
            schedule = Schedule(
                concurrency=project.concurrency, clock=self._clock, work=self._work, on_error=self._bug_in_look
            )
            self._ticker.every(TICK, f"look at {project.name}", schedule.tick)
            self._ticker.every(NAMES_EVERY, f"names of {project.name}", partial(self._learn, project, schedule))
            self._schedules.append(schedule)
            schedule.start()
            opening = asyncio.create_task(self._open(project, schedule))
            opening.add_done_callback(self._opened)
            self._openings.append(opening)
        self._ticker.every(HOUSEKEEPING, "housekeeping", self._keep_house)
        self._ticker.every(SWEEP, "letting go", self._let_go)
        self._ticker.start()

    async def _open(self, project: Project, schedule: Schedule) -> None:
        """Learn the names, and begin to look; first looks are spread over as long as the budget needs for them."""
        learning = asyncio.create_task(self._learn(project, schedule))
        try:
            await asyncio.wait({learning}, timeout=NAMES_FIRST)
            now, needs = self._clock.monotonic(), len(project.workflows) / project.max_requests_per_second
            for workflow in project.workflows:
                slot = self._slots[workflow.key]
                slot.look_at = first_look(workflow.key, now=now, spread=min(workflow.interval, needs))
                schedule.add(workflow.key, slot.look_at)
            await learning
        finally:
            learning.cancel()

    async def _learn(self, project: Project, schedule: Schedule) -> None:
        for key in await self._names[project.name].learn():
            now = self._clock.monotonic()
            if self._slots[key].look_at > now:  # else its turn has come anyway
                schedule.add(key, now)

    def _opened(self, opening: asyncio.Task[None]) -> None:
        error = None if opening.cancelled() else opening.exception()
        if error:
            self._bug(error)

    async def _work(self, key: Key, lateness: float) -> float:
        """Give one workflow the turns that are due: the release of what was held, and a look."""
        slot, now = self._slots[key], self._clock.monotonic()
        with suppress(StateError):  # the store has reported it, and the lesson waits for the next turn
            await slot.learn()
        if slot.release and now >= slot.release[1]:
            await self._release(slot, slot.release[0], now)
        if now >= slot.look_at:
            self._emit(await slot.poll.look(slot.watched, lateness))
            slot.overdue = False
            slot.look_at = next_look(slot.look_at, slot.watched.workflow.interval, self._clock.monotonic())
        return slot.plan(now=self._clock.monotonic(), wall=self._clock.now(), first_zero=self._settings.first_zero)

    async def _release(self, slot: Slot, due: int, now: float) -> None:
        at = self._restored.release_at(due, now) if slot.restored else now
        try:
            if at <= now:
                await slot.poll.release(slot.watched, due)
        except StateError:
            at = now + LEAST_WAIT  # the store has reported it; the hold just lasts a little longer
        slot.release = due, at

    def _emit(self, fact: Fact) -> None:
        """The only listener: our own metrics, the log, and whether a workflow is up."""
        self._own.observe(fact)
        self._lines(fact)
        if isinstance(fact, Polled):
            self._last[fact.key] = fact
            self._exposition.polled(fact.key, ok=fact.outcome != "failed", at=fact.at, reason=fact.reason)

    def _bug(self, error: BaseException) -> None:
        self._lines.bug(error)

    def _bug_in_look(self, key: Key, error: BaseException) -> None:
        self._lines.bug(error, key)

    def _page(self, form: Format) -> tuple[Iterable[bytes], object]:
        return self._exposition.pieces(form), self._exposition.edition

    def _carried(self, token: object) -> None:
        self._exposition.scraped(token)
        self._settled()
        self._emit(Scraped())

    def _settled(self) -> None:
        """Note that no restored totals stand alone any more."""
        if not self._exposition.waits:
            self._restored.gone()

    def _healthy(self) -> bool:
        now = self._clock.monotonic()
        writing = self._store is None or self._store.turning(now)
        return writing and all(schedule.turning(now) for schedule in self._schedules)

    def _keep_house(self) -> None:
        """Withhold what is stale, and say of looks that could not be made in time that they were not."""
        now, wall = self._clock.monotonic(), self._clock.now()
        self._exposition.tick(wall)
        self._settled()
        for key, slot in self._slots.items():
            if not slot.overdue and now - slot.look_at > slot.patience:
                slot.overdue = True
                self._exposition.polled(key, ok=False, at=wall, reason=None)

    async def _let_go(self) -> None:
        """Note what is watched, and delete the state of workflows that have not been for `retain_state`."""
        if self._store is None:
            return
        now = self._clock.now()
        try:
            await self._store.watched(self._slots.keys(), now)
            await self._store.sweep(self._slots.keys(), now - round(self._settings.retain_state * 1000))
        except StateError as error:
            self._bug(error)

    def _overview(self) -> Overview:
        rows = tuple(row(slot.watched, self._last.get(key)) for key, slot in self._slots.items())
        return Overview(version=__version__, rows=rows)
