"""Two Prometheus servers, one of them slow, see every first failure as an increase, and nothing else as one.

The stories are told at once to one pair of servers. `AOM_LONG_PROOFS=1` makes the outage longer than five minutes.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conftest import OFF
from tests.flow.collector_process import Running, collector, configuration, eventually, scrape
from tests.flow.prometheus_server import Server, asked, holds, needs_prometheus, prometheus, query
from tests.flow.relay import Relay
from tests.flow.service import Service, node, record

LONG = os.environ.get("AOM_LONG_PROOFS", "").lower() not in OFF
WINDOW, OUTAGE_AT_MOST = ("5m", 400) if LONG else ("25s", 60)
INTERVALS = {"fast": "3s", "slow": "10s"}
FIRST_ZERO = "20s"  # twice the longest interval, as the reference file advises
JOBS = ("held", "outage", "renamed")

RUNS = "aom_workflow_node_runs_total"
EXPRESSIONS = {
    "NodeFailed": f'increase({RUNS}{{status="fail"}}[5m]) > 0',
    "WorkflowFailed": 'increase(aom_workflow_executions_total{status="fail"}[5m]) > 0',
    "FailureTimed": 'increase(aom_workflow_node_run_duration_seconds_count{status="fail"}[5m]) > 0',
    "TargetFailed": 'increase(aom_workflow_node_targets_total{outcome="fail"}[5m]) > 0',
    "FailedLately": f'increase({RUNS}{{status="fail"}}[{WINDOW}]) > 0',
}
RULES = "groups:\n  - name: failures\n    rules:\n" + "".join(
    f"      - {{alert: {alert}, expr: '{expression}'}}\n" for alert, expression in EXPRESSIONS.items()
)


@dataclass
class Stage:
    """Where stories are told.

    `failed`: when each workflow first failed while it was watched (s). `first`: the reader that came first after the
    outage.
    """

    folder: Path
    service: Service
    relay: Relay
    servers: dict[str, Server]
    failed: dict[str, float] = field(default_factory=dict)
    first: str = ""

    def past(self, workflow: str, *statuses: str) -> None:
        """A history that ended an hour ago."""
        at = time.time() - 3600
        runs = [(f"{workflow}-{index}", status, at + 60 * index) for index, status in enumerate(statuses)]
        self.service.answers[workflow] = [
            record(name, status, begin, begin + 5, [node("copy", status, begin, begin + 5)])
            for name, status, begin in runs
        ]

    def fail(self, workflow: str, at_node: str = "copy") -> None:
        """A run of the workflow, and of one node of it, that fails now."""
        known, now = self.service.answers[workflow], time.time()
        run = [node(at_node, "fail", now - 0.5, now) | {"output": {"fail": ["10.0.0.1"]}}]
        self.service.answers[workflow] = [record(f"{workflow}-{len(known)}", "fail", now - 0.5, now, run), *known]
        self.failed.setdefault(workflow, now)

    @asynccontextmanager
    async def watching(
        self,
        job: str,
        *workflows: str,
        named: dict[str, str] | None = None,
        first_zero: str = FIRST_ZERO,
        peeked: bool = False,
    ) -> AsyncIterator[Running]:
        """A collector of a story of its own, shown to both servers once it has looked twice at each workflow.

        `named`: workflows to which the file gives a name. `peeked`: somebody else scrapes it before both do.
        """
        names = named or {}
        more = "".join(f'\n[[project.workflow]]\nid = "{each}"\nname = "{name}"\n' for each, name in names.items())
        folder = self.folder / job
        folder.mkdir(exist_ok=True)
        configuration(folder, self.service.url, workflows, history="count", first_zero=first_zero, more=more)
        async with collector("run", folder=folder) as running:
            address = await running.address()
            await asyncio.gather(*(self.service.looks(workflow, 2) for workflow in (*workflows, *names)))
            if peeked:
                await scrape(address)
            self.relay.behind[job] = address
            try:
                yield running
            finally:
                del self.relay.behind[job]

    async def scraped(self, job: str, *, since: int | None = None) -> str:
        return await self.relay.scrapes(job, self.servers, since=since)

    async def seen(self, *workflows: str, alert: str = "NodeFailed", by: Iterable[str] = INTERVALS) -> None:
        """Wait until the alert fires for each workflow, and its expression holds, on each server."""
        await asyncio.gather(*(_seen(self.servers[reader], alert, set(workflows)) for reader in by))


async def _seen(server: Server, alert: str, wanted: set[str], *, within: float = 60) -> None:
    risen: set[str] = set()
    firing: set[str] = set()
    try:
        async with asyncio.timeout(within):
            while not wanted <= risen & firing:
                risen = {each["metric"]["workflow_id"] for each in await query(server, EXPRESSIONS[alert])}
                alerts = [
                    each["labels"] for each in await alerts_firing(server) if each["labels"]["alertname"] == alert
                ]
                firing = {each["workflow_id"] for each in alerts}
                await asyncio.sleep(0.5)  # Prometheus does not tell when it has scraped
    except TimeoutError:
        found = await query(server, f'{RUNS}{{status="fail",workflow_id=~"{"|".join(wanted)}"}}[5m]')
        shown = [(each["metric"]["workflow_id"], each["metric"]["node"], each["values"]) for each in found]
        says = f"{wanted} failed; {alert} held for {risen}, and fired for {firing}; seen was {shown}"
        raise AssertionError(says) from None


async def alerts_firing(server: Server) -> list[dict]:
    return [each for each in (await asked(server, "alerts"))["alerts"] if each["state"] == "firing"]


async def a_failure_is_seen_whether_its_node_was_known_or_not_and_whatever_is_killed_meanwhile(stage: Stage) -> None:
    workflows = ("known", "listed", "unknown", "killed", "later", "released", "calm")
    for each in workflows:
        stage.past(each, "success", "success")
    stage.past("calm", "fail", "success")
    stage.past("listed")
    async with stage.watching("held", *workflows) as running:
        address = stage.relay.behind["held"]
        for each in ("unknown", "killed"):
            stage.fail(each, "new")
        facts = "aom_workflow_node_last_run_status"
        page = await eventually(address, lambda page: page.total(facts, node="new", status="fail") == 2)
        assert page.get(RUNS, workflow_id="killed", node="new", status="fail") == 0, "found, committed, and held"
        await running.kill()
    stage.fail("later", "new")
    since = len(stage.relay.carried)
    async with stage.watching("held", *workflows):
        await stage.scraped("held", since=since)
        stage.fail("known")
        stage.fail("listed", "check")
        await eventually(
            stage.relay.behind["held"],
            lambda page: page.get(RUNS, workflow_id="known", node="copy", status="fail") == 1,
            within=40,
        )
        stage.fail("released")
        await stage.seen("known", "listed", "unknown", "killed", "later", "released")
        await stage.seen("known", "listed", "unknown", "killed", "later", alert="FailureTimed")
        await stage.seen("known", "listed", "unknown", "killed", "later", alert="TargetFailed")


async def what_failed_during_an_outage_longer_than_the_window_is_seen_after_it(stage: Stage) -> None:
    workflows = ("early", "late", "quiet")
    stage.past("early", "success")
    stage.past("late", "fail", "fail")
    stage.past("quiet", "fail", "fail", "fail")
    async with stage.watching("outage", *workflows) as running:
        await stage.scraped("outage")
        await asyncio.gather(*(holds(server, 'up{job="outage"}', 1) for server in stage.servers.values()))
        await running.kill()
    await asyncio.gather(*(_forgotten(server) for server in stage.servers.values()))
    stage.fail("early")
    since = len(stage.relay.carried)
    async with stage.watching("outage", *workflows):
        stage.first = await stage.scraped("outage", since=since)
        stage.fail("late")
        # A failure found before anyone scraped is shown after the first scrape, so only who came first must see it.
        await stage.seen("early", by=[stage.first])
        await stage.seen("late")


async def _forgotten(server: Server) -> None:
    """Wait until the window holds no sample of the outage's collector any more."""
    async with asyncio.timeout(OUTAGE_AT_MOST):
        while await query(server, f'count_over_time({RUNS}{{job="outage"}}[{WINDOW}])'):
            await asyncio.sleep(0.5)  # Prometheus does not tell when it has forgotten


