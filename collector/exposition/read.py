"""How each family is read from a ledger: label values in order, then the value. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from collector.ledger import Ledger
from collector.ledger.book import Count, Histogram, Node, Open, Tally
from collector.ledger.streak import length
from collector.model import ACTIVE, Status, Workflow

Observations = tuple[Histogram, tuple[float, ...]]
"""A histogram and the upper bounds of its buckets."""
Value = int | float | Count | Observations
Sample = tuple[tuple[str, ...], Value]
"""The label values of one sample in the family's order, and its value."""

_ALWAYS = (Status.SUCCESS, Status.FAIL)


@dataclass(frozen=True, slots=True)
class View:
    """One watched workflow and its committed ledger."""

    workflow: Workflow
    ledger: Ledger

    @property
    def label(self) -> str:
        """The value of the `workflow` label."""
        return self.workflow.name or self.ledger.name or self.workflow.key.workflow_id


def seconds(ms: int) -> float:
    """A timestamp as Prometheus wants it."""
    return ms / 1000


def info(view: View) -> Iterator[Sample]:
    yield (view.ledger.type,), 1


def expected_interval(view: View) -> Iterator[Sample]:
    if view.workflow.expect_every is not None:
        yield (), view.workflow.expect_every


def executions(view: View) -> Iterator[Sample]:
    return _runs(view.ledger.executions)


def execution_durations(view: View) -> Iterator[Sample]:
    return _durations(view.ledger.executions, view.ledger.execution_bounds)


def executions_active(view: View) -> Iterator[Sample]:
    active = Counter(state.status for state in _shown(view.ledger) if state.status is not None)
    for status in dict.fromkeys((*ACTIVE, *view.ledger.executions.seen_active)):
        yield (status,), active[status]


def oldest_active(view: View) -> Iterator[Sample]:
    oldest: dict[str, int] = {}
    for state in _shown(view.ledger):
        if state.status is not None and state.begin is not None:
            oldest[state.status] = min(state.begin, oldest.get(state.status, state.begin))
    for status, begin in sorted(oldest.items()):
        yield (status,), seconds(begin)


def last_execution_status(view: View) -> Iterator[Sample]:
    return _state_set(view.ledger.executions)


def last_ended_duration(view: View) -> Iterator[Sample]:
    return _last_duration(view.ledger.executions)


def last_end(view: View) -> Iterator[Sample]:
    return _last_end(view.ledger.executions)


def consecutive_failures(view: View) -> Iterator[Sample]:
    yield (), length(view.ledger.executions.streak)


def reopened(view: View) -> Iterator[Sample]:
    yield (), view.ledger.reopened


def gaps(view: View) -> Iterator[Sample]:
    yield (), view.ledger.gaps


def node_info(view: View) -> Iterator[Sample]:
    for name, node in view.ledger.nodes.items():
        if node.name is not None:
            yield (name, node.name), 1


def node_runs(view: View) -> Iterator[Sample]:
    return _of_nodes(view.ledger.nodes.items(), _runs)


def node_durations(view: View) -> Iterator[Sample]:
    return _of_nodes(view.ledger.nodes.items(), lambda tally: _durations(tally, view.ledger.node_bounds))


def node_runs_active(view: View) -> Iterator[Sample]:
    active = Counter((run.node, run.status) for state in _shown(view.ledger) for run in state.nodes)
    for name, node in _present(view.ledger):
        for status in dict.fromkeys((Status.EXECUTING, *node.tally.seen_active)):
            yield (name, status), active[name, status]


def node_oldest_active(view: View) -> Iterator[Sample]:
    oldest: dict[str, int] = {}
    for state in _shown(view.ledger):
        for run in state.nodes:
            if run.begin is not None:
                oldest[run.node] = min(run.begin, oldest.get(run.node, run.begin))
    for name, _ in _present(view.ledger):
        if name in oldest:
            yield (name,), seconds(oldest[name])


def node_last_run_status(view: View) -> Iterator[Sample]:
    return _of_nodes(_present(view.ledger), _state_set)


def node_last_ended_duration(view: View) -> Iterator[Sample]:
    return _of_nodes(_present(view.ledger), _last_duration)


def node_last_end(view: View) -> Iterator[Sample]:
    return _of_nodes(_present(view.ledger), _last_end)


def node_consecutive_failures(view: View) -> Iterator[Sample]:
    for name, node in _present(view.ledger):
        yield (name,), length(node.tally.streak)


def node_targets(view: View) -> Iterator[Sample]:
    for name, node in view.ledger.nodes.items():
        for outcome, count in node.targets.items():
            yield (name, outcome), count


def _shown(ledger: Ledger) -> list[Open]:
    return [state for state in ledger.open.values() if state.shown]


def _present(ledger: Ledger) -> Iterator[tuple[str, Node]]:
    """The nodes that the workflow still has."""
    return ((name, node) for name, node in ledger.nodes.items() if not node.gone)


def _of_nodes(nodes: Iterable[tuple[str, Node]], reader: Callable[[Tally], Iterator[Sample]]) -> Iterator[Sample]:
    for name, node in nodes:
        for labels, value in reader(node.tally):
            yield (name, *labels), value


def _runs(tally: Tally) -> Iterator[Sample]:
    for status, count in tally.runs.items():
        yield (status,), count


def _durations(tally: Tally, bounds: tuple[float, ...]) -> Iterator[Sample]:
    for status, histogram in tally.durations.items():
        yield (status,), (histogram, bounds)


def _state_set(tally: Tally) -> Iterator[Sample]:
    if tally.latest is not None:
        for status in dict.fromkeys((*_ALWAYS, *tally.seen)):
            yield (status,), int(status == tally.latest.status)


def _last_duration(tally: Tally) -> Iterator[Sample]:
    if tally.last is not None and tally.last.duration is not None:
        yield (), tally.last.duration


def _last_end(tally: Tally) -> Iterator[Sample]:
    for status, end in tally.ends.items():
        yield (status,), seconds(end)
