"""A real Prometheus scrapes the running collector; promtool and the client library's parser read its page."""

import subprocess
import time
from pathlib import Path

from tests.flow.collector_process import collector, configuration, eventually
from tests.flow.prometheus_server import PROMTOOL, holds, needs_prometheus, needs_promtool, prometheus, query
from tests.flow.service import Service, node, record

HOSTILE = 'a "quoted" \\ node\nof two lines 节点'


@needs_prometheus
async def test_a_real_prometheus_is_content_and_holds_the_right_values(tmp_path: Path):
    async with Service() as service:
        configuration(tmp_path, service.url, ("wf-1",))
        service.answers["wf-1"] = []
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await eventually(address, lambda page: page.get("aom_collector_workflow_up") == 1)
            async with prometheus(address, tmp_path / "prometheus") as server:
                await holds(server, "up", 1)
                await holds(server, 'aom_workflow_executions_total{status="fail"}', 0)
                now = time.time()
                service.answers["wf-1"] = [
                    record("e1", "fail", now, now + 2, [node(HOSTILE, "fail", now, now + 1.5)]),
                    record("e2", "executing", now, None, [node("n", "executing", now)]),
                ]
                found = await holds(server, 'aom_workflow_node_runs_total{status="fail",node!="n"}', 1)
                assert found[0]["metric"]["node"] == HOSTILE
                assert found[0]["metric"]["workflow_id"] == "wf-1"
                await holds(server, 'aom_workflow_executions_total{status="fail"}', 1)
                await holds(server, 'aom_workflow_executions_active{status="executing"}', 1)
                await holds(server, 'aom_workflow_node_run_duration_seconds_bucket{le="2.5",status="fail"}', 1)
                await holds(server, 'aom_workflow_node_run_duration_seconds_sum{status="fail"}', 1.5)
                await holds(server, "resets(aom_workflow_executions_total[1m])", 0)
                assert await query(server, 'increase(aom_workflow_executions_total{status="fail"}[1m]) > 0')
                await holds(server, "up", 1)


@needs_promtool
async def test_promtool_finds_nothing_to_say_and_the_parser_reads_hostile_names(tmp_path: Path):
    async with Service() as service:
        now = time.time()
        service.answers["wf-1"] = [
            record("e1", "fail", now, now + 2, [node(HOSTILE, "fail", now, now + 1)]),
            record("e2", "waitApproval", now),
        ]
        configuration(tmp_path, service.url, ("wf-1",), history="count")
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            page = await eventually(
                address, lambda page: page.get("aom_workflow_node_runs_total", node=HOSTILE, status="fail") == 1
            )
            assert page.get("aom_workflow_executions_active", status="waitApproval") == 1
    checked = subprocess.run(
        [PROMTOOL, "check", "metrics", "--extended"], input=page.text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
