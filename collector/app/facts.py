"""What the status page and its JSON tell, from committed ledgers, what happened lately, and the schedule."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from collector import __version__
from collector.app.slot import NEVER, Slot
from collector.clock import Clock
from collector.config import Project as Configured
from collector.ledger import Ledger, recent
from collector.ledger.book import Node as NodeBook
from collector.ledger.book import Open, Tally
from collector.ledger.streak import length
from collector.model import FAILED, Key, Status
from collector.recent import LIST, STATE, Recent
from collector.web import Detail, Execution, Facts, Health, Look, Node, NodeRun, Project, Summary, Trouble

OF = {
    STATE: "the state",
    LIST: "the workflow list of",
    "config": "the configuration",
    "web_config": "the web configuration",
}


@dataclass(frozen=True, slots=True)
class _Basis:
    """What a summary was made from: while all of it is the same, so is the summary."""

    ledger: Ledger
    last: object
    overdue: bool
    look_at: float

    def is_of(self, slot: Slot) -> bool:
        same = self.ledger is slot.watched.row.ledger and self.last is slot.last
        return same and self.overdue == slot.overdue and self.look_at == slot.look_at


class Teller:
    """Tells how everything stands; `told` remembers summaries, for few workflows change between two requests."""

    def __init__(self, *, recent: Recent, clock: Clock) -> None:
        self._recent = recent
        self._clock = clock
        self._started_at = clock.now()
        self._told: dict[Key, tuple[_Basis, Summary]] = {}

    def facts(self, projects: Iterable[Configured], slots: Iterable[Slot]) -> Facts:
        """How everything stands now. Quick, whatever there is: all work is left to those who read it, in any thread."""
        watched = [slot for slot in slots if not slot.gone]
        by_key = cache(lambda: {slot.key: slot for slot in watched})
        at, skew = self._clock.now(), self._clock.now() - self._clock.monotonic() * 1000
        return Facts(
            version=__version__,
            at=at,
            started_at=self._started_at,
            projects=tuple(self._projects(projects, watched)),
            summaries=lambda: self._all(by_key(), skew),
            detail=lambda summary: self._detail(by_key()[Key(summary.project, summary.workflow_id)]),
            find=lambda execution: self._with(execution, watched, skew),
            troubles=tuple(self._troubles()),
        )

    def _projects(self, projects: Iterable[Configured], slots: Iterable[Slot]) -> Iterator[Project]:
        counts = Counter(slot.watched.workflow.key.project for slot in slots)
        for project in projects:
            yield Project(
                name=project.name,
                region=project.region,
                workflows=counts[project.name],
                discovers=project.discover is not None,
                listed_at=self._recent.listed.get(project.name),
                expires_at=self._recent.expires.get(project.name),
            )

    def _troubles(self) -> Iterator[Trouble]:
        for (kind, *project), lasting in sorted(self._recent.lasting.items()):
            yield Trouble(of=" ".join((OF[kind], *project)), since=lasting.since, says=lasting.says)

    def _all(self, slots: Mapping[Key, Slot], skew: float) -> list[Summary]:
        """A summary of every workflow there is; those that went are forgotten."""
        told = {key: self._one(slot, skew) for key, slot in slots.items()}
        self._told = told
        return [summary for _, summary in told.values()]

    def _one(self, slot: Slot, skew: float) -> tuple[_Basis, Summary]:
        known = self._told.get(slot.key)
        if known is not None and known[0].is_of(slot):
            return known
        return _Basis(slot.watched.row.ledger, slot.last, slot.overdue, slot.look_at), _summary(slot, skew)

    def _with(self, execution: str, slots: Iterable[Slot], skew: float) -> list[Summary]:
        """Summaries of the workflows that show an execution."""
        ledgers = ((slot, slot.watched.row.ledger) for slot in slots)
        found = [slot for slot, ledger in ledgers if execution in ledger.recent or execution in ledger.open]
        return [self._one(slot, skew)[1] for slot in found]

    def _detail(self, slot: Slot) -> Detail:
        ledger, workflow = slot.watched.row.ledger, slot.watched.workflow
        looks = self._recent.looks(slot.key)
        executions = tuple(_executions(ledger))
        return Detail(
            interval=workflow.interval,
            expect_every=workflow.expect_every,
            succeeded_at=next((look.at for look in looks if not look.failed), None),
            ended={str(status): count.total for status, count in ledger.executions.runs.items()},
            reopened=ledger.reopened.total,
            gaps=ledger.gaps.total,
            nodes=tuple(_nodes(ledger, executions)),
            executions=executions,
            looks=tuple(
                Look(
                    at=look.at,
                    outcome=look.outcome,
                    seconds=look.seconds,
                    ended=look.ended,
                    reason=look.reason or ("state" if look.failed else None),
                    says=look.says,
                )
                for look in looks
            ),
        )


def _summary(slot: Slot, skew: float) -> Summary:
    ledger, last = slot.watched.row.ledger, slot.last
    latest, failures = ledger.executions.latest, length(ledger.executions.streak)
    failing = [node.tally for node in ledger.nodes.values() if not node.gone and length(node.tally.streak)]
    up = False if slot.overdue else None if last is None else last.outcome != "failed"
    active = sum(run.shown and run.status is not None for run in ledger.open.values())
    return Summary(
        project=slot.key.project,
        workflow_id=slot.key.workflow_id,
        name=slot.watched.label,
        type=ledger.type,
        health=_health(ledger, up=up, failed=bool(failures or failing), active=active),
        up=up,
        looked_at=None if last is None else last.at,
        next_at=None if slot.look_at == NEVER else round(slot.look_at * 1000 + skew),
        status=None if latest is None else str(latest.status),
        begin=None if latest is None else latest.begin,
        end=None if latest is None else latest.end,
        failures=failures,
        failed_nodes=len(failing),
        failed_at=_failed_at([*failing, ledger.executions] if failures else failing),
        active=active,
        reason=None if last is None else last.reason or ("state" if last.says else None),
        says=None if last is None else last.says,
    )


def _health(ledger: Ledger, *, up: bool | None, failed: bool, active: int) -> Health:
    if up is False:
        return Health.UNSEEN
    if failed:
        return Health.FAILED
    if active:
        return Health.ACTIVE
    return Health.NEW if up is None and ledger.since is None else Health.FINE


def _failed_at(tallies: Iterable[Tally]) -> int | None:
    return max((end for tally in tallies for status, end in tally.ends.items() if status in FAILED), default=None)


def _executions(ledger: Ledger) -> Iterator[Execution]:
    """Those that are kept whole, and whatever else goes on; latest first."""
    going = {execution: run for execution, run in ledger.open.items() if run.shown and run.status is not None}
    kept = recent.executions(ledger.recent)
    names = {past.execution for past in kept}
    older = [_going(each, run) for each, run in going.items() if each not in names]
    for past in sorted([*kept, *older], key=lambda past: past.rank, reverse=True):
        runs = tuple(
            NodeRun(
                node=run.node,
                name=_name(ledger, run.node),
                status=str(run.status),
                begin=run.begin,
                end=run.end,
                failed=run.status in FAILED,
            )
            for run in past.runs
        )
        yield Execution(
            execution_id=past.execution,
            status=str(past.status),
            begin=past.begin,
            end=past.end,
            active=past.execution in going,
            failed=past.failed,
            nodes=runs,
            more=past.more,
        )


def _going(execution: str, run: Open) -> recent.Past:
    """What is known of an execution that goes on, beside its node runs that have ended."""
    runs = tuple(recent.PastRun(node.node, node.status, node.begin, None) for node in run.nodes)
    return recent.Past(execution, run.status or Status.UNKNOWN, run.begin, None, runs)


def _nodes(ledger: Ledger, executions: tuple[Execution, ...]) -> Iterator[Node]:
    going: dict[str, int] = {}
    for each in ledger.open.values():
        for run in each.nodes if each.shown else ():
            going[run.node] = going.get(run.node, 0) + 1
    for name, node in ledger.nodes.items():
        if not node.gone:
            yield _node(ledger, name, node, active=going.get(name, 0), failed_in=_failed_in(name, executions))


def _failed_in(node: str, executions: tuple[Execution, ...]) -> str | None:
    """The latest of the executions in which a node failed."""
    failed = (each.execution_id for each in executions if any(run.failed and run.node == node for run in each.nodes))
    return next(failed, None)


def _node(ledger: Ledger, name: str, node: NodeBook, *, active: int, failed_in: str | None) -> Node:
    latest, last, failures = node.tally.latest, node.tally.last, length(node.tally.streak)
    return Node(
        node=name,
        name=_name(ledger, name),
        status=None if latest is None else str(latest.status),
        begin=None if latest is None else latest.begin,
        end=None if latest is None else latest.end,
        duration=None if last is None else last.duration,
        failures=failures,
        active=active,
        execution_id=failed_in if failures else None,
    )


def _name(ledger: Ledger, node: str) -> str | None:
    book = ledger.nodes.get(node)
    return (book.name if book else None) or (ledger.definition or {}).get(node) or None