async def a_rename_and_a_return_raise_nothing_and_failures_found_with_or_after_them_are_seen(stage: Stage) -> None:
    for each in ("filed", "filed-calm", "listed-anew", "listed-calm", "away", "away-calm"):
        stage.past(each, "fail", "success", "fail")
    others, gone = ("listed-anew", "listed-calm"), ("away", "away-calm")
    renamed = {"filed": "new name", "filed-calm": "new calm name"}
    # Nothing that is new in this life is held into the next one, where only the rename may hold.
    async with stage.watching("renamed", *others, *renamed, *gone, first_zero="0s") as running:
        await stage.scraped("renamed")
        assert await running.stop() == 0
    for each in gone:  # meanwhile the service forgets the rest
        stage.service.answers[each] = stage.service.answers[each][-1:]
    stage.service.listed = [each | {"name": f"new {each['id']}"} for each in stage.service.listed]
    stage.fail("filed")
    stage.fail("listed-anew")
    async with stage.watching("renamed", *others, named=renamed, peeked=True) as running:
        await stage.scraped("renamed")
        for server in stage.servers.values():
            await holds(server, f'count({RUNS}{{workflow_id="filed"}}) == count({RUNS}{{workflow="new name"}})', 6)
            await _none(server, f'{RUNS}{{workflow_id=~"away.*"}}')
        assert await running.stop() == 0
    since = len(stage.relay.carried)
    async with stage.watching("renamed", *others, *gone, named=renamed):
        await stage.scraped("renamed", since=since)
        for server in stage.servers.values():
            await holds(server, f'{RUNS}{{workflow_id=~"away.*",status="fail"}}', 2)
        stage.fail("away")
        await stage.seen("away", "filed", "listed-anew")
        await stage.seen("filed", "listed-anew", alert="TargetFailed")


