"""The catalog: one row per family of `/metrics` that is read from ledgers, with how it is read. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from collector.exposition import read
from collector.exposition.read import Sample, View

LABELS = ("project", "workflow_id", "workflow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One family. `labels` come after those of the workflow; `now`: a fact about now, withheld when it is stale.

    `read` gives the samples of one workflow: label values in the order of `labels`, then the value.
    """

    name: str
    type: str
    labels: tuple[str, ...]
    help: str
    read: Callable[[View], Iterable[Sample]]
    now: bool = False
    bare: bool = False
    """Shown for a watched workflow even before its first good answer, and past the cap on series."""


def _watching(reader: Callable[[View], Iterable[Sample]]) -> Callable[[View], Iterable[Sample]]:
    """Nothing, until watching has begun."""

    def read_when_watching(view: View) -> Iterator[Sample]:
        if view.ledger.since is not None:
            yield from reader(view)

    return read_when_watching


def _family(
    name: str,
    type: str,  # noqa: A002  the exposition format's word
    labels: str,
    help: str,  # noqa: A002  the exposition format's word
    reader: Callable[[View], Iterable[Sample]],
    *,
    now: bool = False,
    bare: bool = False,
) -> Family:
    return Family(
        name=name,
        type=type,
        labels=tuple(labels.split()),
        help=help,
        read=reader if bare else _watching(reader),
        now=now,
        bare=bare,
    )


CATALOG: tuple[Family, ...] = (
    _family("aom_workflow_info", "gauge", "type", "A watched workflow.", read.info, bare=True),
    _family(
        "aom_workflow_executions_total", "counter", "status", "Executions that ended, by final status.", read.executions
    ),
    _family(
        "aom_workflow_execution_duration_seconds",
        "histogram",
        "status",
        "Duration of executions from begin to their first ending.",
        read.execution_durations,
    ),
    _family(
        "aom_workflow_executions_active",
        "gauge",
        "status",
        "Executions in each active status now.",
        read.executions_active,
        now=True,
    ),
    _family(
        "aom_workflow_oldest_active_begin_timestamp_seconds",
        "gauge",
        "status",
        "Begin of the oldest execution in this active status.",
        read.oldest_active,
        now=True,
    ),
    _family(
        "aom_workflow_last_execution_status",
        "gauge",
        "status",
        "State set of the execution that began last.",
        read.last_execution_status,
    ),
    _family(
        "aom_workflow_last_ended_duration_seconds",
        "gauge",
        "",
        "Duration of the execution that ended last.",
        read.last_ended_duration,
    ),
    _family(
        "aom_workflow_last_end_timestamp_seconds",
        "gauge",
        "status",
        "When an execution last ended in this status.",
        read.last_end,
    ),
    _family(
        "aom_workflow_consecutive_failures",
        "gauge",
        "",
        "Executions that failed since the last that succeeded.",
        read.consecutive_failures,
    ),
    _family(
        "aom_workflow_reopened_executions_total",
        "counter",
        "",
        "Executions that were final and went on.",
        read.reopened,
    ),
    _family(
        "aom_workflow_history_gaps_total",
        "counter",
        "",
        "Answers that shared no execution with the one before, so that runs may have been missed.",
        read.gaps,
    ),
    _family(
        "aom_workflow_expected_interval_seconds",
        "gauge",
        "",
        "How often an execution is expected to begin, where configured.",
        read.expected_interval,
        bare=True,
    ),
    _family("aom_workflow_node_info", "gauge", "node name", "A node's display name, where known.", read.node_info),
    _family(
        "aom_workflow_node_runs_total",
        "counter",
        "node status",
        "Node runs that ended, by final status.",
        read.node_runs,
    ),
    _family(
        "aom_workflow_node_run_duration_seconds",
        "histogram",
        "node status",
        "Duration of node runs.",
        read.node_durations,
    ),
    _family(
        "aom_workflow_node_runs_active",
        "gauge",
        "node status",
        "Node runs in each active status now.",
        read.node_runs_active,
        now=True,
    ),
    _family(
        "aom_workflow_node_oldest_active_begin_timestamp_seconds",
        "gauge",
        "node",
        "Begin of the node's oldest active run.",
        read.node_oldest_active,
        now=True,
    ),
    _family(
        "aom_workflow_node_last_run_status",
        "gauge",
        "node status",
        "State set of the node's run that began last.",
        read.node_last_run_status,
    ),
    _family(
        "aom_workflow_node_last_ended_duration_seconds",
        "gauge",
        "node",
        "Duration of the node run that ended last.",
        read.node_last_ended_duration,
    ),
    _family(
        "aom_workflow_node_last_end_timestamp_seconds",
        "gauge",
        "node status",
        "When a run of the node last ended in this status.",
        read.node_last_end,
    ),
    _family(
        "aom_workflow_node_consecutive_failures",
        "gauge",
        "node",
        "Runs of the node that failed since the last that succeeded.",
        read.node_consecutive_failures,
    ),
    _family(
        "aom_workflow_node_targets_total",
        "counter",
        "node outcome",
        "Targets in the output of counted node runs, by outcome.",
        read.node_targets,
    ),
)
