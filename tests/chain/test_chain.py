"""From a failing node to the person who is told: every part is the real one, with the files that are shipped."""

import asyncio
import json
import shutil
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from collector.clock import Clock
from collector.simulator import Simulator, demo_world
from tests.chain.alertmanager_server import (
    ALERTMANAGER,
    ALERTMANAGER_NEWER,
    Receiver,
    alertmanager,
    needs_alertmanager,
)
from tests.flow.collector_process import PROJECT, collector, configuration, eventually, fetch
from tests.flow.prometheus_server import (
    PROMETHEUS,
    PROMETHEUS_NEWER,
    needs_newer,
    needs_prometheus,
    running,
)

DEPLOY = Path(__file__).parents[2] / "deploy"
WORKFLOW, NAME = "wf-backup-nightly", "夜间数据库备份"
PACE = 4.0
PAIRS = {
    binary: (prometheus, binary)
    for prometheus, binary in ((PROMETHEUS, ALERTMANAGER), (PROMETHEUS_NEWER, ALERTMANAGER_NEWER))
    if prometheus and binary
}


def shipped(folder: Path, address: str, people: str) -> Path:
    """A folder with the shipped configuration; only addresses and intervals are others."""
    folder.mkdir()
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    for name, other in {"localhost:11513": address, "localhost:9093": people, "15s": "1s"}.items():
        assert name in text
        text = text.replace(name, other)
    (folder / "prometheus.yml").write_text(text, encoding="utf-8")
    shutil.copy(DEPLOY / "prometheus" / "aom-collector.rules.yaml", folder)
    return folder


def ended(simulator: Simulator, node: str, status: str) -> int:
    """When a node of the workflow first ended so, by the simulator's own account, in ms."""
    records = simulator.world.history(WORKFLOW, Clock().now())
    runs = [run for record in records for run in record["execution_result_list"] or ()]
    ends = [run["end_time"] for run in runs if run["node_id"] == node and run["status"] == status]
    return min(end for end in ends if end >= simulator.world.start)


async def is_readable(alert: dict[str, Any], collector_at: str, prometheus_at: str) -> None:
    """It names project, workflow and node in words, and its links lead to the workflow and to the alert's page."""
    labels, said = alert["labels"], alert["annotations"]
    assert labels["workflow"] == NAME
    assert labels["severity"] == "critical"
    assert said["summary"] == "A node of a workflow failed."
    assert said["description"] == (
        f"Project prod: node {labels['node']} of workflow {NAME} ({WORKFLOW}) ended as fail in the last 30 minutes."
    )
    link = urlsplit(said["status_url"])
    assert f"http://{link.netloc}" == collector_at
    assert parse_qs(link.query) == {"project": ["prod"], "workflow": [WORKFLOW]}
    page = await fetch(said["status_url"])
    assert NAME in page
    assert labels["node"] in page
    told = json.loads(await fetch(f"{collector_at}/api/v1/workflows?{link.query}"))
    (shown,) = told["workflows"]
    (node,) = (each for each in shown["nodes"] if each["node"] == labels["node"])
    assert node["execution_id"] in page, "what no label carries, to be copied from there"
    assert told["total"] == 1, "it shows this workflow and no other"
    # Prometheus was told to listen on any free port, so that of its address only the path is known beforehand.
    runbook = await fetch(prometheus_at + urlsplit(said["runbook_url"]).path)
    assert runbook == (DEPLOY / "docs" / "runbooks" / "AOMWorkflowNodeRunFailed.md").read_text(encoding="utf-8")


@needs_newer
@pytest.mark.optional_part
@pytest.mark.skipif(ALERTMANAGER_NEWER is None, reason="ALERTMANAGER_NEWER names no newer alertmanager")
def test_a_newer_pair_is_among_them():
    assert ALERTMANAGER_NEWER in PAIRS


@needs_prometheus
@needs_alertmanager
async def test_a_failing_node_reaches_a_person_as_a_readable_alert_with_links_that_work(
    tmp_path: Path, record_property, capsys
):
    clock = Clock()
    simulator = Simulator(demo_world(clock.now(), pace=PACE), clock=clock.now, token="good", project_id=PROJECT)
    async with AsyncExitStack() as stack:
        await simulator.start()
        stack.push_async_callback(simulator.close)
        configuration(tmp_path, simulator.url, tuple(simulator.world.flows))
        process = await stack.enter_async_context(collector("run", folder=tmp_path))
        address = await process.address()
        await eventually(address, lambda page: page.total("aom_collector_workflow_up") > 0)

        async def chain(number: int, prometheus: str, binary: str) -> None:
            people = await stack.enter_async_context(Receiver())
            text = (DEPLOY / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8")
            # What reaches a group after its first message would wait for the next: a minute, as shipped.
            others = {
                "http://localhost:9099/": people.url,
                "group_wait: 10s": "group_wait: 0s",
                "group_interval: 1m": "group_interval: 1s",
            }
            for name, other in others.items():
                assert name in text
                text = text.replace(name, other)
            files = tmp_path / f"alertmanager{number}"
            files.mkdir()
            shutil.copy(DEPLOY / "alertmanager" / "aom.tmpl", files)
            told_at = await stack.enter_async_context(alertmanager(files, text, binary=binary))
            folder = shipped(tmp_path / f"prometheus{number}", address.removeprefix("http://"), told_at)
            flags = (f"--web.user-assets={DEPLOY / 'docs'}",)
            server = await stack.enter_async_context(running(folder, binary=prometheus, flags=flags))
            alert = await people.told(alertname="AOMWorkflowNodeRunFailed", workflow_id=WORKFLOW)
            arrived = time.time()
            seconds = arrived - ended(simulator, alert["labels"]["node"], alert["labels"]["status"]) / 1000
            record_property("failure_to_webhook_seconds", round(seconds, 1))
            with capsys.disabled():
                sys.stdout.write(f"\n{seconds:.1f} s from the node's failure to the webhook, by {binary}\n")
            assert seconds > 0
            await is_readable(alert, address, server.address)
            assert server.complaints() == []

        await asyncio.gather(*(chain(number, *pair) for number, pair in enumerate(PAIRS.values())))
