"""Running things until they are done or somebody says stop."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from collector.aom import Heard
from collector.app import App
from collector.cli import terminal
from collector.cli.console import lively, progress
from collector.cli.notify import Notify, notifying
from collector.clock import Clock
from collector.config import Settings
from collector.errors import CollectorError, StateLocked
from collector.log import Lines
from collector.model import Fact
from collector.store import Memory, Store, open_store
from collector.web import Facts

T = TypeVar("T")
GLANCE = 0.2
"""Seconds between two glances at how far a round is."""
SWITCH = 0.0005
"""Seconds that a thread that computes keeps the loop waiting at most, each time the loop wakes up."""


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415  faster where it is there, never required
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _unless_interrupted(work: Coroutine[object, object, T]) -> T:
    """What a work brings that does not listen for signals itself; SIGINT and SIGTERM end it."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    # By the loop itself, so that it wakes for them whatever it waits for.
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        raise click.Abort from None


def turn(work: Coroutine[object, object, T]) -> T:
    """Run on an event loop of our own. Raises `click.Abort` where a signal ended it."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_unless_interrupted(work))


def keep_turns_short() -> None:
    """Let the loop wait neither long for threads that compute, nor for a search through all that stays in memory."""
    sys.setswitchinterval(SWITCH)
    gc.freeze()


def told_to_stop() -> asyncio.Event:
    """An event that the first SIGTERM or SIGINT sets; the second ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def told(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told, number)
    return stop


@asynccontextmanager
async def _reloading(app: App, lines: Lines) -> AsyncIterator[None]:
    """Let SIGHUP reload; signals that come while that is being done come to one more."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()

    async def reload() -> None:
        while True:
            await told.wait()
            told.clear()
            try:
                # Whoever stops meanwhile waits for its end: half a change would leave things open.
                await asyncio.shield(app.reload())
            except CollectorError:
                pass  # the log has it
            except Exception as error:  # noqa: BLE001  a fault of ours is said, and the next signal reloads again
                lines.bug(error)

    # Not by the loop itself, which would let it end the process once it closes.
    signal.signal(signal.SIGHUP, lambda *_: loop.call_soon_threadsafe(told.set))
    task = asyncio.create_task(reload())
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        task.cancel()


async def until_told(app: App, lines: Lines, notify: Notify) -> None:
    """Run a collector until told to stop."""
    stop = told_to_stop()
    try:
        notify.status("loading the state")
        async with _reloading(app, lines):
            await app.start()
            keep_turns_short()
            async with notifying(app, notify):
                lines.say("collector.started", listening=app.addresses)
                await stop.wait()
                lines.say("collector.stopping")
    finally:
        await app.stop()
    lines.say("collector.stopped")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one round brought: the exposition, how everything stands, and what went wrong."""

    page: bytes
    facts: Facts
    failures: list[str]


async def one_round(settings: Settings, lines: Lines, heard: Heard | None, *, commit: bool = False) -> Outcome:
    """Look at everything once; `heard` is shown every answer, and a terminal how far that is.

    Only with `commit` is what was found kept in the state. Raises `StateError` where that cannot be had.
    """
    clock = Clock()
    store, said = (None, None) if commit else await _copy_of_state(settings, clock)
    if said:
        terminal.tell(f"aom-collector: {said}", err=True)
    app = App(settings, clock=clock, lines=lines, store=store, heard=heard)
    telling = asyncio.create_task(_tell_how_far(app))
    try:
        return Outcome(await app.once(), app.facts(), app.failures)
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


async def _tell_how_far(app: App) -> None:
    """On a terminal, how many workflows were looked at; where it is none, nobody asks."""
    if not lively(sys.stderr):
        return
    with progress("looking", "workflows") as moved:
        while True:
            seen = [each.looked_at is not None for each in app.facts().summaries()]
            moved(sum(seen), len(seen))
            await asyncio.sleep(GLANCE)


async def _copy_of_state(settings: Settings, clock: Clock) -> tuple[Store, str | None]:
    """What the state holds, in memory; nothing is created or changed."""
    kind, _, path = settings.state.partition(":")
    if kind != "sqlite" or not await asyncio.to_thread(Path(path).exists):
        return Memory(), None

    def ignore(_: Fact) -> None:
        """Nobody listens to a store that is only read."""

    try:
        state = await open_store(settings.state, clock=clock, emit=ignore)
    except StateLocked as error:
        return Memory(), f"{error}; starting from nothing"
    try:
        return Memory(await state.load()), None
    finally:
        await state.close()
