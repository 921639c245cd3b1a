"""The wall clock of the machine steps by ten years, forth and back, while it counts; the totals stay exact."""

import io
import time
from pathlib import Path

import pytest

from collector import log
from collector.app import App
from collector.config import load
from tests.flow.collector_process import configuration, eventually
from tests.flow.service import Service, node, record
from tests.schedule.stepped import stepped

TEN_YEARS = 10 * 365 * 86_400.0
TOTAL = "aom_workflow_executions_total"
NODES = "aom_workflow_node_runs_total"


@pytest.mark.parametrize("first", [1, -1])
async def test_however_the_clock_steps_each_ending_counts_once_and_is_shown(tmp_path: Path, monkeypatch, first: int):
    clock = stepped(monkeypatch)
    async with Service() as service:
        path = configuration(tmp_path, service.url, ("wf-1",), first_zero="1s")
        lines = log.setup("error", "logfmt", io.StringIO())
        for started, steps in enumerate(((0, first, -first), (first, 0), (-first, first))):
            app = App(load(path, {}), clock=clock, lines=lines)
            await app.start()
            try:
                for number, step in enumerate(steps):
                    clock.offset[0] = step * TEN_YEARS
                    await service.looks("wf-1", 2)
                    now, name = time.time(), f"e{started}{number}"
                    nodes = [node("n", "fail", now, now + 0.1)]
                    service.answers.setdefault("wf-1", []).append(record(name, "fail", now, now + 0.1, nodes))
                    count = len(service.answers["wf-1"])
                    page = await eventually(
                        app.addresses[0],
                        lambda page, count=count: (
                            page.get(TOTAL, status="fail") == page.get(NODES, status="fail") == count
                        ),
                    )
                    assert page.get("aom_collector_workflow_up") == 1
                    assert page.get("aom_workflow_history_gaps_total") == 0
            finally:
                await app.stop()
