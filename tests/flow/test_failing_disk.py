"""A disk that fails or becomes read-only below a running collector: totals stand still, then they are exact."""

import asyncio
import errno
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from collector.clock import Clock
from collector.simulator import Simulator
from collector.simulator.life import Step
from collector.simulator.world import Flow, World
from collector.store import open_store
from tests.crash import disk_image
from tests.flow.collector_process import PROJECT, Page, Running, collector, configuration, eventually, scrape
from tests.store.disk import FAILED, faulty

UP = "aom_collector_workflow_up"
ENDED, RUNS = "aom_workflow_executions_total", "aom_workflow_node_runs_total"
COMMITS = "aom_collector_state_commits_total"
AUTH = 'username = "synthetic"\npassword = "synthetic"\ndomain = "synthetic"'
FEWER = """
# Pages are read many times.
[collector.series]
disable = [
    "aom_workflow_execution_duration_seconds", "aom_workflow_node_run_duration_seconds",
    "aom_workflow_node_runs_active", "aom_workflow_executions_active",
    "aom_workflow_node_last_run_status", "aom_workflow_node_last_end_timestamp_seconds",
    "aom_collector_state_commit_duration_seconds", "aom_collector_api_request_duration_seconds",
    "aom_collector_poll_duration_seconds", "aom_collector_poll_lateness_seconds",
    "aom_collector_detection_delay_seconds",
]
"""
NAMES = tuple(f"wf-{n}" for n in range(1, 5))
FAULTS = [(errno.EIO, "write", 0), (errno.EIO, "write", 3), (errno.EIO, "fsync", 0), (errno.EROFS, "all", 0)]
"""At a commit, in the middle of a group, at an fsync, and a disk that is read-only."""


class Synthetic:
    """A simulated service whose time moves only when it is told to."""

    def __init__(self) -> None:
        self.now = round(time.time() * 1000) - 60_000
        steps = tuple(Step(f"step-{n}", f"第 {n} 步", 0.1, 0.3) for n in range(1, 4))
        # None that would end more than once: its first ending would pass unseen.
        scripts = ("success", "fail", "cancel", "timeout")
        flows = {name: Flow(id=name, name=name, steps=steps, period=1.0, scripts=scripts) for name in NAMES}
        self.world = World(seed=1, start=self.now + 1, flows=flows)
        self.simulator = Simulator(self.world, clock=lambda: self.now, project_id=PROJECT)

    def pass_by(self, seconds: int) -> None:
        """Let executions run and end."""
        self.now += seconds * 1000

    def shown_by(self, page: Page) -> bool:
        """Whether a page has the truth, whole and exact."""
        return self.counted(page) == self.truth

    @property
    def truth(self) -> Counter[tuple[str, str | None, str]]:
        return Counter(
            {(name, *key): n for name in NAMES for key, n in self.world.truth(name, self.now).items() if n},
        )

    @staticmethod
    def counted(page: Page) -> Counter[tuple[str, str | None, str]]:
        """Every total above 0, by workflow, node and status."""
        labelled = [(name, dict(labels), value) for (name, labels), value in page.samples.items()]
        return Counter(
            {
                (labels["workflow_id"], labels.get("node"), labels["status"]): int(value)
                for name, labels, value in labelled
                if name in {ENDED, RUNS} and value
            }
        )

    async def looked_at(self, more: int = 2) -> None:
        """Wait until every workflow was asked for so often, whatever became of the answers."""
        wanted = self.simulator.requests.total() + more * len(NAMES)
        async with asyncio.timeout(60):
            while self.simulator.requests.total() < wanted:
                await asyncio.sleep(0.05)


@pytest.fixture
async def service() -> AsyncIterator[Synthetic]:
    synthetic = Synthetic()
    async with synthetic.simulator:
        yield synthetic


@asynccontextmanager
async def scraped(address: str) -> AsyncIterator[list[Page]]:
    """Scrapes all the while; no total may fall or vanish, and no scrape may fail."""
    pages = [await scrape(address)]

    async def scraping() -> None:
        while True:
            pages.append(await scrape(address))
            await asyncio.sleep(0.2)

    task = asyncio.create_task(scraping())
    try:
        yield pages
        assert not task.done(), task
    finally:
        task.cancel()
    for before, after in pairwise(pages):
        assert Synthetic.counted(before) <= Synthetic.counted(after)


