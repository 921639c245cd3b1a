"""How many series a workflow will have: as its history is now, and at most, by the page's own rendering."""

import sys

from collector.app.terms import rules_of
from collector.clock import Clock
from collector.config import Settings
from collector.exposition import Exposition, Own
from collector.ledger import Ledger, advance, learn, resume
from collector.model import (
    ACTIVE,
    FINAL,
    NODE_FINAL,
    Definition,
    ExecutionRecord,
    History,
    NodeRecord,
    Status,
    Targets,
    Workflow,
)

MINUTE = 60_000


class Forecast:
    """Renders each workflow by itself and counts its samples; nothing is kept and nothing is shown."""

    def __init__(self, settings: Settings, *, clock: Clock) -> None:
        self._rules = rules_of(settings)
        self._clock = clock
        self._page = Exposition(
            stale_after=settings.stale_after,
            first_zero=settings.first_zero,
            disable=settings.disable,
            max_series=sys.maxsize,
            own=Own(clock=clock),
        )

    def of(self, workflow: Workflow, answer: History, definition: Definition | None) -> tuple[int, int]:
        """The samples of a workflow: now, and once every status has occurred at every node that is known."""
        now, label = self._clock.now(), workflow.label(definition.name if definition else "")
        fresh = Ledger(project_id=workflow.project_id)
        ledger = resume(fresh, label=label, rules=self._rules, now=now).ledger
        if definition is not None:
            ledger = learn(ledger, definition, label=label, rules=self._rules, now=now).ledger
        ledger = advance(ledger, answer, self._rules, now).ledger
        everything = advance(ledger, _everything(sorted(ledger.nodes), now), self._rules, now).ledger
        return self._samples(workflow, ledger), self._samples(workflow, everything)

    def _samples(self, workflow: Workflow, ledger: Ledger) -> int:
        self._page.watch(workflow, ledger, restored=False)
        self._page.polled(workflow.key, ok=True, at=self._clock.now(), reason=None)
        samples = self._page.samples
        self._page.forget(workflow.key)
        return samples


def _everything(nodes: list[str], now: int) -> History:
    """A made-up answer in which an execution is in each status, and in each of them every node in each of its own."""
    records = [_execution(status, number, nodes, now) for number, status in enumerate((*FINAL, *ACTIVE))]
    return History(records=tuple(records), digest=b"everything")


def _execution(status: Status, number: int, nodes: list[str], now: int) -> ExecutionRecord:
    begin, end = now - MINUTE, now
    runs = [
        NodeRecord(
            node=node,
            run=f"forecast-{number}-{node}-{each}",
            status=each,
            begin=begin,
            end=end if each in NODE_FINAL else None,
            targets=Targets(1, 1, 1, 1),
        )
        for node in nodes
        for each in (*NODE_FINAL, *ACTIVE)
    ]
    return ExecutionRecord(
        id=f"forecast-{number}",
        status=status,
        begin=begin,
        end=end if status in FINAL else None,
        updated=now,
        nodes=tuple(runs),
    )
