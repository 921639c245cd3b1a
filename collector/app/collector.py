"""The composition root: build every room, wire them, run, and close them in reverse order.

Stop: ready says 503, no new looks, fetching is cancelled, commits are awaited and published; web, sessions, store.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import msgspec

from collector.aom import Heard
from collector.app.desks import Desks
from collector.app.difference import Difference, difference
from collector.app.facts import Teller
from collector.app.holdings import holdings
from collector.app.house import House
from collector.app.restored import Restored
from collector.app.terms import check
from collector.clock import Clock
from collector.config import STANDARD, Settings
from collector.errors import CollectorError, ConfigError, ListenError
from collector.events import EventLog
from collector.exposition import Exposition, Own
from collector.failpoint import failpoint
from collector.log import Lines
from collector.model import Fact, Format, Polled, Reloaded, Scraped
from collector.recent import Recent
from collector.schedule import Ticker
from collector.store import Store, open_store
from collector.web import Facts, Private, Web

HOUSEKEEPING = 1.0
SWEEP = 6 * 3600.0
PRIVATE = ".sock"
"""What is added to the state's path for the private socket beside it."""


class App:
    """The whole collector. `lines` logs facts; a state that forgets may be handed in instead of the configured one.

    `heard` is shown every answer of the service's as it came. A reload `read`s the configuration, within `reloading`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        lines: Lines,
        store: Store | None = None,
        heard: Heard | None = None,
        read: Callable[[], Settings] | None = None,
        reloading: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        check(settings)
        self._settings = settings
        self._clock = clock
        self._lines = lines
        lines.trace(settings.log_workflows)
        self._store = store
        self._heard = heard
        self._read = read or (lambda: settings)
        self._reloading = reloading
        self._own = Own(clock=clock)
        self._recent = Recent()
        self._teller = Teller(recent=self._recent, clock=clock)
        self._exposition = Exposition(
            stale_after=settings.stale_after,
            first_zero=settings.first_zero,
            disable=settings.disable,
            max_series=settings.max_series,
            own=self._own,
        )
        # A state that was handed in counts for nobody else.
        self._event_log = EventLog(settings.event_log if store is None else None, clock=clock, say=lines.say)
        self._desks: Desks | None = None
        self._ticker = Ticker(clock=clock, on_error=lines.bug)
        self._web: Web | None = None
        self._private: Private | None = None
        self._not_ready: str | None = "the state is not loaded yet"
        self._loaded = False
        self._stopping = False
        self._restored = Restored(settings.first_zero, clock)
        self._changing = asyncio.Lock()

    @property
    def addresses(self) -> list[str]:
        """Where it listens, as URLs."""
        return self._web.addresses if self._web else []

    @property
    def healthy(self) -> bool:
        """Whether the schedules and the state's writer turn."""
        now = self._clock.monotonic()
        writing = self._store is None or self._store.turning(now)
        return writing and (self._desks is None or self._desks.turning(now))

    async def start(self) -> None:
        """Listen, load the state, and begin to look. Raises `ListenError`, `StateError` or `ConfigError`."""
        async with self._changing:
            self._web = Web(
                metrics=self._page,
                carried=self._carried,
                healthy=lambda: self.healthy,
                ready=lambda: self._not_ready,
                loaded=lambda: self._loaded,
                facts=self.facts,
                reload=self._told_to_reload,
                on_error=self._lines.bug,
            )
            await self._web.start(self._settings.listen, self._settings.web_config)
            desks = await self._load()
            await self._open_private()
            desks.begin(self._ticker)
            self._begin()
            self._emit(Reloaded(at=self._clock.now(), ok=True))
            self._loaded, self._not_ready = True, None
            failpoint("start-ready")

    async def reload(self) -> Difference:
        """Read the configuration again and go by it; every ledger is kept.

        Raises `ConfigError`, or `StateError` where the state cannot be read; then nothing changed.
        """
        async with self._changing:
            with self._reloading():
                try:
                    changes = await self._change(await asyncio.to_thread(self._read))
                except CollectorError as error:
                    self._emit(Reloaded(at=self._clock.now(), ok=False, says=str(error)))
                    raise
                self._emit(Reloaded(at=self._clock.now(), ok=True, says=str(changes)))
                return changes

    async def _change(self, settings: Settings) -> Difference:
        await asyncio.to_thread(check, settings)
        changes = difference(self._settings, settings)
        if self._desks and not self._stopping:
            kept = await self._desks.kept(settings)
            if self._web:
                await self._web.configure(settings.web_config)
            await self._desks.change(settings, kept)
            await self._event_log.use(settings.event_log)
            self._lines.at_level(settings.log_level)
            self._lines.trace(settings.log_workflows)
            self._settings = settings
            self._forget()
        return changes

    async def stop(self) -> None:
        """Stop within seconds, losing nothing that was answered."""
        self._stopping, self._not_ready = True, "the collector is stopping"
        failpoint("stop-before")
        async with self._changing:
            await self._ticker.stop()
            if self._desks:
                await self._desks.stop()
                failpoint("stop-cancelled")
                await self._desks.settle()
            failpoint("stop-settled")
            for door in (self._web, self._private):
                if door:
                    await door.close()
            if self._desks:
                await self._desks.close()
            if self._store:
                await self._event_log.close()
                await self._store.close()
        failpoint("stop-after")

    async def once(self) -> bytes:
        """Look at everything once, without schedule or web; the exposition then. Closes everything."""
        try:
            desks = await self._load()
            if self._settings.event_log == STANDARD:  # the page goes there, and what ended waits for `run`
                self._event_log.outbox = None
            await desks.once()
            self._exposition.scraped(None)
            return self._exposition.page()
        finally:
            await self.stop()

    @property
    def failures(self) -> list[str]:
        """What went wrong at the workflows whose last look failed, each sentence once."""
        return self._desks.failures if self._desks else []

    async def _load(self) -> Desks:
        """Open the state and watch every workflow from where it stood."""
        now = self._clock.now()
        if self._store is None:
            self._store = await open_store(self._settings.state, clock=self._clock, emit=self._emit)
        self._event_log.outbox = self._store
        failpoint("start-opened")
        self._desks = Desks(self._house(self._store))
        await self._desks.open()
        self._exposition.started(now)
        self._restored.shown(now)
        await self._store.watched(self._desks.keys, now)
        return self._desks

    def _house(self, store: Store) -> House:
        return House(
            settings=self._settings,
            clock=self._clock,
            store=store,
            exposition=self._exposition,
            own=self._own,
            restored=self._restored,
            recount=self._event_log.lines,
            emit=self._emit,
            bug=self._lines.bug,
            heard=self._heard,
        )

    async def _open_private(self) -> None:
        """Answer who may read the state, on a socket beside it; without one the collector works as well."""
        kind, _, path = self._settings.state.partition(":")
        if kind == "sqlite" and self._store:
            store = self._store

            async def holds() -> bytes:
                return await asyncio.to_thread(lambda rows: msgspec.json.encode(holdings(rows)), await store.load())

            self._private = Private(healthy=lambda: self.healthy, holdings=holds, backup=store.backup)
            try:
                await self._private.start(Path(f"{path}{PRIVATE}"))
            except ListenError as error:
                self._lines.say("private_socket.absent", says=str(error))

    def _begin(self) -> None:
        """Start what is not any project's own."""
        self._ticker.every(HOUSEKEEPING, "housekeeping", self._keep_house)
        self._ticker.every(HOUSEKEEPING, "web configuration", self._refresh_web)
        self._ticker.every(SWEEP, "letting go", self._let_go)
        self._ticker.every(HOUSEKEEPING, "event log", self._event_log.deliver)
        self._ticker.start()

    def _emit(self, fact: Fact) -> None:
        """The only listener: our own metrics, the log, the page, and whether a workflow is up."""
        self._own.observe(fact)
        self._lines(fact)
        self._recent(fact)
        if isinstance(fact, Polled):
            self._exposition.polled(fact.key, ok=fact.outcome != "failed", at=fact.at, reason=fact.reason)

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

    def _keep_house(self) -> None:
        """Withhold what is stale, and say of looks that could not be made in time that they were not."""
        now, wall = self._clock.monotonic(), self._clock.now()
        self._exposition.tick(wall)
        self._settled()
        if self._desks:
            self._desks.keep_house(now, wall)

    async def _refresh_web(self) -> None:
        """Take what changed in the web configuration."""
        try:
            if not self._web or not await self._web.refresh():
                return
            ok, says = True, f"listening on {', '.join(self.addresses)}"
        except ConfigError as error:
            ok, says = False, str(error)
        self._emit(Reloaded(at=self._clock.now(), ok=ok, says=says, what="web_config"))

    async def _let_go(self) -> None:
        self._forget()
        if self._desks:
            await self._desks.note()

    def _forget(self) -> None:
        if self._desks:
            self._recent.only({*self._desks.keys}, {project.name for project in self._settings.projects})

    async def _told_to_reload(self) -> str | None:
        """Reload for somebody who asks over HTTP; what changed, None where that is not allowed."""
        return str(await self.reload()) if self._settings.lifecycle else None

    def facts(self) -> Facts:
        """How everything stands now."""
        return self._teller.facts(self._settings.projects, self._desks.slots if self._desks else ())
