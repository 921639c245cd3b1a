"""All workflows and what they did by any moment: a pure function of the seed, the workflow and the time.

Execution number `slot` of a workflow begins at a time of its own, so answering costs the same however long the world
runs.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from collector.simulator import answers
from collector.simulator.life import Life, Step, Teller

KEPT = 30
PAST_PERIOD = 3600.0
SCRIPTS = ("success",) * 10 + ("ignored", "fail", "retry", "skip", "cancel", "refused", "timeout", "approval", "pause")
PAST_SCRIPTS = ("success",) * 6 + ("fail", "cancel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One workflow: how often it runs (seconds), when first after the start, and what its first runs are like.

    `verbatim`: an answer that never changes, instead of a life.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Workflows from a seed, beginning at `start` (ms); before that lies their past."""

    seed: int
    start: int
    flows: dict[str, Flow] = field(hash=False)

    def lives(self, workflow_id: str, at: int) -> list[Life]:
        """The executions that a workflow's history shows at a moment (ms), newest first."""
        flow = self.flows[workflow_id]
        if flow.verbatim is not None:
            return []
        last = int((at - self.start) / 1000 - flow.offset) // max(int(flow.period), 1)
        slots = range(max(last, -1) + 1, max(last, -1) + 1 - KEPT, -1)
        found = (_life(self.seed, self.start, flow.id, flow, slot) for slot in slots)
        return [life for life in found if life.begin <= at][:KEPT]

    def history(self, workflow_id: str, at: int, *, project_id: str = "") -> list[dict[str, Any]]:
        """The JSON records of a workflow's executions at a moment (ms)."""
        flow = self.flows[workflow_id]
        if flow.verbatim is not None:
            return list(flow.verbatim)
        return [answers.execution(life, flow.id, project_id, at) for life in self.lives(workflow_id, at)]

    def listing(self, at: int, *, project_id: str = "") -> list[dict[str, Any]]:
        """The JSON elements of the workflow list at a moment (ms)."""
        return [
            answers.workflow(flow.id, flow.name, flow.type, flow.steps, self.lives(flow.id, at), project_id, at)
            for flow in self.flows.values()
        ]

    def truth(self, workflow_id: str, at: int) -> Counter[tuple[str | None, str]]:
        """How many endings there were from the start to a moment (ms), by node (None: the execution) and status."""
        flow = self.flows[workflow_id]
        if flow.verbatim is not None:
            return Counter()
        last = max(int((at - self.start) / 1000 - flow.offset) // max(int(flow.period), 1), -1) + 1
        lives = [_life(self.seed, self.start, flow.id, flow, slot) for slot in range(-3, last + 1)]
        return Counter((node, status) for life in lives for node, status, end in life.endings(at) if end >= self.start)


@lru_cache(maxsize=4096)
def _life(seed: int, start: int, workflow: str, flow: Flow, slot: int) -> Life:
    """Execution number `slot`; the past has negative numbers and lies an hour apart."""
    name = f"{seed}:{workflow}:{slot}"
    chance = random.Random(f"script:{name}")  # noqa: S311  a story, not a secret
    if slot < 0:
        begin = start + round(slot * PAST_PERIOD * 1000)
        return Teller(name, flow.steps, begin).tell(chance.choice(PAST_SCRIPTS))
    begin = start + round((flow.offset + slot * flow.period) * 1000)
    if slot < len(flow.opening):
        return Teller(name, flow.steps, begin, quick=True).tell(flow.opening[slot])
    begin += round(chance.uniform(0, flow.period / 4) * 1000)
    return Teller(name, flow.steps, begin).tell(chance.choice(flow.scripts))


def world(seed: int, *, workflows: int, start: int) -> World:
    """So many workflows that run now and then, all from one seed."""
    steps = tuple(Step(f"step-{i}", f"Step {i}", 1.0, 12.0, (f"host-{i:02}",)) for i in range(1, 9))
    flows = {}
    for number in range(1, workflows + 1):
        chance = random.Random(f"{seed}:flow:{number}")  # noqa: S311  a story, not a secret
        flow = Flow(
            id=f"wf-{number:05}",
            name=f"Workflow {number}",
            steps=steps[: chance.randint(3, 8)],
            period=float(chance.randint(120, 900)),
            offset=chance.uniform(0, 120),
        )
        flows[flow.id] = flow
    return World(seed=seed, start=start, flows=flows)
