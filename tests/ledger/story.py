"""Short words for writing executions' lives down in tests."""

from collector.ledger import Ledger, Rules, Step, advance, release, resume
from collector.ledger.book import Node
from collector.model import ExecutionRecord, Flaw, History, NodeRecord, Status, Targets

T0 = 1_700_000_000_000
"""When watching begins, in ms."""
RULES = Rules(execution_bounds=(1.0, 10.0, 60.0), node_bounds=(1.0, 10.0))
COUNT_PAST = Rules(history="count", execution_bounds=(1.0, 10.0, 60.0), node_bounds=(1.0, 10.0))
MINUTE = 60_000
DAY = 86_400_000


def at(seconds: float | None) -> int | None:
    """A moment in seconds after watching began (negative: before), as the wire gives it."""
    return None if seconds is None else T0 + round(seconds * 1000)


def run(
    status: str,
    begin: float | None = None,
    end: float | None = None,
    *,
    id: str = "e1",  # noqa: A002  the service's own word
    updated: float | None = None,
    nodes: tuple[NodeRecord, ...] = (),
) -> ExecutionRecord:
    return ExecutionRecord(id=id, status=Status(status), begin=at(begin), end=at(end), updated=at(updated), nodes=nodes)


def node(
    status: str,
    begin: float | None = None,
    end: float | None = None,
    *,
    node: str = "n",
    run: str | None = None,
    targets: Targets | None = None,
) -> NodeRecord:
    return NodeRecord(node=node, run=run, status=Status(status), begin=at(begin), end=at(end), targets=targets)


def history(*records: ExecutionRecord, flaws: tuple[Flaw, ...] = (), tail: bool = False) -> History:
    return History(records=records, digest=repr((records, flaws)).encode(), flaws=flaws, tail=tail)


class Watch:
    """A workflow being watched: answers go in, the ledger moves on; `now` is seconds after watching began."""

    def __init__(self, rules: Rules = RULES, ledger: Ledger | None = None, *, label: str = "wf") -> None:
        self.rules = rules
        self.now = 0.0
        self.ledger = resume(ledger or Ledger(), label=label, rules=rules, now=T0).ledger

    def sees(self, *records: ExecutionRecord, now: float | None = None, **more: object) -> Step:
        self.now = self.now + 60 if now is None else now
        answer = history(*records, **more)  # type: ignore[arg-type]
        step = advance(self.ledger, answer, self.rules, T0 + round(self.now * 1000))
        self.ledger = step.ledger
        return step

    def begins(self, *records: ExecutionRecord) -> "Watch":
        self.sees(*records, now=0.0)
        return self

    def releases(self, now: float) -> Step:
        step = release(self.ledger, T0 + round(now * 1000))
        self.ledger = step.ledger
        return step

    def total(self, status: str) -> int:
        count = self.ledger.executions.runs.get(Status(status))
        return count.total if count else 0

    def shown(self, status: str) -> int:
        return self.ledger.executions.runs[Status(status)].published

    def node_total(self, status: str, name: str = "n") -> int:
        count = self.node(name).tally.runs.get(Status(status))
        return count.total if count else 0

    def node(self, name: str = "n") -> Node:
        return self.ledger.nodes[name]

    def durations(self, status: str) -> list[int]:
        histogram = self.ledger.executions.durations.get(Status(status))
        return list(histogram.counts) if histogram else []
