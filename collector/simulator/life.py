"""One execution's life, told from a script: the phases it goes through and the node runs in them. Pure.

Times are milliseconds since the epoch. What an answer shows at a moment is read from the life, never stored.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

FINAL = ("success", "fail", "cancel", "approvalFailed", "timeout")


@dataclass(frozen=True, slots=True)
class Step:
    """A node of a workflow: id, display name, shortest and longest run (seconds), and what it works on.

    `beside`: it begins together with the node before it.
    """

    id: str
    name: str
    low: float
    high: float
    targets: tuple[str, ...] = ()
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Phase:
    """From `at` on the execution has this status."""

    at: int
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one node. `failed`: how many of its targets failed."""

    node: str
    id: str
    begin: int
    end: int
    status: str
    targets: tuple[str, ...] = ()
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Life:
    """One execution: its phases in order, the runs of its nodes in order of begin, and all nodes it could run."""

    id: str
    nodes: tuple[str, ...]
    phases: tuple[Phase, ...]
    runs: tuple[Run, ...]

    @property
    def begin(self) -> int:
        """When it was created."""
        return self.phases[0].at

    @property
    def settled(self) -> int:
        """From this moment on nothing of it changes any more."""
        return max(self.phases[-1].at, *(run.end for run in self.runs), 0)

    def phase(self, at: int) -> Phase | None:
        """The phase it is in, None before it begins."""
        return next((phase for phase in reversed(self.phases) if phase.at <= at), None)

    def shown(self, at: int) -> list[Run]:
        """The last run of each node that has begun: a run that is restarted takes the place of the one before."""
        return list({run.node: run for run in self.runs if run.begin <= at}.values())

    def unperformed(self, at: int) -> list[str]:
        """The nodes it has not come to, once it is over and had come to any."""
        phase = self.phase(at)
        begun = {run.node for run in self.runs if run.begin <= at}
        over = phase is not None and phase.status in FINAL
        return [node for node in self.nodes if node not in begun] if over and begun else []

    def endings(self) -> list[tuple[str | None, str, int]]:
        """All that ends in it: the node (None for the execution), the final status, and when.

        A node it has not come to ends once as `not_performed`, however often the execution ends without it.
        """
        over = [phase for phase in self.phases if phase.status in FINAL]
        first = over[0].at
        return [
            *((None, phase.status, phase.at) for phase in over),
            *((node, "not_performed", first) for node in self.unperformed(first)),
            *((run.node, run.status, run.end) for run in self.runs),
        ]


