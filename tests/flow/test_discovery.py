"""Workflows come and go with the service's list, and none of their endings is lost on the way."""

import time
from pathlib import Path

from tests.flow.collector_process import collector, configuration, eventually, scrape
from tests.flow.service import Service, node, record

TOTAL = "aom_workflow_executions_total"
DISCOVER = """
[project.discover]
include = ["prod .*"]
exclude = [".* draft"]
interval = "1s"
"""


def element(workflow: str, name: str, *nodes: str) -> dict:
    steps = [{"id": each, "name": each.title()} for each in nodes]
    return {"id": workflow, "name": name, "type": "cron", "nodes": steps}


async def test_a_new_workflow_appears_with_all_that_ended_since_the_list_lacked_it(tmp_path: Path):
    async with Service() as service:
        old = time.time() - 3600
        service.listed = [element("wf-1", "prod 夜间", "copy"), element("wf-2", "prod draft"), element("wf-3", "test")]
        service.answers["wf-1"] = [record("old", "fail", old, old + 1)]
        configuration(tmp_path, service.url, (), more=DISCOVER)
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            page = await eventually(
                address, lambda page: page.get("aom_collector_workflow_up", workflow_id="wf-1") == 1
            )
            assert page.total("aom_workflow_info") == 1
            assert page.total(TOTAL) == 0, "its past is not counted"
            await service.looks("list")
            now = time.time()
            service.answers["wf-4"] = [
                record("past", "fail", old, old + 1),
                record("new", "fail", now, now + 1, [node("check", "fail", now, now + 1)]),
            ]
            service.listed += [element("wf-4", "prod new", "check")]
            page = await eventually(address, lambda page: page.get(TOTAL, workflow_id="wf-4", status="fail") == 1)
            assert page.get("aom_workflow_node_runs_total", node="check", status="fail") == 1
            await eventually(address, lambda page: page.get("aom_collector_workflows") == 2)
            await running.says("workflows.came.*wf-4")


async def test_three_whole_lists_without_it_end_a_workflow_for_good_until_it_comes_back_with_its_totals(tmp_path: Path):
    async with Service() as service:
        service.listed = [element("wf-1", "prod 1"), element("wf-2", "prod 2")]
        path = configuration(tmp_path, service.url, ("wf-9",), more=DISCOVER)
        path.write_text(
            path.read_text("utf-8").replace("[collector]", '[collector]\nlog_workflows = ["wf-2"]', 1), "utf-8"
        )
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await eventually(address, lambda page: page.get("aom_collector_workflow_up", workflow_id="wf-2") == 1)
            now = time.time()
            service.answers["wf-2"] = [record("e1", "fail", now, now + 1)]
            await eventually(address, lambda page: page.get(TOTAL, workflow_id="wf-2", status="fail") == 1)
            both, service.listed = service.listed, []
            await service.looks("list", 5)
            service.listed = 403
            await service.looks("list", 4)
            assert (await scrape(address)).get("aom_collector_workflows") == 3, (
                "an empty or refused list removes nothing"
            )
            service.listed = both[:1]
            page = await eventually(address, lambda page: page.total("aom_workflow_info") == 2)
            assert page.total("aom_workflow_info", workflow_id="wf-2") == 0
            assert page.get("aom_workflow_info", workflow_id="wf-9") == 1, "what the file names stays"
            await running.says("workflows.went.*wf-2")
            await running.says("workflow.left.*wf-2")
            assert await running.stop() == 0
        service.listed = 403
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await running.says("list.failing")
            assert (await scrape(address)).total("aom_workflow_info") == 2, "what was gone stays so"
            service.answers["wf-2"] += [record("e2", "fail", now + 2, now + 3)]
            service.listed = both
            page = await eventually(
                address, lambda page: page.get("aom_collector_workflow_up", workflow_id="wf-2") == 1
            )
            assert page.get(TOTAL, workflow_id="wf-2", status="fail") == 1, (
                "its old total first, so that all see the new"
            )
            await eventually(address, lambda page: page.get(TOTAL, workflow_id="wf-2", status="fail") == 2)
            assert await running.stop() == 0


async def test_what_was_discovered_is_shown_at_the_start_though_the_list_is_down_and_nothing_is_lost(tmp_path: Path):
    async with Service() as service:
        service.listed = [element("wf-1", "prod 1", "copy"), element("wf-2", "prod 2")]
        configuration(tmp_path, service.url, (), more=DISCOVER)
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await eventually(address, lambda page: page.total("aom_collector_workflow_up") == 2)
            await service.looks("list")
            await running.kill()
        now = time.time()
        service.answers["wf-1"] = [record("e1", "fail", now, now + 1)]
        both, service.listed = [*service.listed, element("wf-3", "prod 3")], 500
        service.answers["wf-3"] = [record("born and failed while nobody watched", "fail", now, now + 1)]
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            page = await scrape(address)
            assert page.total("aom_workflow_info") == 2
            assert page.get("aom_workflow_node_info", node="copy", name="Copy") == 1
            await eventually(address, lambda page: page.get(TOTAL, workflow_id="wf-1", status="fail") == 1)
            service.listed = both
            await eventually(address, lambda page: page.get(TOTAL, workflow_id="wf-3", status="fail") == 1)


async def test_a_pattern_that_was_changed_while_it_was_down_holds_from_the_start(tmp_path: Path):
    async with Service() as service:
        service.listed = [element("wf-1", "prod 1"), element("wf-2", "prod 2")]
        configuration(tmp_path, service.url, (), more=DISCOVER)
        async with collector("run", folder=tmp_path) as running:
            await eventually(await running.address(), lambda page: page.total("aom_collector_workflow_up") == 2)
            assert await running.stop() == 0
        configuration(tmp_path, service.url, (), more=DISCOVER.replace("prod .*", "prod 2"))
        service.listed = 403
        async with collector("run", folder=tmp_path) as running:
            page = await scrape(await running.address())
            assert page.total("aom_workflow_info") == page.get("aom_workflow_info", workflow_id="wf-2") == 1
