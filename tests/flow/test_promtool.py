"""promtool and the client library's parser read the page of a running collector."""

import subprocess
import time
from pathlib import Path

from tests.flow.collector_process import collector, configuration, eventually
from tests.flow.prometheus_server import PROMTOOL, needs_promtool
from tests.flow.service import Service, node, record

HOSTILE = 'a "quoted" \\ node\nof two lines 节点'


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
                address,
                lambda page: (
                    page.get("aom_workflow_node_runs_total", node=HOSTILE, status="fail") == 1
                    and page.get("aom_workflow_executions_active", status="waitApproval") == 1
                ),
            )
    checked = subprocess.run(
        [PROMTOOL, "check", "metrics", "--extended"], input=page.text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