async def it_fails(running: Running, address: str, service: Synthetic, pages: list[Page]) -> None:
    """Something ends, is asked for, cannot be kept, and is therefore not shown."""
    service.pass_by(5)
    said = await running.says("state.failing.*")
    assert FAILED in said[0]
    stands = service.counted(await scrape(address))
    await service.looked_at()
    seen = len(pages)
    async with asyncio.timeout(60):
        while len(pages) < seen + 2:
            await asyncio.sleep(0.05)
    assert service.counted(pages[-1]) == stands, "published means committed"
    assert stands < service.truth
    assert pages[-1].total(UP) < len(NAMES)


async def restarted(folder: Path, service: Synthetic, shown: Counter) -> None:
    """A collector that starts on this state shows no less than what was shown, and then the truth, and stays there."""
    async with collector("run", folder=folder) as running:
        address = await running.address()
        assert service.counted(await eventually(address, lambda page: ENDED in page.text)) >= shown
        await eventually(address, service.shown_by)
        await service.looked_at()
        assert service.shown_by(await scrape(address))
        assert await running.stop() == 0


async def test_whatever_call_fails_the_totals_are_exact_once_it_works_again(tmp_path: Path, service: Synthetic):
    disk = faulty(tmp_path)
    await (await open_store(f"sqlite:{disk.folder}/state.db", clock=Clock(), emit=lambda _: None)).close()
    shutil.copy(disk.folder / "state.db", disk.platter)
    path = configuration(disk.folder, service.simulator.url, NAMES, auth=AUTH, more=FEWER)
    shutil.copy(path, disk.platter)
    async with collector("run", folder=disk.folder, **disk.environment) as running:
        address = await running.address()
        await eventually(address, lambda page: page.total(UP) == len(NAMES))
        names = {each.name for each in disk.folder.iterdir()}
        async with scraped(address) as pages:
            for fault in FAULTS:
                running.lines.clear()
                disk.fail(*fault)
                await it_fails(running, address, service, pages)
                disk.mend()
                await eventually(address, service.shown_by)
                await running.says("state.recovered")
                assert not [line for line in running.lines if "collector.bug" in line or "Traceback" in line]
        page = await eventually(address, lambda page: page.total(UP) == len(NAMES))
        assert page.get(COMMITS, outcome="conflict") in {None, 0}
        assert {each.name for each in disk.folder.iterdir()} == names
        await running.kill()
    shown = service.counted(page)
    service.pass_by(5)
    await restarted(disk.folder, service, shown)
    # And as if the power had failed in the moment of the kill.
    await restarted(disk.platter, service, shown)


@pytest.mark.optional_part
async def test_a_file_system_that_becomes_read_only_is_said_and_after_a_repair_the_totals_are_exact(
    tmp_path: Path, service: Synthetic
):
    """Linux lets nobody make a disk writable again whose file system met an error: it is mounted anew."""
    image, folder = tmp_path / "image", tmp_path / "disk"
    with ExitStack() as stack:
        try:
            disk_image.make(image)
            stack.enter_context(disk_image.mounted(image, folder, "errors=remount-ro"))
        except disk_image.NoDiskError as error:
            pytest.skip(f"no disk that can be broken: {error}")
        path = configuration(tmp_path, service.simulator.url, NAMES, auth=AUTH, more=FEWER)
        path.write_text(path.read_text("utf-8").replace("sqlite:", "sqlite:disk/"), "utf-8")
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await eventually(address, lambda page: page.total(UP) == len(NAMES))
            service.pass_by(5)
            await eventually(address, service.shown_by)
            async with scraped(address) as pages:
                try:
                    disk_image.break_down(folder)
                except disk_image.NoDiskError as error:
                    pytest.skip(f"no disk that can be broken: {error}")
                await it_fails(running, address, service, pages)
            shown = service.counted(await scrape(address))
            await running.kill()
        async with collector("run", folder=tmp_path) as refused:
            assert await asyncio.wait_for(refused.process.wait(), 60) == 1
        assert len(refused.lines) == 1, refused.lines
        assert refused.lines[0] == f"aom-collector: state {folder}/state.db{FAILED}"
    with disk_image.mounted(image, folder):
        await restarted(tmp_path, service, shown)
