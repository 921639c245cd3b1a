"""The demonstration, as a newcomer runs it: everything it promises is seen on `/metrics` alone."""

import asyncio
import time
from pathlib import Path

from tests.flow.collector_process import collector, eventually, scrape

FINAL = ("success", "fail", "cancel", "approvalFailed", "timeout")


async def test_within_a_minute_everything_that_can_happen_has_happened(tmp_path: Path):
    async with collector("demo", "--web.listen-address", "127.0.0.1:0", folder=tmp_path) as running:
        began = time.monotonic()
        address = await running.address()

        def told(page) -> bool:
            return (
                all(page.total("aom_workflow_executions_total", status=status) >= 1 for status in FINAL)
                and page.total("aom_workflow_node_runs_total", status="fail") >= 1
                and page.total("aom_workflow_reopened_executions_total") >= 1
                and page.total("aom_workflow_executions_active", status="waitApproval") >= 1
            )

        page = await eventually(address, told, within=60 - (time.monotonic() - began))
        assert page.get("aom_collector_workflows", project="demo") >= 8
        assert "夜间数据库备份" in page.text
        assert page.total("aom_collector_workflow_up") == page.get("aom_collector_workflows", project="demo")
        later = await eventually(
            address,
            lambda now: now.total("aom_workflow_node_runs_total") > page.total("aom_workflow_node_runs_total"),
            within=30,
        )
        assert all(
            later.samples.get(key, 0) >= value
            for key, value in page.samples.items()
            if key[0].endswith("_total") and key[0].startswith("aom_workflow")
        )
        asked = time.monotonic()
        assert await running.stop(2) == 0
        assert time.monotonic() - asked < 5
        assert not [line for line in running.lines if "Traceback" in line]
    assert list(tmp_path.iterdir()) == [], "its state was temporary"


async def test_a_second_demonstration_takes_free_ports_of_its_own(tmp_path: Path):
    async with collector("demo", folder=tmp_path) as first, collector("demo", folder=tmp_path) as second:
        one, other = await first.address(), await second.address()
        assert one != other
        await asyncio.gather(scrape(one), scrape(other))
        assert await second.stop() == 0
        assert await first.stop() == 0
