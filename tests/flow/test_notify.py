"""What the service manager is told: ready when it is, alive while it turns, and stopping; by real datagrams."""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from collector.app import App
from collector.cli.notify import Notify, notifying
from collector.clock import Clock
from collector.config import load
from collector.log import setup
from tests.flow.collector_process import collector, configuration, eventually, fetch
from tests.flow.service import Service
from tests.flow.supervisor import Manager
from tests.flow.test_reload import posted

FAST = {"WATCHDOG_USEC": "400000"}


@dataclass
class StandIn:
    """As much of a collector as is asked how it is."""

    turning: bool
    asked: asyncio.Queue[bool] = field(default_factory=asyncio.Queue)
    addresses: tuple[str, ...] = ("http://[::1]:1", "http://127.0.0.1:1")

    @property
    def healthy(self) -> bool:
        self.asked.put_nowait(self.turning)
        return self.turning


class Moved:
    """The machine's clock, some seconds ahead."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> int:
        return Clock().now()

    def monotonic(self) -> float:
        return Clock().monotonic() + self.ahead


async def test_it_is_ready_when_it_says_so_alive_while_it_runs_and_stopping_when_told(tmp_path: Path):
    async with Manager(tmp_path / "n") as manager, Service() as service:
        configuration(tmp_path, service.url, ("wf-1",))
        async with collector("run", folder=tmp_path, NOTIFY_SOCKET=manager.address, **FAST) as running:
            ready = await manager.hears("READY")
            address = ready["STATUS"].removeprefix("listening on ")
            assert await fetch(f"{address}/-/ready") == "Ready.\n"
            assert await running.address() == address
            first = manager.count("WATCHDOG")
            began = asyncio.get_running_loop().time()
            await manager.hears("WATCHDOG", first + 5)
            assert asyncio.get_running_loop().time() - began > 0.5, "not as fast as it can, but twice an interval"
            assert manager.count("STOPPING") == 0
            assert await running.stop() == 0
            await manager.hears("STOPPING")
    told = [next(iter(each)) for each in manager.heard]
    assert told[:3] == ["STATUS", "READY", "WATCHDOG"]
    assert told[-1] == "STOPPING"
    assert manager.count("READY") == 1


async def test_what_cannot_start_is_never_ready(tmp_path: Path):
    """The state of another collector that runs: found out after the address was had."""
    async with Manager(tmp_path / "n") as manager, Service() as service:
        configuration(tmp_path, service.url, ("wf-1",))
        async with collector("run", folder=tmp_path) as first:
            await first.address()
            async with collector("run", folder=tmp_path, NOTIFY_SOCKET=manager.address, **FAST) as second:
                assert await asyncio.wait_for(second.process.wait(), 60) == 1
                await manager.hears("STATUS")
    assert manager.heard == [{"STATUS": "loading the state"}]


async def test_a_manager_that_is_gone_ends_nothing(tmp_path: Path):
    async with Manager(tmp_path / "n") as manager, Service() as service:
        configuration(tmp_path, service.url, ("wf-1",))
        async with collector("run", folder=tmp_path, NOTIFY_SOCKET=manager.address, **FAST) as running:
            await manager.hears("WATCHDOG", 2)
            manager.leave()
            await service.looks("wf-1", 3)
            await eventually(await running.address(), lambda page: page.get("aom_collector_workflow_up") == 1)
            assert await running.stop() == 0
        assert not [line for line in running.lines if "Traceback" in line]


async def test_what_does_not_turn_is_not_called_alive_until_it_turns_again(tmp_path: Path):
    async with Manager(tmp_path / "n") as manager:
        notify = Notify({"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "20000"}, clock=Clock())
        app = StandIn(turning=False)
        async with notifying(app, notify):
            for _ in range(4):
                assert await asyncio.wait_for(app.asked.get(), 10) is False
            notify.status("so far")
            await manager.hears("STATUS", 2)
            assert manager.count("WATCHDOG") == 0
            app.turning = True
            await manager.hears("WATCHDOG", 2)
        await manager.hears("STOPPING")
    assert manager.heard[0] == {"READY": "1", "STATUS": "listening on http://[::1]:1, http://127.0.0.1:1"}


async def test_a_collector_is_healthy_as_long_as_its_schedule_turns(tmp_path: Path):
    async with Service() as service:
        settings = load(configuration(tmp_path, service.url, ("wf-1",)), {})
        clock = Moved()
        app = App(settings, clock=clock, lines=setup("error", "logfmt", sys.stderr))
        try:
            await app.start()
            assert app.healthy
            clock.ahead = 60.0
            assert not app.healthy, "nothing has ticked for a minute"
            async with asyncio.timeout(10):
                while not app.healthy:
                    await service.looks("wf-1", 1)
        finally:
            await app.stop()


async def test_a_reload_is_told_with_its_time_and_ended_by_ready(tmp_path: Path):
    async with Manager(tmp_path / "n") as manager:
        clock = Clock()
        notify = Notify({"NOTIFY_SOCKET": manager.address}, clock=clock)
        before = clock.monotonic()
        with pytest.raises(ZeroDivisionError), notify.reloading(lambda: "two\nlines are\tone"):
            _ = 1 / 0
        await manager.hears("READY")
        after = clock.monotonic()
    begun, ended = manager.heard
    assert begun["RELOADING"] == "1"
    assert before - 1e-5 <= int(begun["MONOTONIC_USEC"]) / 1e6 <= after
    assert ended == {"READY": "1", "STATUS": "two lines are one"}


@pytest.mark.parametrize("way", ["SIGHUP", "POST"])
async def test_a_reload_is_told_whoever_asks_for_it_and_whether_or_not_the_file_is_good(tmp_path: Path, way: str):
    async with Manager(tmp_path / "n") as manager, Service() as service:
        path = configuration(tmp_path, service.url, ("wf-1",))
        args = ("run", "--web.enable-lifecycle")
        async with collector(*args, folder=tmp_path, NOTIFY_SOCKET=manager.address) as running:
            address = await running.address()
            await manager.hears("READY")
            for times, text in enumerate((path.read_text("utf-8"), "["), 1):
                path.write_text(text, "utf-8")
                if way == "POST":
                    await asyncio.to_thread(posted, address)
                else:
                    running.process.send_signal(signal.SIGHUP)
                await manager.hears("READY", times + 1)
                assert manager.count("RELOADING") == times
            assert await running.stop() == 0
            await manager.hears("STOPPING")
    told = [next(iter(each)) for each in manager.heard]
    assert told == ["STATUS", "READY", *["RELOADING", "READY"] * 2, "STOPPING"]
    assert {each["STATUS"] for each in manager.heard if "READY" in each} == {f"listening on {address}"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names outside the file system")
async def test_a_name_that_is_in_no_file_system_is_found(tmp_path: Path):
    async with Manager(f"@aom-collector{tmp_path}") as manager:
        Notify({"NOTIFY_SOCKET": manager.address}, clock=Clock()).stopping()
        assert "STOPPING" in await manager.hears("STOPPING")


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "/nowhere"}])
async def test_where_nobody_listens_nothing_is_said_and_nothing_fails(environ: dict[str, str]):
    notify = Notify(environ, clock=Clock())
    async with notifying(StandIn(turning=True), notify):
        with notify.reloading(lambda: "ready"):
            pass
        notify.status("x" * 200_000)
        notify.alive()


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_signs_of_life_come_twice_as_often_as_they_are_waited_for(environ: dict[str, str], seconds: float | None):
    assert Notify({"NOTIFY_SOCKET": "/n", **environ}, clock=Clock()).interval == seconds
    assert Notify(environ, clock=Clock()).interval is None
