"""A world in which much ends in little time."""

from collector.simulator import World
from collector.simulator.life import Step
from collector.simulator.world import Flow

SCRIPTS = ("success", "success", "ignored", "fail", "cancel", "refused", "timeout", "retry", "stubborn", "skip")
STEPS = tuple(Step(f"step-{number}", f"Step {number}", 0.05, 0.5, (f"host-{number}",)) for number in range(1, 5))


def brisk(*, workflows: int, start: int, kept: int) -> World:
    """Workflows that run every half second; a third of their executions ends more than once."""
    names = [f"wf-{number:05}" for number in range(1, workflows + 1)]
    flows = {name: Flow(id=name, name=name, steps=STEPS, period=0.5, scripts=SCRIPTS) for name in names}
    return World(seed=5, start=start, flows=flows, kept=kept)