class Teller:
    """Unfolds a script from a name: the same name, steps and begin are always the same life.

    `steps`: three or more. `pace` divides every duration; `quick` keeps nodes at their shortest.
    """

    def __init__(self, name: str, steps: Sequence[Step], begin: int, *, pace: float = 1.0, quick: bool = False) -> None:
        self._chance = random.Random(name)  # noqa: S311  a story, not a secret
        self._id = self._new_id()
        self._steps = steps
        self._pace = pace
        self._quick = quick
        self._now = begin
        self._phases: list[Phase] = []
        self._runs: list[Run] = []

    def tell(self, script: str) -> Life:
        """The whole life; raises `KeyError` for a script that is not in `SCRIPTS`."""
        self._phase("waitExecute", 0.4, 1.2)
        SCRIPTS[script](self)
        nodes = tuple(step.id for step in self._steps)
        return Life(id=self._id, nodes=nodes, phases=tuple(self._phases), runs=tuple(self._runs))

    def success(self) -> None:
        """Every node succeeds."""
        self._phase("executing")
        self._run(self._steps)
        self._phase("success")

    def ignored(self) -> None:
        """A node fails, but its failures are ignored."""
        self._phase("executing")
        self._run(self._steps, {self._steps[-2].id: "fail"})
        self._phase("success")

    def fail(self) -> None:
        """A node fails, and nobody takes care of it."""
        self._breaks(self._culprit())

    def retry(self) -> None:
        """A node fails, an operator has it run again, and this time it succeeds."""
        culprit = self._culprit()
        rest = self._breaks(culprit, 7, 12)
        self._phase("executing")
        self._run([self._steps[culprit], *rest])
        self._phase("success")

    def stubborn(self) -> None:
        """A node fails, an operator has it run again, and it fails again."""
        culprit = self._culprit()
        self._breaks(culprit, 5, 10)
        self._phase("executing")
        self._run([self._steps[culprit]], {self._steps[culprit].id: "fail"})
        self._phase("fail")

    def skip(self) -> None:
        """A node fails, and an operator has the execution go on without it."""
        rest = self._breaks(self._culprit(), 6, 10)
        self._phase("executing")
        self._run(rest)
        self._phase("success")

    def cancel(self) -> None:
        """Somebody terminates it while its last node but one runs."""
        self._phase("executing")
        self._run(self._steps[:-1], {self._steps[-2].id: "cancel"})
        self._phase("canceling", 2, 4)
        self._phase("cancel")

    def withdrawn(self) -> None:
        """Somebody terminates it while it waits for approval."""
        self._phase("waitApproval", 5, 15)
        self._phase("canceling", 1, 2)
        self._phase("cancel")

    def refused(self) -> None:
        """The approver says no."""
        self._phase("waitApproval", 6, 9)
        self._phase("approvalFailed")

    def approval(self) -> None:
        """The approver says yes, and every node succeeds."""
        self._phase("waitApproval", 8, 20)
        self.success()

    def waiting(self) -> None:
        """The approver takes more than ten minutes to say yes."""
        self._phase("waitApproval", 720, 780)
        self.success()

    def timeout(self) -> None:
        """The second node takes too long."""
        self._phase("executing")
        self._run(self._steps[:2], {self._steps[1].id: "timeout"})
        self._phase("timeout")

    def pause(self) -> None:
        """It stops after its first node until an operator has it go on."""
        self._phase("executing")
        self._run(self._steps[:1])
        self._phase("pausing", 40, 60)
        self._phase("executing")
        self._run(self._steps[1:])
        self._phase("success")

    def _culprit(self) -> int:
        """The place of the node that fails: never the last, so that something stays unperformed."""
        return self._chance.randrange(1, len(self._steps) - 1)

    def _breaks(self, culprit: int, low: float = 0, high: float = 0) -> Sequence[Step]:
        """Run until a node fails, beside which others may still come to their end; returns the steps after these."""
        after = culprit + 1
        while after < len(self._steps) and self._steps[after].beside:
            after += 1
        self._phase("executing")
        self._run(self._steps[:after], {self._steps[culprit].id: "fail"})
        self._phase("fail", low, high)
        return self._steps[after:]

    def _phase(self, status: str, low: float = 0, high: float = 0) -> None:
        """Enter a phase and stay in it for so many seconds."""
        self._phases.append(Phase(self._now, status))
        self._now += self._ms(self._chance.uniform(low, high))

    def _run(self, steps: Sequence[Step], ends: Mapping[str, str] | None = None) -> None:
        """Run nodes one after another, some beside each other; those not in `ends` succeed."""
        begin = self._now
        for step in steps:
            begin = begin if step.beside else self._now
            took = step.low if self._quick else self._chance.uniform(step.low, step.high)
            status = (ends or {}).get(step.id, "success")
            targets = step.targets[: self._chance.randint(1, max(len(step.targets), 1))]
            failed = self._chance.randint(1, len(targets)) if status != "success" and targets else 0
            end = begin + self._ms(took)
            self._runs.append(
                Run(
                    node=step.id,
                    id=self._new_id(),
                    begin=begin,
                    end=end,
                    status=status,
                    targets=targets,
                    failed=failed,
                )
            )
            self._now = max(self._now, end)

    def _ms(self, seconds: float) -> int:
        return round(seconds * 1000 / self._pace)

    def _new_id(self) -> str:
        return f"{self._chance.getrandbits(128):032x}"


SCRIPTS: Mapping[str, Callable[[Teller], None]] = {
    "success": Teller.success,
    "ignored": Teller.ignored,
    "fail": Teller.fail,
    "retry": Teller.retry,
    "stubborn": Teller.stubborn,
    "skip": Teller.skip,
    "cancel": Teller.cancel,
    "withdrawn": Teller.withdrawn,
    "refused": Teller.refused,
    "approval": Teller.approval,
    "waiting": Teller.waiting,
    "timeout": Teller.timeout,
    "pause": Teller.pause,
}
