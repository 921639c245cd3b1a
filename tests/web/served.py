"""A server under test on a free port, and what it is handed."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from collector.model import Format
from collector.web import Web
from collector.web.facts import Facts
from tests.web.synthetic import facts


@dataclass
class Handed:
    """What the server is handed; tests change it while it serves."""

    body: bytes = b"a 1\n"
    token: object = "token"
    not_ready: str | None = None
    loaded: bool = True
    healthy: bool = True
    facts: Facts = field(default_factory=facts)
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
    silence: float = 75.0,
    most: int | None = None,
) -> AsyncIterator[Web]:
    """A server that listens on loopback, closed at the end."""
    handed = handed or Handed()
    web = Web(
        metrics=handed.metrics,
        carried=handed.carry,
        healthy=lambda: handed.healthy,
        ready=lambda: handed.not_ready,
        loaded=lambda: handed.loaded,
        facts=lambda: handed.facts,
        reload=handed.reload,
        on_error=handed.errors.append,
        patience=patience,
        silence=silence,
        most=most,
    )
    try:
        await web.start(listen, config)
        yield web
    finally:
        await web.close()


@contextmanager
def served_apart(handed: Handed) -> Iterator[str]:
    """A server on a loop in a thread of its own, for clients that block; gives its address."""
    started, done, address = threading.Event(), asyncio.Event(), ""

    async def serve() -> None:
        nonlocal address
        async with serving(handed) as web:
            address = web.addresses[0]
            started.set()
            await done.wait()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(10)
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()
