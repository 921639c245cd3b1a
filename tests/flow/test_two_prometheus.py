"""Two versions of Prometheus scrape one collector at once, and both see the same."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.flow.collector_process import collector, configuration, eventually
from tests.flow.prometheus_server import (
    PROMETHEUS,
    PROMETHEUS_NEWER,
    Server,
    asked,
    exemplars,
    holds,
    needs_newer,
    needs_prometheus,
    prometheus,
    query,
    targets,
    troubles,
)
from tests.flow.service import Service, node, record

HOSTILE = (
    'a "quoted" \\ node\nof two lines 节点',
    '{le="1"} # {} 1 \\n\' `',
    "# EOF",
)

BINARIES = [binary for binary in (PROMETHEUS, PROMETHEUS_NEWER) if binary]


def told(now: float) -> list[dict]:
    """Three executions that ended, one of them well, and one that goes on; times in seconds."""
    return [
        record("e-failed", "fail", now, now + 2, [node(each, "fail", now, now + 1.5) for each in HOSTILE]),
        record("e-late", "timeout", now + 0.2, now + 3, [node("n", "success", now + 0.2, now + 0.5)]),
        record("e-good", "success", now + 0.1, now + 0.4, [node("n", "success", now + 0.1, now + 0.2)]),
        record("e-going", "executing", now, None, [node("n", "executing", now)]),
    ]


async def totals(server: Server) -> dict[tuple, float]:
    """Every sample of the workflow's families, by its labels; where it was scraped from is the same for both."""
    found = await query(server, '{__name__=~"aom_workflow_.+"}')
    return {tuple(sorted(each["metric"].items())): float(each["value"][1]) for each in found}


async def behind(server: Server, selector: str, *, within: float = 15) -> list[str]:
    """The executions that the exemplars of a selector name, once there are any."""
    try:
        async with asyncio.timeout(within):
            while not (found := await exemplars(server, selector)):
                await asyncio.sleep(0.3)  # Prometheus does not tell when it has scraped
    except TimeoutError:
        raise AssertionError(f"{selector} has no exemplar; {await troubles(server)}") from None
    labels = [each["labels"] for series in found for each in series["exemplars"]]
    assert all(each.keys() == {"execution_id"} for each in labels), labels
    return sorted({each["execution_id"] for each in labels})


async def sees_everything(server: Server) -> None:
    """One server holds what the service told, names and exemplars whole."""
    for status, count in {"fail": 1, "timeout": 1, "success": 1, "cancel": 0}.items():
        await holds(server, f'aom_workflow_executions_total{{status="{status}"}}', count)
    await holds(server, 'aom_workflow_executions_active{status="executing"}', 1)
    found = await holds(server, 'aom_workflow_node_runs_total{status="fail",node!="n"}', 1)
    assert {each["metric"]["node"] for each in found} == set(HOSTILE)
    await holds(server, 'aom_workflow_node_runs_total{status="success",node="n"}', 2)
    await holds(server, 'aom_workflow_node_run_duration_seconds_sum{status="fail"}', 1.5)
    assert await behind(server, 'aom_workflow_executions_total{status="fail"}') == ["e-failed"]
    assert await behind(server, 'aom_workflow_executions_total{status="timeout"}') == ["e-late"]
    assert await behind(server, 'aom_workflow_execution_duration_seconds_bucket{status="fail"}') == ["e-failed"]
    assert await behind(server, 'aom_workflow_node_runs_total{status="fail"}') == ["e-failed"]
    assert await behind(server, 'aom_workflow_node_run_duration_seconds_bucket{status="fail"}') == ["e-failed"]


async def is_content(server: Server) -> None:
    """It never failed to scrape, saw no counter fall, and has nothing to say against the page."""
    await holds(server, "up", 1)
    await holds(server, "min_over_time(up[5m])", 1)
    names = await query(server, 'group by (__name__) ({__name__=~"aom_.+_(total|count|sum|bucket)"})')
    assert len(names) > 10
    for each in names:
        await holds(server, f"resets({each['metric']['__name__']}[5m])", 0)
    # In OpenMetrics a counter's family goes without the ending of its samples.
    kinds = {"aom_workflow_executions": "counter", "aom_workflow_execution_duration_seconds": "histogram"}
    for family, kind in kinds.items():
        (known,) = (await asked(server, f"metadata?metric={family}"))[family]
        assert known["type"] == kind
        assert known["help"]
    (target,) = await targets(server)
    assert target["health"] == "up"
    assert await troubles(server) == []


@needs_newer
@pytest.mark.optional_part
def test_a_newer_version_is_among_them():
    assert PROMETHEUS_NEWER in BINARIES


@needs_prometheus
async def test_every_version_is_content_and_holds_totals_names_and_exemplars(tmp_path: Path):
    async with Service() as service, AsyncExitStack() as stack:
        configuration(tmp_path, service.url, ("wf-1",))
        service.answers["wf-1"] = []
        running = await stack.enter_async_context(collector("run", folder=tmp_path))
        address = await running.address()
        await eventually(address, lambda page: page.get("aom_collector_workflow_up") == 1)
        servers = [
            await stack.enter_async_context(prometheus(address, tmp_path / f"prometheus-{index}", binary=binary))
            for index, binary in enumerate(BINARIES)
        ]
        versions = [(await asked(server, "status/buildinfo"))["version"] for server in servers]
        assert len(set(versions)) == len(BINARIES), versions
        for server in servers:
            await holds(server, "up", 1)
            await holds(server, 'aom_workflow_executions_total{status="fail"}', 0)
        service.answers["wf-1"] = told(time.time())
        for server in servers:
            await sees_everything(server)
        first = await totals(servers[0])
        assert len(first) > 50
        assert [await totals(server) for server in servers] == [first] * len(servers)
        for server in servers:
            rise = 'increase(aom_workflow_executions_total{status="fail"}[5m])'
            (risen,) = await query(server, rise)
            assert float(risen["value"][1]) > 0
            await is_content(server)
