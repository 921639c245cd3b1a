"""Stop and start, kill and start, on the same state: counters go on and nothing counts twice."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.flow.collector_process import collector, configuration, eventually, scrape
from tests.flow.service import Service, node, record

RUNS = "aom_workflow_node_runs_total"
ENDED = "aom_workflow_executions_total"


@pytest.mark.parametrize(("way", "rounds"), [("stop", 2), ("kill", 3)])
async def test_a_restart_goes_on_counting_and_counts_nothing_twice(tmp_path: Path, way: str, rounds: int):
    async with Service() as service:
        configuration(tmp_path, service.url, ("wf-1",))
        service.answers["wf-1"] = []
        now = time.time()
        ended: list[dict] = []
        for round_ in range(rounds):
            async with collector("run", folder=tmp_path) as running:
                address = await running.address()
                await eventually(address, lambda page: page.get("aom_collector_workflow_up", workflow_id="wf-1") == 1)
                before = await scrape(address)
                assert before.total(ENDED, status="fail") == len(ended)
                at = now + 10 * round_ + 5
                nodes = [node("n", "fail", at, at + 1, run=f"r{round_}")]
                ended.append(record(f"e{round_}", "fail", at, at + 2, nodes))
                service.answers["wf-1"] = list(ended)
                await eventually(
                    address, lambda page: page.total(ENDED) == len(ended) and page.total(RUNS) == len(ended)
                )
                await service.looks("wf-1", 3)
                page = await scrape(address)
                assert (page.total(ENDED), page.total(RUNS, status="fail")) == (len(ended), len(ended))
                if way == "stop":
                    assert await running.stop() == 0
                else:
                    await running.kill()


async def test_what_was_found_while_nobody_watched_is_seen_as_an_increase(tmp_path: Path):
    async with Service() as service:
        configuration(tmp_path, service.url, ("wf-1",), first_zero="1m")
        now = time.time()
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await eventually(address, lambda page: page.get("aom_collector_workflow_up") == 1)
        service.answers["wf-1"] = [record("e1", "fail", now + 1, now + 2)]
        configuration(tmp_path, service.url, ("wf-1",), first_zero="1s")
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            first = await scrape(address)
            assert first.get(ENDED, status="fail") == 0, "the restored total is carried first"
            await eventually(address, lambda page: page.get(ENDED, status="fail") == 1)


async def test_a_new_name_goes_on_from_the_total_that_was_last_shown(tmp_path: Path):
    async with Service() as service:
        now = time.time()
        service.answers["wf-1"] = [record("e1", "fail", now - 9, now - 5)]
        configuration(tmp_path, service.url, ("wf-1",), history="count")
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await eventually(address, lambda page: page.get(ENDED, workflow="wf-1", status="fail") == 1)
            assert await running.stop() == 0
        service.answers["wf-1"] = [*service.answers["wf-1"], record("e2", "fail", now + 1, now + 2)]
        path = configuration(tmp_path, service.url, ("wf-1",), history="count", more='name = "夜间备份"\n')
        assert path.read_text("utf-8").endswith('name = "夜间备份"\n')
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            first = await scrape(address)
            assert first.get(ENDED, status="fail") == first.get(ENDED, workflow="夜间备份", status="fail") == 1
            await eventually(address, lambda page: page.get(ENDED, workflow="夜间备份", status="fail") == 2)


async def test_another_project_under_a_name_that_has_state_is_refused(tmp_path: Path):
    async with Service() as service:
        path = configuration(tmp_path, service.url, ("wf-1",))
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await eventually(address, lambda page: page.get("aom_collector_workflow_up") == 1)
            assert await running.stop() == 0
        path.write_text(path.read_text("utf-8").replace('"0123456789abcdef', '"f123456789abcdef'), "utf-8")
        async with collector("run", folder=tmp_path) as running:
            assert await running.process.wait() == 2
            await running.says(r"project\[0\]\.project_id: .*another name")


async def test_a_stop_in_the_middle_of_a_fetch_ends_within_five_seconds(tmp_path: Path):
    async with Service() as service:
        configuration(tmp_path, service.url, ("wf-1",))

        async def hang(_):
            await asyncio.sleep(3600)

        service.answers["wf-1"] = hang
        async with collector("run", folder=tmp_path) as running:
            await running.address()
            await service.looks("wf-1", 1)
            began = time.monotonic()
            assert await running.stop() == 0
            assert time.monotonic() - began < 5
            assert not [line for line in running.lines if "Traceback" in line]


async def test_no_request_but_the_allowed_one_is_ever_made(tmp_path: Path):
    async with Service() as service:
        configuration(tmp_path, service.url, ("wf-1", "wf-2"))
        async with collector("run", folder=tmp_path):
            await service.looks("wf-1", 2)
            await service.looks("wf-2", 1)
        assert service.posted == 0
