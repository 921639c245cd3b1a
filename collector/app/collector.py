"""The composition root: build every room, wire them, run, and close them in reverse order.

Stop: ready says 503, no new looks, fetching is cancelled, commits are awaited and published, then web, sessions and
store.
"""

import asyncio
from collections.abc import Iterable
from itertools import chain

from collector import __version__
from collector.aom import Heard
from collector.app.desk import Desk
from collector.app.house import House
from collector.app.restored import Restored, dismiss
from collector.app.terms import budgets, check, refuse_other_projects
from collector.clock import Clock
from collector.config import Settings
from collector.errors import ConfigError, StateError
from collector.exposition import Exposition, Own
from collector.failpoint import failpoint
from collector.log import Lines
from collector.model import Fact, Format, Key, Polled, Reloaded, Scraped
from collector.schedule import Ticker
from collector.store import Store, open_store
from collector.web import Overview, Web

HOUSEKEEPING = 1.0
SWEEP = 6 * 3600.0


class App:
    """The whole collector. `lines` logs facts; a state that forgets may be handed in instead of the configured one.

    `heard` is shown every answer of the service's as it came.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        lines: Lines,
        store: Store | None = None,
        heard: Heard | None = None,
    ) -> None:
        check(settings)
        self._settings = settings
        self._clock = clock
        self._lines = lines
        self._store = store
        self._heard = heard
        self._own = Own(clock=clock)
        self._exposition = Exposition(
            stale_after=settings.stale_after,
            first_zero=settings.first_zero,
            disable=settings.disable,
            max_series=settings.max_series,
            own=self._own,
        )
        self._desks: list[Desk] = []
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
        await self._web.start(self._settings.listen, self._settings.web_config)
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
        await asyncio.gather(*(desk.stop() for desk in self._desks))
        failpoint("stop-cancelled")
        await asyncio.gather(*(desk.settle() for desk in self._desks))
        failpoint("stop-settled")
        if self._web:
            await self._web.close()
        await asyncio.gather(*(desk.close() for desk in self._desks))
        if self._store:
            await self._store.close()
        failpoint("stop-after")

    async def once(self) -> bytes:
        """Look at everything once, without schedule or web; the exposition then. Closes everything."""
        try:
            await self._load()
            await asyncio.gather(*(desk.once() for desk in self._desks))
            self._exposition.scraped(None)
            return self._exposition.page()
        finally:
            await self.stop()

    @property
    def failures(self) -> list[str]:
        """What went wrong at the workflows whose last look failed, each sentence once."""
        return list(dict.fromkeys(chain.from_iterable(desk.failures for desk in self._desks)))

    async def _load(self) -> None:
        """Open the state and watch every workflow from where it stood."""
        settings, now = self._settings, self._clock.now()
        if self._store is None:
            self._store = await open_store(settings.state, clock=self._clock, emit=self._emit)
        failpoint("start-opened")
        rows, passes = await self._store.load(), await self._store.passes()
        failpoint("start-loaded")
        refuse_other_projects(settings, rows)
        spending, house = budgets(settings, self._clock), self._house(self._store)
        self._desks = [Desk(project, budget=spending[project.name], house=house) for project in settings.projects]
        for desk in self._desks:
            desk.load(rows, passed=passes.get(desk.project.name))
        await dismiss(self._store, rows, kept=frozenset(self._keys()))
        await asyncio.gather(*(desk.resume() for desk in self._desks))
        failpoint("start-resumed")
        for desk in self._desks:
            await desk.show()
        self._exposition.started(now)
        self._restored.shown(now)
        await self._store.watched(self._keys(), now)

    def _house(self, store: Store) -> House:
        return House(
            settings=self._settings,
            clock=self._clock,
            store=store,
            exposition=self._exposition,
            own=self._own,
            restored=self._restored,
            emit=self._emit,
            bug=self._lines.bug,
            heard=self._heard,
        )

    def _begin(self) -> None:
        """Start the schedules."""
        for desk in self._desks:
            desk.begin(self._ticker)
        self._ticker.every(HOUSEKEEPING, "housekeeping", self._keep_house)
        self._ticker.every(HOUSEKEEPING, "web configuration", self._refresh_web)
        self._ticker.every(SWEEP, "letting go", self._let_go)
        self._ticker.start()

    def _keys(self) -> list[Key]:
        return list(chain.from_iterable(desk.keys for desk in self._desks))

    def _emit(self, fact: Fact) -> None:
        """The only listener: our own metrics, the log, and whether a workflow is up."""
        self._own.observe(fact)
        self._lines(fact)
        if isinstance(fact, Polled):
            self._exposition.polled(fact.key, ok=fact.outcome != "failed", at=fact.at, reason=fact.reason)

    def _bug(self, error: BaseException) -> None:
        self._lines.bug(error)

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
        return writing and all(desk.turning(now) for desk in self._desks)

    def _keep_house(self) -> None:
        """Withhold what is stale, and say of looks that could not be made in time that they were not."""
        now, wall = self._clock.monotonic(), self._clock.now()
        self._exposition.tick(wall)
        self._settled()
        for desk in self._desks:
            desk.keep_house(now, wall)

    async def _refresh_web(self) -> None:
        """Take what changed in the web configuration."""
        try:
            if self._web and await self._web.refresh():
                self._lines.say("web_config.loaded", listening=self.addresses)
        except ConfigError as error:
            self._lines.warn("web_config.refused", says=str(error))

    async def _let_go(self) -> None:
        """Note what is watched, and delete the state of workflows that have not been for `retain_state`."""
        if self._store is None:
            return
        now, keys = self._clock.now(), self._keys()
        try:
            await self._store.watched(keys, now)
            await self._store.sweep(keys, now - round(self._settings.retain_state * 1000))
        except StateError as error:
            self._bug(error)

    def _overview(self) -> Overview:
        return Overview(version=__version__, rows=tuple(chain.from_iterable(desk.rows for desk in self._desks)))
