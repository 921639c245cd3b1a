"""All workflows and what they did by any moment: a pure function of the seed, the workflow and the time.

Execution number `slot` of a workflow begins at a time of its own, which is known without its life. So answering costs
the same however long the world runs, and a workflow costs nothing until somebody asks for it. Times are milliseconds.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from collector.simulator import answers
from collector.simulator.life import Life, Step, Teller

DAY_MS = 86_400_000
PAST_PERIOD = 3600.0
PAST_SCRIPTS = ("success",) * 6 + ("fail", "cancel")
SCRIPTS = (
    *("success",) * 12,
    *("ignored", "fail", "retry", "stubborn", "skip", "cancel", "withdrawn", "refused", "timeout", "approval", "pause"),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flow:
    """One workflow: how often it runs (seconds), when first after the start, and what its first runs are like.

    `opening`: the scripts of its first runs, on time; later ones are drawn from `scripts`, up to a quarter of a period
    late. `verbatim`: an answer that never changes, instead of a life.
    """

    id: str
    name: str
    steps: tuple[Step, ...]
    period: float
    offset: float = 0.0
    opening: tuple[str, ...] = ()
    scripts: tuple[str, ...] = SCRIPTS
    type: str = "manual"
    verbatim: tuple[dict[str, Any], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """Workflows from a seed, beginning at `start` (ms); before that lies their past, an execution an hour.

    `pace`: how many times faster than true time. `kept`: how many executions a history shows.
    Every method that is handed a workflow's id raises `KeyError` for one that does not exist.
    """

    seed: int
    start: int
    flows: Mapping[str, Flow]
    pace: float = 1.0
    kept: int = 50

    def history(self, workflow_id: str, at: int, *, project_id: str = "") -> list[dict[str, Any]]:
        """The JSON records of a workflow's executions at a moment, newest first.

        Records may be shared between calls: read them, do not change them.
        """
        flow = self.flows[workflow_id]
        if flow.verbatim is not None:
            return list(flow.verbatim)
        return [_record(life, flow.id, project_id, at) for life in self.lives(workflow_id, at)]

    def lives(self, workflow_id: str, at: int) -> list[Life]:
        """The executions that the history shows at a moment, newest first; none where the answer never changes."""
        flow = self.flows[workflow_id]
        if flow.verbatim is not None:
            return []
        last = self._last(flow, at)
        return [self._life(flow, slot) for slot in range(last, last - self.kept, -1)]

    def detail(self, workflow_id: str, execution_id: str, at: int, *, project_id: str = "") -> dict[str, Any] | None:
        """The JSON record of one execution at a moment, None where the history does not show it."""
        records = self.history(workflow_id, at, project_id=project_id)
        return next((record for record in records if record["execution_id"] == execution_id), None)

    def listing(self, at: int, *, project_id: str = "") -> list[dict[str, Any]]:
        """The JSON elements of the workflow list at a moment, in the order of creation."""
        return [self.element(workflow_id, at, project_id=project_id) for workflow_id in self.flows]

    def element(self, workflow_id: str, at: int, *, project_id: str = "") -> dict[str, Any]:
        """One JSON element of the workflow list at a moment."""
        flow = self.flows[workflow_id]
        if flow.verbatim is None:
            last = _record(self._life(flow, self._last(flow, at)), flow.id, project_id, at)
        else:
            last = flow.verbatim[0]
        return answers.workflow(
            workflow_id=flow.id,
            name=flow.name,
            kind=flow.type,
            steps=flow.steps,
            created=self.created(workflow_id),
            last=last,
            project_id=project_id,
        )

    def created(self, workflow_id: str) -> int:
        """When the workflow was created: within the 30 days that ended a day before the start."""
        share = _share(self.seed, workflow_id, "created")
        return self.start - DAY_MS - round(share * 30 * DAY_MS)

    def begun(self, workflow_id: str, at: int) -> int:
        """When the workflow's newest execution began; cheap, for sorting many."""
        flow = self.flows[workflow_id]
        if flow.verbatim is not None:
            return int(flow.verbatim[0]["begin_time"])
        return self._begin(flow, self._last(flow, at))

    def truth(self, workflow_id: str, at: int, *, since: int | None = None) -> Counter[tuple[str | None, str]]:
        """How many endings there were after `since` (default: the start) up to `at`, by node and final status.

        The node is None for executions. Told by the lives themselves, not by what answers showed; takes time in
        proportion to `at`.
        """
        flow = self.flows[workflow_id]
        after = self.start if since is None else since
        if flow.verbatim is not None:
            return Counter()
        return Counter(
            (node, status)
            for life in self._lives_since(flow, after, at)
            for node, status, end in life.endings()
            if after < end <= at
        )

    def _lives_since(self, flow: Flow, after: int, at: int) -> Iterator[Life]:
        """All lives of which something may have ended between two moments."""
        longest = round(PAST_PERIOD * 1000 / self.pace)
        for slot in range(self._last(flow, after - longest), self._last(flow, at) + 1):
            yield self._life(flow, slot)

    def _last(self, flow: Flow, at: int) -> int:
        """The number of the newest execution that has begun."""
        seconds = (at - self.start) * self.pace / 1000
        slot = int((seconds - flow.offset) // flow.period) + 1
        if slot <= 0:
            slot = min(int(seconds // PAST_PERIOD) + 1, 0)
        while self._begin(flow, slot) > at:
            slot -= 1
        return slot

    def _begin(self, flow: Flow, slot: int) -> int:
        """When an execution begins; in the past one begins in the first half of every hour."""
        if slot < 0:
            seconds = (slot + _share(self.seed, flow.id, slot) / 2) * PAST_PERIOD
        elif slot < len(flow.opening):
            seconds = flow.offset + slot * flow.period
        else:
            seconds = flow.offset + (slot + _share(self.seed, flow.id, slot) / 4) * flow.period
        return self.start + round(seconds * 1000 / self.pace)

    def _life(self, flow: Flow, slot: int) -> Life:
        return _life(flow, slot, seed=self.seed, begin=self._begin(flow, slot), pace=self.pace)


def world(
    seed: int,
    *,
    workflows: int,
    start: int,
    pace: float = 1.0,
    kept: int = 20,
    scripts: tuple[str, ...] = SCRIPTS,
) -> World:
    """So many workflows of three to eight nodes that run every few minutes, all from one seed and all synthetic.

    `scripts`: what an execution's life is drawn from, each as often as it is named; `retry`, `stubborn` and `skip`
    end more than once.
    """
    steps = tuple(Step(f"step-{i}", f"Step {i}", 1.0, 12.0, (f"host-{i:02}",)) for i in range(1, 9))
    flows = {}
    for number in range(1, workflows + 1):
        chance = random.Random(f"{seed}:flow:{number}")  # noqa: S311  a story, not a secret
        flow = Flow(
            id=f"wf-{number:05}",
            name=f"Synthetic workflow {number}",
            steps=steps[: chance.randint(3, 8)],
            period=float(chance.randint(120, 900)),
            offset=chance.uniform(0, 120),
            scripts=scripts,
            type=chance.choice(("cron", "event", "manual")),
        )
        flows[flow.id] = flow
    return World(seed=seed, start=start, flows=flows, pace=pace, kept=kept)


@lru_cache(maxsize=50_000)
def _share(*name: object) -> float:
    """A number from 0 to below 1 that a name always has."""
    digest = blake2b(":".join(map(str, name)).encode(), digest_size=6).digest()
    return int.from_bytes(digest) / 2**48


@lru_cache(maxsize=20_000)
def _life(flow: Flow, slot: int, *, seed: int, begin: int, pace: float) -> Life:
    name = f"{seed}:{flow.id}:{slot}"
    teller = Teller(name, flow.steps, begin, pace=pace, quick=0 <= slot < len(flow.opening))
    if 0 <= slot < len(flow.opening):
        return teller.tell(flow.opening[slot])
    chance = random.Random(f"script:{name}")  # noqa: S311  a story, not a secret
    return teller.tell(chance.choice(PAST_SCRIPTS if slot < 0 else flow.scripts))


def _record(life: Life, workflow_id: str, project_id: str, at: int) -> dict[str, Any]:
    if at < life.settled:
        return answers.execution(life, workflow_id, project_id, at)
    return _settled(life, workflow_id, project_id)


@lru_cache(maxsize=20_000)
def _settled(life: Life, workflow_id: str, project_id: str) -> dict[str, Any]:
    return answers.execution(life, workflow_id, project_id, life.settled)
