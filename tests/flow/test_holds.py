"""How long a starting value is shown after a start on existing state, whoever scrapes."""

import time
from functools import partial
from pathlib import Path

from tests.flow.collector_process import Page, collector, configuration, eventually, scrape
from tests.flow.service import Service, node, record

RUNS = "aom_workflow_node_runs_total"
ENDED = "aom_workflow_executions_total"


def _failed_just_now() -> dict:
    """An execution that ends while it is watched, however long the start took."""
    now = time.time()
    return record("e1", "fail", now + 1, now + 2, [node("new", "fail", now + 1, now + 2)])


def _is(value: float, name: str, page: Page, **labels: str) -> bool:
    return page.get(name, **labels) == value


async def test_a_workflow_that_returns_is_held_at_its_last_total_whoever_scrapes(tmp_path: Path):
    async with Service() as service:
        now = time.time()
        service.answers["back"] = [record("e0", "fail", now - 9, now - 5)]
        for workflows in (("back", "other"), ("other",)):
            configuration(tmp_path, service.url, workflows, history="count", first_zero="0s")
            async with collector("run", folder=tmp_path) as running:
                up = "aom_collector_workflow_up"
                for each in workflows:
                    await eventually(await running.address(), partial(_is, 1, up, workflow_id=each))
                assert await running.stop() == 0
        service.answers["back"].append(_failed_just_now())
        configuration(tmp_path, service.url, ("back", "other"), history="count", first_zero="9s")
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await service.looks("back", 2)
            shown = [(await scrape(address)).get(ENDED, workflow_id="back", status="fail") for _ in range(3)]
            assert shown == [1, 1, 1]
            await eventually(address, lambda page: page.get(ENDED, workflow_id="back", status="fail") == 2)


async def test_what_is_born_behind_restored_totals_is_shown_at_its_start_as_long_as_anything_else(tmp_path: Path):
    async with Service() as service:
        now = time.time()
        service.answers["wf-1"] = [record("e0", "success", now - 9, now - 5)]
        configuration(tmp_path, service.url, ("wf-1",), first_zero="4s")
        async with collector("run", folder=tmp_path) as running:
            await eventually(await running.address(), lambda page: page.get("aom_collector_workflow_up") == 1)
            await running.kill()
        service.answers["wf-1"].append(_failed_just_now())
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await service.looks("wf-1", 5)
            await scrape(address)
            page = await eventually(address, lambda page: page.get(RUNS, node="new", status="fail") is not None)
            began = time.monotonic()
            assert page.get(RUNS, node="new", status="fail") == 0
            await eventually(address, lambda page: page.get(RUNS, node="new", status="fail") == 1)
            assert time.monotonic() - began > 3.5


async def test_a_kill_during_the_hold_does_not_end_it(tmp_path: Path):
    async with Service() as service:
        service.answers["wf-1"] = []
        configuration(tmp_path, service.url, ("wf-1",), first_zero="9s")
        async with collector("run", folder=tmp_path) as running:
            await eventually(await running.address(), lambda page: page.get("aom_collector_workflow_up") == 1)
            service.answers["wf-1"] = [_failed_just_now()]
            page = await eventually(await running.address(), partial(_is, 0, RUNS, node="new", status="fail"))
            assert page.get(ENDED, status="fail") == 0
            await running.kill()
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            for _ in range(2):
                page = await scrape(address)
                assert (page.get(RUNS, node="new", status="fail"), page.get(ENDED, status="fail")) == (0, 0)
            await eventually(address, partial(_is, 1, RUNS, node="new", status="fail"))
