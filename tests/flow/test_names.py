"""The workflow list teaches a running collector names and nodes."""

import asyncio
import time
from pathlib import Path

from tests.flow.collector_process import collector, configuration, eventually, scrape
from tests.flow.service import Service, node, record


def element(workflow: str, name: str, *nodes: str) -> dict:
    steps = [{"id": each, "name": each.title()} for each in nodes]
    return {"id": workflow, "name": name, "type": "cron", "nodes": steps}


async def test_names_types_and_nodes_are_shown_from_the_first_page_on(tmp_path: Path):
    async with Service() as service:
        service.listed = [element("wf-1", "夜间 backup", "copy", "check"), element("wf-9", "not watched")]
        configuration(tmp_path, service.url, ("wf-1",))
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            page = await eventually(address, lambda page: page.get("aom_collector_workflow_up") == 1)
            assert page.get("aom_workflow_info", workflow="夜间 backup", type="cron") == 1
            assert page.get("aom_workflow_node_info", node="copy", name="Copy") == 1
            assert page.get("aom_workflow_node_runs_total", node="check", status="fail") == 0
            assert page.total("aom_workflow_info") == 1
            listed = "aom_collector_discovery_last_success_timestamp_seconds"
            await eventually(address, lambda page: (page.get(listed, project="prod") or 0) > time.time() - 60)
            now = time.time()
            service.answers["wf-1"] = [record("e1", "fail", now, now + 1, [node("check", "fail", now, now + 1)])]
            await eventually(
                address, lambda page: page.get("aom_workflow_node_runs_total", node="check", status="fail") == 1
            )
        assert service.posted == 0


async def test_a_name_is_kept_while_the_list_is_refused_and_a_rename_after_a_restart_moves_the_totals(tmp_path: Path):
    async with Service() as service:
        service.listed = [element("wf-1", "Old", "copy")]
        now = time.time()
        service.answers["wf-1"] = [record("e1", "fail", now, now + 1)]
        configuration(tmp_path, service.url, ("wf-1",), history="count")
        total = "aom_workflow_executions_total"
        async with collector("run", folder=tmp_path) as running:
            await eventually(await running.address(), lambda page: page.get(total, workflow="Old", status="fail") == 1)
            assert await running.stop() == 0
        service.listed = 403
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            page = await eventually(address, lambda page: page.get("aom_collector_workflow_up") == 1)
            assert page.get(total, workflow="Old", status="fail") == 1, "a refused list makes no workflow down"
            await running.says("list.failing.*AOM.0403")
            assert page.get("aom_workflow_node_info", node="copy", name="Copy") == 1
            assert await running.stop() == 0
        service.listed = [element("wf-1", "New", "copy")]
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            page = await eventually(address, lambda page: page.get(total, workflow="New", status="fail") == 1)
            assert page.get(total, workflow="Old", status="fail") is None
            assert page.total(total, status="fail") == 1


async def test_a_name_in_the_file_outranks_the_list_s(tmp_path: Path):
    async with Service() as service:
        service.listed = [element("wf-1", "Theirs", "copy")]
        configuration(tmp_path, service.url, ("wf-1",), more='name = "Mine"\n')
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await eventually(address, lambda page: page.get("aom_workflow_node_info", workflow="Mine") == 1)
            assert (await scrape(address)).get("aom_workflow_info", workflow="Theirs") is None


async def test_a_list_that_hangs_delays_first_looks_by_seconds_and_says_of_no_workflow_that_it_is_down(tmp_path: Path):
    async with Service() as service:
        service.list_waits = asyncio.Event()
        service.listed = [element("wf-1", "Late", "copy")]
        configuration(tmp_path, service.url, ("wf-1",))
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            seen = set()

            def looked(page) -> bool:
                seen.add(page.get("aom_collector_workflow_up"))
                return page.get("aom_collector_workflow_up") == 1

            page = await eventually(address, looked)
            assert page.get("aom_workflow_info", workflow="wf-1") == 1
            assert seen == {None, 1.0}
            service.list_waits.set()
            await eventually(address, lambda page: page.get("aom_workflow_info", workflow="Late") == 1)
            assert await running.stop() == 0
