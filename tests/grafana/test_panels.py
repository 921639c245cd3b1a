"""Every panel's query, asked of real servers that scraped a real collector of a synthetic service."""

import asyncio
import json
import re
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import quote

import pytest

from collector.clock import Clock
from collector.simulator import Simulator, demo_world
from tests.chain.test_chain import shipped
from tests.flow.collector_process import PROJECT, Page, collector, configuration, eventually, fetch
from tests.flow.prometheus_server import (
    PROMETHEUS,
    PROMETHEUS_NEWER,
    Server,
    holds,
    needs_newer,
    needs_prometheus,
    query,
    running,
)
from tests.grafana.boards import BOARDS, asked, expressions

CHOSEN = "wf-restart-pods"
FINAL = ("success", "fail", "cancel", "approvalFailed", "timeout")
# Panels that have nothing to show of a service that answers, each with its reason.
EMPTY = {"Credential expires in": "a ready token does not tell when it expires"}
# Asked as a whole, a query may be empty where a part of it has nothing to say.
PARTLY: dict[str, str] = {}


class Tempo:
    """The service's time: it begins when the collector looks, and stands still when enough has happened."""

    def __init__(self) -> None:
        self._clock = Clock()
        self._began = self._clock.now()
        self._from: int | None = None
        self._stood: int | None = None

    def __call__(self) -> int:
        if self._stood is not None:
            return self._stood
        return self._began if self._from is None else self._began + self._clock.now() - self._from

    def go(self) -> None:
        self._began, self._from, self._stood = self(), self._clock.now(), None

    def stand(self) -> None:
        self._stood = self()


def counted(page: Page, what: str) -> float:
    """How many endings of the chosen workflow are shown."""
    return page.total(f"aom_workflow_{what}_total", workflow_id=CHOSEN)


async def values(server: Server, text: str) -> set[str]:
    """What a variable's query offers."""
    if found := re.fullmatch(r"label_values\((.+), (\w+)\)", text):
        selector, label = found.groups()
        answer = json.loads(await fetch(f"{server.address}/api/v1/label/{label}/values?match[]={quote(selector)}"))
        return set(answer["data"])
    (expression,) = re.fullmatch(r"query_result\((.+)\)", text).groups()
    return {json.dumps(each["metric"], ensure_ascii=False) for each in await query(server, expression)}


async def offers(server: Server) -> None:
    """Every variable of every dashboard has something to offer."""
    for board in BOARDS.values():
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                text = variable["query"] if isinstance(variable["query"], str) else variable["query"]["query"]
                assert await values(server, asked(text, span="1h")), variable["name"]


async def shows(server: Server) -> None:
    """Every query has rows, and the server has nothing to remark."""
    empty = set()
    for board, title, text in expressions():
        rows = await query(server, asked(text, span="2m", workflow=CHOSEN))
        if not rows:
            empty.add((board, title, text))
    assert {(board, title) for board, title, _ in empty if title not in EMPTY | PARTLY} == set()


async def is_true(server: Server, truth: dict[tuple[str | None, str], int]) -> None:
    """What the panels of one workflow say is what the simulator knows."""
    texts = {title: text for board, title, text in expressions() if board == "workflow"}
    chosen = {"span": "1h", "workflow": CHOSEN}
    found = await query(server, f"round({asked(texts['Executions that ended, by status'], **chosen)}) > 0")
    counted = {each["metric"]["status"]: int(each["value"][1]) for each in found}
    assert counted == {status: count for (node, status), count in truth.items() if node is None}
    found = await query(server, f"round({asked(texts['Node runs that failed'], **chosen)}) > 0")
    failed: dict[str, int] = {}
    for (node, status), count in truth.items():
        if node is not None and status in ("fail", "timeout", "approvalFailed"):
            failed[node] = failed.get(node, 0) + count
    assert {each["metric"]["node"]: int(each["value"][1]) for each in found} == failed


@needs_newer
@pytest.mark.optional_part
def test_a_newer_version_is_among_them():
    assert PROMETHEUS_NEWER


@needs_prometheus
async def test_every_panel_shows_something_and_what_it_shows_of_one_workflow_is_true(tmp_path: Path):
    tempo = Tempo()
    simulator = Simulator(demo_world(tempo(), pace=4.0), clock=tempo, token="good", project_id=PROJECT)
    async with AsyncExitStack() as stack:
        await simulator.start()
        stack.push_async_callback(simulator.close)
        configuration(
            tmp_path,
            simulator.url,
            (*(flow for flow in simulator.world.flows if flow != CHOSEN), "wf-gone"),
            more=f'\n[[project.workflow]]\nid = "{CHOSEN}"\nexpect_every = "20m"\n',
        )
        process = await stack.enter_async_context(collector("run", folder=tmp_path))
        address = await process.address()
        flows = len(simulator.world.flows)
        await eventually(address, lambda page: page.total("aom_collector_workflow_up") == flows)
        servers = []
        for number, binary in enumerate(filter(None, (PROMETHEUS, PROMETHEUS_NEWER))):
            folder = shipped(tmp_path / f"prometheus{number}", address.removeprefix("http://"), "127.0.0.1:1")
            rules = folder / "aom-collector.rules.yaml"
            rules.write_text(
                rules.read_text(encoding="utf-8").replace("interval: 5m", "interval: 1s"), encoding="utf-8"
            )
            servers.append(await stack.enter_async_context(running(folder, binary=binary)))
        # Every server has seen the totals at 0 before anything ends.
        await asyncio.gather(*(holds(server, "min_over_time(up[5m])", 1) for server in servers))
        tempo.go()

        def enough(page) -> bool:
            return (
                all(page.total("aom_workflow_executions_total", status=status) >= 1 for status in FINAL)
                and page.total("aom_workflow_executions_total", workflow_id=CHOSEN) >= 2
                and page.total("aom_workflow_node_targets_total", workflow_id=CHOSEN) >= 1
                and page.total("aom_workflow_node_runs_active", workflow_id=CHOSEN) >= 1
            )

        for _ in range(20):
            await eventually(address, enough, within=60)
            tempo.stand()
            truth = simulator.world.truth(CHOSEN, tempo(), since=simulator.world.start)
            ended = truth.total()
            page = await eventually(
                address, lambda now, ended=ended: counted(now, "executions") + counted(now, "node_runs") == ended
            )
            if page.total("aom_workflow_node_runs_active", workflow_id=CHOSEN):
                break
            tempo.go()  # what was active has ended before time stood still
        else:
            pytest.fail("nothing of the chosen workflow was active for long enough")
        for server in servers:
            everything = f'{{__name__=~"aom_workflow_(executions|node_runs)_total",workflow_id="{CHOSEN}"}}'
            await holds(server, f"sum({everything})", ended)
            await holds(server, f'count(aom_workflow_node_runs_active{{workflow_id="{CHOSEN}"}} > 0) > bool 0', 1)
            await offers(server)
            await shows(server)
            await is_true(server, dict(truth))
