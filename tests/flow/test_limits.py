"""What the file allows is what happens: series, nodes, families, and the stale facts."""

import time
from pathlib import Path

from tests.flow.collector_process import collector, configuration, eventually, scrape
from tests.flow.service import Service, node, record


async def test_past_the_cap_new_workflows_show_only_that_they_are_there(tmp_path: Path):
    async with Service() as service:
        workflows = tuple(f"wf-{i}" for i in range(5))
        path = configuration(tmp_path, service.url, workflows)
        path.write_text(
            path.read_text("utf-8").replace("[[project]]", "[collector.series]\nmax = 40\n[[project]]"), "utf-8"
        )
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            page = await eventually(address, lambda page: page.total("aom_collector_workflow_up") == len(workflows))
            assert page.total("aom_workflow_info") == len(workflows)
            assert (
                1 <= sum(name == "aom_workflow_reopened_executions_total" for name, _ in page.samples) < len(workflows)
            )
            await eventually(address, lambda page: page.total("aom_collector_series_dropped_total", project="prod") > 0)


async def test_nodes_past_theirs_share_one_label_and_families_can_be_left_out(tmp_path: Path):
    async with Service() as service:
        now = time.time()
        nodes = [node(f"n{i}", "success", now, now + 1) for i in range(9)]
        service.answers["wf-1"] = [record("e1", "success", now, now + 2, nodes)]
        path = configuration(tmp_path, service.url, ("wf-1",), history="count")
        series = (
            '[collector.series]\nmax_nodes_per_workflow = 3\ndisable = ["aom_workflow_node_run_duration_seconds"]\n'
        )
        path.write_text(path.read_text("utf-8").replace("[[project]]", f"{series}[[project]]"), "utf-8")
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            page = await eventually(address, lambda page: page.total("aom_workflow_node_runs_total") == len(nodes))
            assert page.get("aom_workflow_node_runs_total", node="__other__", status="success") == 6
            assert "aom_workflow_node_run_duration_seconds" not in page.text


async def test_facts_about_now_vanish_when_the_service_is_silent_and_totals_stay(tmp_path: Path):
    async with Service() as service:
        now = time.time()
        active = record("e2", "executing", now)
        service.answers["wf-1"] = [record("e1", "fail", now - 9, now - 5), active]
        path = configuration(tmp_path, service.url, ("wf-1",), history="count")
        path.write_text(path.read_text("utf-8").replace("[[project]]", 'stale_after = "1s"\n[[project]]', 1), "utf-8")
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await eventually(address, lambda page: page.get("aom_workflow_executions_active", status="executing") == 1)
            service.answers["wf-1"] = b"<html>maintenance</html>"
            page = await eventually(address, lambda page: "aom_workflow_executions_active" not in page.text)
            assert page.get("aom_workflow_executions_total", status="fail") == 1
            assert page.get("aom_collector_workflow_up") == 0
            assert page.get("aom_collector_workflow_poll_failures_total", reason="answer") >= 1
            service.answers["wf-1"] = [active]
            await eventually(address, lambda page: page.get("aom_workflow_executions_active", status="executing") == 1)


async def test_an_unknown_family_is_refused_with_the_one_that_was_meant(tmp_path: Path):
    path = configuration(tmp_path, "http://127.0.0.1:9", ("wf-1",))
    series = '[collector.series]\ndisable = ["aom_workflow_node_infos"]\n'
    path.write_text(path.read_text("utf-8").replace("[[project]]", f"{series}[[project]]"), "utf-8")
    for command in ("check", "run"):
        async with collector(command, folder=tmp_path) as running:
            assert await running.process.wait() == 2
            await running.says("aom_workflow_node_info")


async def test_a_page_is_the_same_for_whoever_asks(tmp_path: Path):
    async with Service() as service:
        configuration(tmp_path, service.url, ("wf-1",))
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await eventually(address, lambda page: page.get("aom_collector_workflow_up") == 1)
            one, other = await scrape(address), await scrape(address)
            assert [key for key in one.samples if key[0].startswith("aom_workflow")] == [
                key for key in other.samples if key[0].startswith("aom_workflow")
            ]
