"""One execution's life, from a script: the phases it goes through and the node runs in them. Pure.

Times are milliseconds since the epoch. What an answer shows at a moment is read from the life, never stored.
"""

import random
from dataclasses import dataclass, field

FINAL = ("success", "fail", "cancel", "approvalFailed", "timeout")
SCRIPTS = (
    "success",
    "ignored",
    "fail",
    "retry",
    "skip",
    "cancel",
    "refused",
    "timeout",
    "approval",
    "pause",
    "waiting",
)


@dataclass(frozen=True, slots=True)
class Step:
    """A node of a workflow: its id, its display name, how long it takes (seconds), and what it works on."""

    id: str
    name: str
    low: float
    high: float
    targets: tuple[str, ...] = ()
    beside: bool = False
    """It runs beside the node before it."""


@dataclass(frozen=True, slots=True)
class Phase:
    """From `at` on the execution has this status."""

    at: int
    status: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one node. `failed`: how many of its targets failed."""

    node: str
    id: str
    begin: int
    end: int
    status: str
    targets: tuple[str, ...] = ()
    failed: int = 0


@dataclass(slots=True)
class Life:
    """One execution: its phases in order, the runs of its nodes in order of begin, and all nodes it could run."""

    id: str
    nodes: tuple[str, ...]
    phases: list[Phase] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    @property
    def begin(self) -> int:
        """When it was created."""
        return self.phases[0].at

    def phase(self, at: int) -> Phase | None:
        """The phase it is in, None before it begins."""
        return next((phase for phase in reversed(self.phases) if phase.at <= at), None)

    def shown(self, at: int) -> list[Run]:
        """The last run of each node that has begun: a run that is restarted takes the place of the one before."""
        return list({run.node: run for run in self.runs if run.begin <= at}.values())

    def endings(self, until: int) -> list[tuple[str | None, str, int]]:
        """What has ended by then: the node (None for the execution), the final status, and when."""
        found: list[tuple[str | None, str, int]] = []
        for phase in self.phases:
            if phase.status in FINAL and phase.at <= until:
                found.append((None, phase.status, phase.at))
                begun = {run.node for run in self.runs if run.begin <= phase.at}
                found += [(node, "not_performed", phase.at) for node in self.nodes if node not in begun and begun]
        return found + [(run.node, run.status, run.end) for run in self.runs if run.end <= until]


class Teller:
    """Unfolds a script. `pace` stretches every duration; `quick` keeps nodes at their shortest."""

    def __init__(self, name: str, steps: tuple[Step, ...], start: int, *, quick: bool = False) -> None:
        self._chance = random.Random(name)  # noqa: S311  a story, not a secret
        self._steps = steps
        self._quick = quick
        self._now = start
        self.life = Life(f"{self._chance.getrandbits(128):032x}", tuple(step.id for step in steps))

    def tell(self, script: str) -> Life:
        """The whole life."""
        self._phase("waitExecute")
        self._pass(0.4, 1.2)
        if script in ("approval", "refused", "waiting"):
            self._phase("waitApproval")
            low, high = {"approval": (8, 20), "refused": (6, 9), "waiting": (720, 780)}[script]
            self._pass(low, high)
        if script == "refused":
            self._phase("approvalFailed")
            return self.life
        self._phase("executing")
        getattr(self, f"_{script}", self._success)()
        return self.life

    def _success(self) -> None:
        self._run(self._steps)
        self._phase("success")

    def _ignored(self) -> None:
        self._run(self._steps[:-1], {self._steps[-2].id: "fail"})
        self._run(self._steps[-1:])
        self._phase("success")

    def _fail(self) -> None:
        culprit = self._culprit()
        self._run(self._steps[: culprit + 1], {self._steps[culprit].id: "fail"})
        self._phase("fail")

    def _retry(self) -> None:
        culprit = self._culprit()
        self._run(self._steps[: culprit + 1], {self._steps[culprit].id: "fail"})
        self._phase("fail")
        self._pass(7, 12)
        self._phase("executing")
        self._run(self._steps[culprit:])
        self._phase("success")

    def _skip(self) -> None:
        culprit = self._culprit()
        self._run(self._steps[: culprit + 1], {self._steps[culprit].id: "fail"})
        self._phase("fail")
        self._pass(6, 10)
        self._phase("executing")
        self._run(self._steps[culprit + 1 :])
        self._phase("success")

    def _cancel(self) -> None:
        self._run(self._steps[:-1], {self._steps[-2].id: "cancel"})
        self._phase("canceling")
        self._pass(2, 4)
        self._phase("cancel")

    def _timeout(self) -> None:
        self._run(self._steps[:2], {self._steps[1].id: "timeout"})
        self._phase("timeout")

    def _pause(self) -> None:
        self._run(self._steps[:1])
        self._phase("pausing")
        self._pass(40, 60)
        self._phase("executing")
        self._run(self._steps[1:])
        self._phase("success")

    def _culprit(self) -> int:
        """The node that fails, never the last, so that something stays unperformed."""
        return self._chance.randrange(1, len(self._steps) - 1)

    def _phase(self, status: str) -> None:
        self.life.phases.append(Phase(self._now, status))

    def _pass(self, low: float, high: float) -> None:
        self._now += round(self._chance.uniform(low, high) * 1000)

    def _run(self, steps: tuple[Step, ...], ends: dict[str, str] | None = None) -> None:
        """Run nodes one after another; one that runs beside another begins with it."""
        begin = self._now
        for step in steps:
            begin = begin if step.beside else self._now
            took = step.low if self._quick else self._chance.uniform(step.low, step.high)
            end = begin + round(took * 1000)
            status = (ends or {}).get(step.id, "success")
            failed = self._chance.randint(1, len(step.targets)) if status != "success" and step.targets else 0
            run = f"{self._chance.getrandbits(128):032x}"
            self.life.runs.append(Run(step.id, run, begin, end, status, step.targets, failed))
            self._now = max(self._now, end)
