"""The log of a real collector: quiet where nothing happens, and one workflow in full where that is asked for."""

import re
import signal
import time
from pathlib import Path

import pytest
from aiohttp import web

from tests.flow.collector_process import Running, collector, configuration
from tests.flow.service import Service, node, record

SECRET = "canary-7c1e"


def logged(running: Running) -> list[dict[str, str]]:
    lines = (re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)', line) for line in running.lines if line.startswith("time="))
    return [{key: value.strip('"') for key, value in line} for line in lines]


def edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")


async def test_a_collector_where_nothing_happens_says_that_it_started_and_no_more(tmp_path: Path):
    async with Service() as service:
        now = time.time()
        flows = tuple(f"wf-{number}" for number in range(20))
        service.answers = {name: [record(f"e-{name}", "success", now - 9, now - 5)] for name in flows}
        configuration(tmp_path, service.url, flows)
        async with collector("run", folder=tmp_path) as running:
            await running.says("collector.started")
            for name in flows[-3:]:
                await service.looks(name, 3)
            assert [line["event"] for line in logged(running)] == ["collector.started"]


async def test_a_traced_workflow_is_followed_from_request_to_rest_and_no_secret_is_told(tmp_path: Path):
    async with Service() as service:
        service.token = SECRET
        now = time.time()
        nodes = [node("备份", "fail", now - 8, now - 6, "r1")]
        for name in ("wf-1", "wf-2"):
            service.answers[name] = [record(f"e-{name}", "fail", now - 9, now - 5, nodes)]
        path = configuration(tmp_path, service.url, ("wf-1", "wf-2"), token=SECRET, history="count")
        edit(path, "[collector]", '[collector]\nlog_level = "error"\nlog_workflows = ["wf-1"]')
        async with collector("run", folder=tmp_path) as running:
            await running.says("workflow.published.*cause=release")
            lines = [line for line in logged(running) if line["event"] != "collector.started"]
            assert {line["workflow_id"] for line in lines} == {"wf-1"}
            events = [line["event"] for line in lines]
            look = events[events.index("request.finished") :]
            assert look.index("workflow.published") < look.index("poll.finished") < look.index("node.ended")
            assert look.index("node.ended") < look.index("workflow.waits")
            ended = next(line for line in lines if line["event"] == "node.ended")
            assert (ended["node"], ended["status"], ended["past"], ended["seconds"]) == ("备份", "fail", "true", "2.0")
            published = next(line for line in lines if line.get("cause") == "look")
            assert "held_until" in published
            assert float(published["seconds"]) < 5

            async def refuse(_: web.Request) -> web.Response:
                return web.json_response({"error_code": "AOM.0403", "error_msg": SECRET}, status=403)

            service.answers["wf-1"] = refuse
            said = await running.says("request.finished.*code=403")
            assert "error_code=AOM.0403" in said.string
            await running.says("poll.finished.*outcome=failed.*reason=forbidden")
            edit(path, '["wf-1"]', '["wf-2"]')
            running.process.send_signal(signal.SIGHUP)
            await running.says("poll.finished.*workflow_id=wf-2")
            before = len(running.lines)
            await service.looks("wf-1", 3)
            await service.looks("wf-2", 3)
            assert {line["workflow_id"] for line in logged(running)[before:]} == {"wf-2"}
            path.write_text(path.read_text("utf-8").rpartition("\n[[project.workflow]]")[0], "utf-8")
            running.process.send_signal(signal.SIGHUP)
            await running.says("workflow.left.*workflow_id=wf-2")
            assert await running.stop() == 0
        assert "canary" not in "".join(running.lines)


@pytest.mark.parametrize(("traced", "warned"), [("wf-1", 0), ("wf-9", 1)])
async def test_check_warns_of_a_traced_workflow_that_is_not_there(tmp_path: Path, traced: str, warned: int):
    path = configuration(tmp_path, "http://127.0.0.1:9", ("wf-1",))
    edit(path, "[collector]", f'[collector]\nlog_workflows = ["{traced}"]')
    async with collector("check", folder=tmp_path) as running:
        assert await running.process.wait() == 0
        await running.drained()
    warnings = [line for line in running.lines if line.startswith("warning: ")]
    assert len(warnings) == warned
    assert all("collector.log_workflows[0]: no project has a workflow" in line for line in warnings)
