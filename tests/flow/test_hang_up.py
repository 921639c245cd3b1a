"""SIGHUP ends nothing, from the first moment to the last, and whatever comes of a reload, the next one reloads."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from collector.cli.notify import Notify
from collector.cli.serve import until_told
from collector.clock import Clock
from tests.flow.collector_process import collector, configuration, started
from tests.flow.service import Service

# Hangs up while the process has yet to load what it consists of.
EARLY = """
import os, signal, sys

def hang_up(event, what):
    if event == "import" and what[0] in {"click", "aiohttp", "collector.app"}:
        os.kill(os.getpid(), signal.SIGHUP)

sys.addaudithook(hang_up)
"""


@pytest.mark.parametrize(
    "command", [(sys.executable, "-m", "collector"), (Path(sys.executable).parent / "aom-collector",)]
)
async def test_a_hang_up_before_anything_is_loaded_ends_nothing(tmp_path: Path, command: tuple[str | Path, ...]):
    (tmp_path / "early").mkdir()
    (tmp_path / "early" / "sitecustomize.py").write_text(EARLY, "utf-8")
    async with Service() as service:
        configuration(tmp_path, service.url, ("wf-1",))
        async with started(*command, "run", folder=tmp_path, PYTHONPATH=str(tmp_path / "early")) as running:
            await running.address()
            assert await running.stop() == 0


async def test_a_terminal_that_is_closed_ends_what_was_asked_for_there(tmp_path: Path):
    (tmp_path / "sitecustomize.py").write_text(EARLY, "utf-8")
    configuration(tmp_path, "http://127.0.0.1:9", ("wf-1",))
    command = (sys.executable, "-m", "collector", "check")
    async with started(*command, folder=tmp_path, PYTHONPATH=str(tmp_path)) as running:
        assert await asyncio.wait_for(running.process.wait(), 60) == -signal.SIGHUP


async def test_hang_ups_end_nothing_while_it_runs_and_while_it_stops(tmp_path: Path):
    async with Service() as service:
        configuration(tmp_path, service.url, ("wf-1",))
        async with collector("run", folder=tmp_path) as running:

            async def hang_up() -> None:
                # Not by the process' own method, which may take its exit status away from who waits for it.
                while running.process.returncode is None:
                    with suppress(ProcessLookupError):
                        os.kill(running.process.pid, signal.SIGHUP)
                    await asyncio.sleep(0.01)

            await running.says(r"(http://127)")
            task = asyncio.create_task(hang_up())
            await service.looks("wf-1", 2)
            assert await running.stop() == 0
            await task


class StandIn:
    """As much of a collector as is started, reloaded and stopped; its reloads end as they are told."""

    addresses = ("http://127.0.0.1:1",)
    healthy = True

    def __init__(self) -> None:
        self.begun: asyncio.Queue[asyncio.Future[None]] = asyncio.Queue()
        self.ended: list[str] = []
        self._end: asyncio.Future[None] | None = None

    async def start(self) -> None:
        """Nothing to be done."""

    async def reload(self) -> None:
        self._end = asyncio.get_running_loop().create_future()
        self.begun.put_nowait(self._end)
        try:
            await self._end
        except BaseException as error:
            self.ended.append(type(error).__name__)
            raise
        self.ended.append("whole")

    async def stop(self) -> None:
        """As the real one: a change that is being made comes to its end first."""
        if not self._end.done():
            self._end.set_result(None)
        await asyncio.sleep(0)


class Heard:
    """What was logged."""

    def __init__(self) -> None:
        self.bugs: list[str] = []

    def say(self, _: str, **__: object) -> None:
        """Nothing of it matters here."""

    def bug(self, error: BaseException) -> None:
        self.bugs.append(str(error))


@pytest.fixture
def hang_ups() -> Iterator[None]:
    """This process may be hung up as before when the test is over."""
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hang_ups")
async def test_after_an_error_nobody_expected_the_next_one_reloads_and_a_stop_waits_for_its_end():
    app, heard = StandIn(), Heard()
    running = asyncio.create_task(until_told(app, heard, Notify({}, clock=Clock())))
    await asyncio.sleep(0)
    for error in (RuntimeError("too many open files"), None):
        os.kill(os.getpid(), signal.SIGHUP)
        end = await asyncio.wait_for(app.begun.get(), 10)
        if error:
            end.set_exception(error)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(running, 20)
    assert heard.bugs == ["too many open files"]
    assert app.ended == ["RuntimeError", "whole"], "not broken off halfway"
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
