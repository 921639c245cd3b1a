"""Kill the collector again and again, at every failpoint and at random moments, and hold its totals against the truth.

    python -m tests.crash.kills --kills 1000 --seed 1

The real process asks the hostile simulator while a scraper reads its page all the time. Every end but the last is a
SIGKILL: at a failpoint the process sends it to itself. After the last kill all trouble ends, the simulator's time
stands still, and the totals have to come to be the truth. Everything is synthetic.

The service's time passes while the collector lives and for a moment between two lives, and waits for the workflow
that had no whole answer for longest.
"""

import asyncio
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import click

from collector.cli.serve import turn
from collector.simulator import Simulator
from collector.simulator.life import Step
from collector.simulator.trouble import FAILURES, GLITCHES, Kind, Trouble, Turn
from collector.simulator.world import Flow, World
from tests.crash.clock import Clock
from tests.crash.life import Life, living
from tests.crash.points import points
from tests.crash.scraper import Scraper
from tests.crash.told import Told

PROJECT = "0123456789abcdef0123456789abcdef"
CONFIGURATION = """
[collector]
listen = "127.0.0.1:0"
state = "sqlite:state.db"
interval = "1s"
first_zero = "1s"
forget_after = "10m"
log_format = "logfmt"
event_log = "events.jsonl"

# Few, so that the page can be read often.
[collector.buckets]
execution = [1, 2]
node = [0.1, 0.2]

[[project]]
name = "prod"
region = "cn-north-4"
project_id = "{project}"
endpoint = "{url}"
iam_endpoint = "{url}"
max_requests_per_second = 1000
concurrency = 8
timeout = "1s"
poll_deadline = "2s"
max_response_bytes = 4194304

[project.auth]
username = "synthetic"
password = "synthetic"
domain = "synthetic"
"""
WORKFLOW = '\n[[project.workflow]]\nid = "{id}"\nname = "{name}"\n'
# No script that stays in one phase for longer than the history is kept.
SCRIPTS = (*("success",) * 8, "ignored", "fail", "cancel", "timeout", "retry", "stubborn", "skip", "refused")
STEPS = tuple(Step(f"step-{i}", f"第 {i} 步", 0.05, 0.25) for i in range(1, 8))
# A failed run that is restarted is shown for seven seconds at least, an execution for some thirty.
PACE, PERIOD, KEPT = 0.7, 0.2, 110
FLOWS = 20
RATES = dict.fromkeys(GLITCHES, 0.06) | dict.fromkeys(FAILURES, 0.004) | {Kind.EARLY_EXPIRY: 0.2}
DOWN = 500
"""Milliseconds of the service's time that pass between two lives."""
AHEAD = 3000
"""Milliseconds that the service's time goes on at most after a workflow's last whole answer."""
LEAST_RATE = 20.0
"""Scrapes a second, below which the command says that it failed: the machine was too busy for a proof."""
FORGETS = ('forget_after = "10m"', 'forget_after = "11m"')
LIFE = (0.5, 1.5)
"""Seconds that a life lasts after its first page where no failpoint ends it."""
LINGER = 30.0
"""Seconds that a commit stands still at its failpoint, unless it is killed sooner: when it was scraped twice."""
BUG = "collector.bug"
PATIENCE = 60.0
RELEASED_WITHIN = 6.0
Totals = dict[tuple[str, str | None, str], int]


@dataclass(eq=False)
class Report:
    """What a run found.

    `missed`: failpoints that were never hit. `wrong`: what was counted, and what is true. `died`: lives that ended by
    themselves elsewhere, or said that they met a bug. `untold`: what the event log and the state did not agree on after
    a death.
    """

    kills: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    died: list[str] = field(default_factory=list)
    wrong: dict[tuple[str, str | None, str], tuple[int, int]] = field(default_factory=dict)
    untold: list[str] = field(default_factory=list)
    lines: int = 0
    repeated: int = 0
    endings: int = 0
    scrapes: int = 0
    rate: float = 0.0
    seconds: float = 0.0
    trouble: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        lost = sum(max(0, true - counted) for counted, true in self.wrong.values())
        double = sum(max(0, counted - true) for counted, true in self.wrong.values())
        return (
            f"{self.kills.total()} kills, {self.endings} endings, {lost} lost, {double} double, "
            f"{self.lines} lines told, {self.repeated} of them again, {len(self.untold)} disagreements, "
            f"{len(self.violations)} falls, {len(self.died)} died by themselves, {len(self.missed)} failpoints missed, "
            f"{self.scrapes} scrapes ({self.rate:.0f}/s), {self.trouble.total()} troubles, {self.seconds:.0f} s"
        )


