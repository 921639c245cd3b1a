"""A real Prometheus scrapes the running collector; promtool and the client library's parser read its page."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import time
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.flow.collector_process import collector, configuration, eventually, fetch
from tests.flow.service import Service, node, record

PROMETHEUS = os.environ.get("PROMETHEUS") or shutil.which("prometheus")
PROMTOOL = os.environ.get("PROMTOOL") or shutil.which("promtool")
HOSTILE = 'a "quoted" \\ node\nof two lines 节点'


@asynccontextmanager
async def prometheus(target: str, folder: Path):
    """A Prometheus that scrapes a target every second; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    scraped = target.removeprefix("http://")
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\n"
        "scrape_configs:\n"
        "  - job_name: aom\n"
        f"    static_configs: [{{targets: ['{scraped}']}}]\n"
    )
    process = await asyncio.create_subprocess_exec(
        PROMETHEUS,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def query(address: str, expression: str) -> list[dict]:
    try:
        answer = json.loads(await fetch(f"{address}/api/v1/query?query={quote(expression)}"))
    except OSError:
        return []
    return answer["data"]["result"]


async def holds(address: str, expression: str, value: float, *, within: float = 30) -> list[dict]:
    """Wait until every result of a query has a value."""
    found: list[dict] = []
    try:
        async with asyncio.timeout(within):
            while not found or any(float(each["value"][1]) != value for each in found):
                await asyncio.sleep(0.3)  # Prometheus does not tell when it has scraped
                found = await query(address, expression)
    except TimeoutError:
        raise AssertionError(f"{expression} never was {value}: {found}") from None
    return found


@pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is not installed")
async def test_a_real_prometheus_is_content_and_holds_the_right_values(tmp_path: Path):
    async with Service() as service:
        configuration(tmp_path, service.url, ("wf-1",))
        service.answers["wf-1"] = []
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await eventually(address, lambda page: page.get("aom_collector_workflow_up") == 1)
            async with prometheus(address, tmp_path) as server:
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


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
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