async def _none(server: Server, expression: str, *, within: float = 15) -> None:
    found: list[dict] = []
    try:
        async with asyncio.timeout(within):
            while found := await query(server, expression):
                await asyncio.sleep(0.5)  # Prometheus does not tell when it has scraped
    except TimeoutError:
        raise AssertionError(f"{expression} still yields {found}") from None


async def fired(server: Server, alert: str, wanted: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Each workflow, with its name, for which an alert has ever fired; the last ones may be on their way still."""
    expression = f'max_over_time(ALERTS{{alertname="{alert}",alertstate="firing"}}[1h])'
    until = time.monotonic() + 5
    while True:
        found = await query(server, expression)
        ever = {(each["metric"]["workflow_id"], each["metric"]["workflow"]) for each in found}
        if wanted <= ever or time.monotonic() > until:
            return ever
        await asyncio.sleep(0.5)  # Prometheus does not tell when it has evaluated


async def saw_each_failure_and_nothing_else(reader: str, stage: Stage, began: float) -> None:
    server = stage.servers[reader]
    names = {"filed": "new name", "listed-anew": "new listed-anew", "listed": "new listed"}
    everything = {(each, names.get(each, each)) for each in stage.failed}
    # Who was not first saw the one found before any scrape only in a window that reaches back before the outage.
    unsure = set() if reader == stage.first else {("early", "early")}
    for alert, excused in {
        "NodeFailed": unsure if LONG else set(),
        "WorkflowFailed": unsure if LONG else set(),
        "FailedLately": unsure,
        # What the first failure itself gave birth to is held still where that was not long ago.
        "FailureTimed": {(each, each) for each in ("early", "released")},
        "TargetFailed": {(each, each) for each in ("early", "released", "late", "away")},
    }.items():
        ever = await fired(server, alert, everything - excused)
        assert everything - excused <= ever <= everything, f"{reader}: {alert} fired for {ever}, not for {everything}"
    fails = f'{RUNS}{{status="fail"}}[1h]'
    rises = await query(server, f"max_over_time({fails}) - min_over_time({fails}) > 0")
    rose = {(each["metric"]["workflow_id"], each["metric"]["workflow"]): float(each["value"][1]) for each in rises}
    assert rose == dict.fromkeys(everything, 1.0), f"{reader}: each failed once, and these rose: {rose}"
    # Not at any second of all that time did the expression hold for what had not failed.
    until = time.time()
    path = f"query_range?query={quote(EXPRESSIONS['NodeFailed'])}&start={began:.3f}&end={until:.3f}&step=1"
    for each in (await asked(server, path))["result"]:
        workflow, risen = each["metric"]["workflow_id"], each["values"][0][0]
        assert risen >= stage.failed.get(workflow, until), f"{reader}: {each['metric']} rose at {risen}, too early"
    counters = await query(
        server, 'group by (__name__) (last_over_time({__name__=~"aom_workflow_.+_(total|count|sum|bucket)"}[1h]))'
    )
    assert len(counters) >= 8
    for each in counters:
        falls = await query(server, f"resets({each['metric']['__name__']}[1h]) > 0")
        assert falls == [], f"{reader} saw counters fall"


@needs_prometheus
@pytest.mark.timeout(900 if LONG else 180)
async def test_two_servers_see_every_first_failure_and_nothing_else(tmp_path: Path):
    async with Service() as service, Relay() as relay, AsyncExitStack() as stack:
        service.listed = [
            {"id": "listed", "name": "new listed", "type": "cron", "nodes": [{"id": "check", "name": "Check"}]},
            {"id": "listed-anew", "name": "old", "type": "cron", "nodes": []},
            {"id": "listed-calm", "name": "old", "type": "cron", "nodes": []},
        ]
        servers = {}
        for reader, interval in INTERVALS.items():
            jobs = {job: f"/{reader}/{job}" for job in JOBS}
            starting = prometheus(relay.url, tmp_path / reader, interval=interval, jobs=jobs, rules=RULES)
            servers[reader] = await stack.enter_async_context(starting)
        stage, began = Stage(tmp_path, service, relay, servers), time.time()
        told = await asyncio.gather(
            a_failure_is_seen_whether_its_node_was_known_or_not_and_whatever_is_killed_meanwhile(stage),
            what_failed_during_an_outage_longer_than_the_window_is_seen_after_it(stage),
            a_rename_and_a_return_raise_nothing_and_failures_found_with_or_after_them_are_seen(stage),
            return_exceptions=True,
        )
        wrong = [each for each in told if each is not None]
        for reader in servers if not wrong else ():
            try:
                await saw_each_failure_and_nothing_else(reader, stage, began)
            except AssertionError as error:
                wrong.append(error)
        if wrong:
            raise BaseExceptionGroup("not every story went as it must", wrong)