class Asked(Trouble):
    """Trouble that knows when each workflow was last asked for and its answer was whole."""

    def __init__(self, *, seed: int, places: Iterable[str]) -> None:
        # A limit that would be kept to leaves no time to look.
        limit = "limit:2000,time:1 second"
        super().__init__(seed=seed, rates=RATES, relief=2, slow=0.3, huge=2**23, lateness=4000, limit=limit)
        self.clock = Clock(lambda: min(self._whole.values()) + AHEAD)
        self._whole = dict.fromkeys(places, self.clock())

    def turn(self, place: str) -> Turn:
        """The next request for a place."""
        turn = super().turn(place)
        if place in self._whole and not turn.kinds - {Kind.LATE}:
            self._whole[place] = self.clock()
        return turn


class Harness:
    """One run. `at`: the failpoints to kill at; None: all of them, and random moments as well."""

    def __init__(
        self, folder: Path, *, kills: int, seed: int, endings: int = 0, flows: int = FLOWS, at: tuple[str, ...] = ()
    ) -> None:
        self._folder = folder
        self._kills, self._endings = kills, endings
        self._points: list[str | None] = [*(at or points())]
        self._random = [] if at else [None] * (len(self._points) // 4)
        self._chance = random.Random(seed)
        names = {f"wf-{i}": f"流程 {i}" for i in range(1, flows + 1)}
        self._trouble = Asked(seed=seed, places=names)
        self._clock = self._trouble.clock
        self._world = World(
            seed=seed,
            start=self._clock() + DOWN,
            flows={
                id_: Flow(id=id_, name=name, steps=STEPS, period=PERIOD, scripts=SCRIPTS) for id_, name in names.items()
            },
            pace=PACE,
            kept=KEPT,
        )
        self._simulator = Simulator(self._world, clock=self._clock, project_id=PROJECT, trouble=self._trouble)
        self._scraper = Scraper()
        self._told = Told(folder)
        self._all_released = False
        self._report = Report(trouble=self._trouble.occurred)

    async def run(self) -> Report:
        """Kill as often as told, then compare."""
        report, began = self._report, time.monotonic()
        async with self._simulator:
            text = CONFIGURATION.format(project=PROJECT, url=self._simulator.url)
            text += "".join(WORKFLOW.format(id=flow.id, name=flow.name) for flow in self._world.flows.values())
            (self._folder / "collector.toml").write_text(text, encoding="utf-8")
            async with self._scraped(time_passes=False) as life:
                # Before time begins, so that nothing of what is to be counted is past.
                await self._pages(life, lambda: len(self._watched()) == len(self._world.flows))
            for place in self._places():
                await self._killed(place)
            await self._compare()
        report.missed = [point for point in self._points if point and not report.kills[point]]
        report.violations = self._scraper.violations
        report.lines, report.repeated = self._told.lines, self._told.repeated
        if self._told.waiting:
            report.untold.append(f"{self._told.waiting} lines still wait at the end")
        report.scrapes, report.rate = self._scraper.scrapes, self._scraper.rate
        report.seconds = time.monotonic() - began
        return report

    def _places(self) -> list[str | None]:
        """Where to kill: at each failpoint as often as at every other, now and then at a random moment (None).

        At releases first: later there is hardly a series left that could be born.
        """
        once = self._points + self._random
        places = (once * (self._kills // len(once) + 1))[: max(self._kills, len(self._points))]
        self._chance.shuffle(places)
        return sorted(places, key=lambda place: not (place or "").startswith("release"))

    async def _killed(self, place: str | None) -> None:
        """One life, ended at a place; tried again where nothing was to be released, until there is nothing left."""
        place = None if self._all_released and (place or "").startswith("release") else place
        for _ in range(3):
            async with self._scraped(place and self._order(place)) as life:
                if place is None or place.startswith(("stop", "reload")):
                    await self._pages(life)
                    await life.over(within=self._chance.uniform(*LIFE))
                if place and place.startswith("stop"):
                    life.stop()
                if place and place.startswith("reload"):
                    self._edit()
                    life.reload()
                if place and place.startswith("commit"):
                    # What it shows by now, somebody has seen.
                    assert await life.met(place), life.lines[-20:]
                    await self._pages(life)
                    await self._pages(life)
                elif place:
                    await life.over(within=RELEASED_WITHIN if place.startswith("release") else PATIENCE)
            self._report.kills[life.hit or "random"] += 1
            if life.hit == place:
                return
        self._all_released = self._all_released or (place or "").startswith("release")

    def _order(self, place: str) -> str:
        often = (
            1
            if place.startswith(("st", "reload"))
            else self._chance.randint(1, 4 if place.startswith(("release", "deliver")) else 20)
        )
        return f"{place}:{often}:{LINGER if place.startswith('commit') else 0}"

    def _edit(self) -> None:
        """Change a rule of counting, so that every row is fitted anew; what is right stays so."""
        path = self._folder / "collector.toml"
        now, then = sorted(FORGETS, key=path.read_text("utf-8").count, reverse=True)
        path.write_text(path.read_text("utf-8").replace(now, then), "utf-8")

    @asynccontextmanager
    async def _scraped(self, failpoint: str | None = None, *, time_passes: bool = True):
        """A life that is scraped from its first moment on, and killed at the end of the block."""
        if time_passes:
            self._clock.skip(DOWN)
        async with living(self._folder, failpoint=failpoint) as life:
            scraping = asyncio.create_task(self._scrape(life, time_passes=time_passes))
            try:
                yield life
                life.kill()
                status = await life.ended()
                self._report.untold += await self._told.faults()
                if status not in (-signal.SIGKILL, 0) or any(BUG in line for line in life.lines):
                    self._report.died.append(f"it ended with {status}: {life.lines[-3:]}")
            finally:
                self._clock.stand()
                scraping.cancel()
                with suppress(asyncio.CancelledError):
                    await scraping

    async def _scrape(self, life: Life, *, time_passes: bool) -> None:
        address = await life.begun()
        if address and time_passes:
            self._clock.go()
        if address:
            await self._scraper.watch(address)

    async def _pages(self, life: Life, wanted=lambda: True) -> None:
        """Wait for a page that is as wanted."""

        async def until() -> None:
            await self._scraper.page()
            while not wanted():
                await self._scraper.page()

        pages, over = asyncio.create_task(until()), asyncio.create_task(life.ended())
        try:
            done, _ = await asyncio.wait({pages, over}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            assert pages in done, f"the collector never showed what it should: {life.lines[-20:]}"
        finally:
            pages.cancel()
            over.cancel()

    def _watched(self) -> list[bytes]:
        return [series for series in self._scraper.floor if series.startswith(b"aom_workflow_history_gaps_total")]

    def _truth(self, at: int) -> Totals:
        return {
            (workflow_id, node, status): count
            for workflow_id in self._world.flows
            for (node, status), count in self._world.truth(workflow_id, at).items()
            if count
        }

    async def _compare(self) -> None:
        """Once enough has ended, end all trouble, let time stand still, and wait for the truth."""
        async with self._scraped() as life:
            await self._pages(life)
            while sum(self._truth(self._clock()).values()) < self._endings:
                assert not await life.over(within=1.0), life.lines[-20:]
            self._trouble.calm()
            self._clock.stand()
            truth = self._truth(self._clock())
            self._report.endings = sum(truth.values())
            with suppress(AssertionError):  # said better below
                await self._pages(life, lambda: _settled(self._scraper.totals(), truth))
            # What counts twice does so at the next looks.
            enough = self._simulator.requests.total() + 4 * len(self._world.flows)
            await self._pages(life, lambda: self._simulator.requests.total() >= enough)
            counted = self._scraper.totals() | _durations(self._scraper.observed())
            truth |= _durations(truth)
            pairs = {key: (counted.get(key, 0), truth.get(key, 0)) for key in truth.keys() | counted.keys()}
            self._report.wrong = {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}
            life.stop()
            assert await life.over(within=PATIENCE), "it did not stop"
            assert await life.ended() == 0, life.lines[-20:]


def _durations(totals: Totals) -> Totals:
    """How many durations of node runs there have to be: every run that ended has one, one that never began has none."""
    return {
        (workflow_id, f"{node} (duration)", status): count
        for (workflow_id, node, status), count in totals.items()
        if node and status != "not_performed"
    }


def _settled(counted: Totals, truth: Totals) -> bool:
    """Whether no longer wait can change the judgement: all is counted, or something more than once."""
    return counted == truth or any(count > truth.get(key, 0) for key, count in counted.items())


@click.command()
@click.option("--kills", default=1000, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--endings", default=20_000, show_default=True, help="at least so many")
@click.option("--flows", default=FLOWS, show_default=True)
@click.option("--at", multiple=True, help="a failpoint; default: all of them")
def main(kills: int, seed: int, endings: int, flows: int, at: tuple[str, ...]) -> None:
    """Run once, and print what was found."""
    with tempfile.TemporaryDirectory() as folder:
        harness = Harness(Path(folder), kills=kills, seed=seed, endings=endings, flows=flows, at=at)
        report = turn(harness.run())
    click.echo(report)
    click.echo(f"kills: {dict(sorted(report.kills.items()))}")
    click.echo(f"trouble: {dict(report.trouble)}")
    missed = [f"missed: {point}" for point in report.missed]
    for line in missed + report.died[:20] + report.violations[:20] + report.untold[:20]:
        click.echo(line)
    for key, (counted, true) in list(report.wrong.items())[:20]:
        click.echo(f"{key}: counted {counted}, true {true}")
    faults = report.missed or report.died or report.violations or report.untold or report.wrong
    sys.exit(bool(faults or report.rate < LEAST_RATE))


if __name__ == "__main__":
    main()
