"""A server under test on a free port, and what it is handed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from collector.model import Format
from collector.web import Overview, Web


@dataclass
class Handed:
    """What the server is handed; tests change it while it serves."""

    body: bytes = b"a 1\n"
    token: object = "token"
    not_ready: str | None = None
    loaded: bool = True
    healthy: bool = True
    overview: Overview = field(default_factory=lambda: Overview(version="1.2.3", rows=()))
    carried: list[object] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    pieces: list[bytes] | None = None
    formats: list[Format] = field(default_factory=list)
    asked: int = 0
    changes: str | Exception | None = None
    reloads: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    on_carried: Callable[[], None] = lambda: None

    def metrics(self, form: Format) -> tuple[list[bytes], object]:
        self.asked += 1
        self.formats.append(form)
        self.news.set()
        return [self.body] if self.pieces is None else self.pieces, self.token

    async def was_asked(self, times: int) -> None:
        """Wait until the page was asked for so often."""
        async with asyncio.timeout(10):
            while self.asked < times:
                self.news.clear()
                await self.news.wait()

    async def reload(self) -> str | None:
        self.reloads += 1
        if isinstance(self.changes, Exception):
            raise self.changes
        return self.changes

    def carry(self, token: object) -> None:
        self.carried.append(token)
        self.on_carried()


@asynccontextmanager
async def serving(
    handed: Handed | None = None,
    *,
    listen: str = "127.0.0.1:0",
    patience: float = 30.0,
    config: Path | None = None,
) -> AsyncIterator[Web]:
    """A server that listens on loopback, closed at the end."""
    handed = handed or Handed()
    web = Web(
        metrics=handed.metrics,
        carried=handed.carry,
        healthy=lambda: handed.healthy,
        ready=lambda: handed.not_ready,
        loaded=lambda: handed.loaded,
        overview=lambda: handed.overview,
        reload=handed.reload,
        on_error=handed.errors.append,
        patience=patience,
    )
    try:
        await web.start(listen, config)
        yield web
    finally:
        await web.close()
