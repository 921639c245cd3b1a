"""The catalog: one row per family of `/metrics` that is read from ledgers, with how it is read. Pure.

A row that is not `bare` is read only once watching has begun: before the first good answer nothing is known.
"""

from collector.exposition import read
from collector.exposition.family import Family, family
from collector.exposition.read import View

CATALOG: tuple[Family[View], ...] = (
    family("aom_workflow_info", "gauge", "type", "A watched workflow.", read.info, bare=True, essential=True),
    family(
        "aom_workflow_executions_total", "counter", "status", "Executions that ended, by final status.", read.executions
    ),
    family(
        "aom_workflow_execution_duration_seconds",
        "histogram",
        "status",
        "Duration of executions from begin to their first ending.",
        read.execution_durations,
    ),
    family(
        "aom_workflow_executions_active",
        "gauge",
        "status",
        "Executions in each active status now.",
        read.executions_active,
        now=True,
    ),
    family(
        "aom_workflow_oldest_active_begin_timestamp_seconds",
        "gauge",
        "status",
        "Begin of the oldest execution in this active status.",
        read.oldest_active,
        now=True,
    ),
    family(
        "aom_workflow_last_execution_status",
        "gauge",
        "status",
        "State set of the execution that began last.",
        read.last_execution_status,
    ),
    family(
        "aom_workflow_last_ended_duration_seconds",
        "gauge",
        "",
        "Duration of the execution that ended last.",
        read.last_ended_duration,
    ),
    family(
        "aom_workflow_last_end_timestamp_seconds",
        "gauge",
        "status",
        "When an execution last ended in this status.",
        read.last_end,
    ),
    family(
        "aom_workflow_consecutive_failures",
        "gauge",
        "",
        "Executions that failed since the last that succeeded.",
        read.consecutive_failures,
    ),
    family(
        "aom_workflow_reopened_executions_total",
        "counter",
        "",
        "Executions that were final and went on.",
        read.reopened,
    ),
    family(
        "aom_workflow_history_gaps_total",
        "counter",
        "",
        "Answers that shared no execution with the one before, so that runs may have been missed.",
        read.gaps,
    ),
    family(
        "aom_workflow_expected_interval_seconds",
        "gauge",
        "",
        "How often an execution is expected to begin, where configured.",
        read.expected_interval,
        bare=True,
    ),
    family("aom_workflow_node_info", "gauge", "node name", "A node's display name, where known.", read.node_info),
    family(
        "aom_workflow_node_runs_total",
        "counter",
        "node status",
        "Node runs that ended, by final status.",
        read.node_runs,
    ),
    family(
        "aom_workflow_node_run_duration_seconds",
        "histogram",
        "node status",
        "Duration of node runs.",
        read.node_durations,
    ),
    family(
        "aom_workflow_node_runs_active",
        "gauge",
        "node status",
        "Node runs in each active status now.",
        read.node_runs_active,
        now=True,
    ),
    family(
        "aom_workflow_node_oldest_active_begin_timestamp_seconds",
        "gauge",
        "node",
        "Begin of the node's oldest active run.",
        read.node_oldest_active,
        now=True,
    ),
    family(
        "aom_workflow_node_last_run_status",
        "gauge",
        "node status",
        "State set of the node's run that began last.",
        read.node_last_run_status,
    ),
    family(
        "aom_workflow_node_last_ended_duration_seconds",
        "gauge",
        "node",
        "Duration of the node run that ended last.",
        read.node_last_ended_duration,
    ),
    family(
        "aom_workflow_node_last_end_timestamp_seconds",
        "gauge",
        "node status",
        "When a run of the node last ended in this status.",
        read.node_last_end,
    ),
    family(
        "aom_workflow_node_consecutive_failures",
        "gauge",
        "node",
        "Runs of the node that failed since the last that succeeded.",
        read.node_consecutive_failures,
    ),
    family(
        "aom_workflow_node_targets_total",
        "counter",
        "node outcome",
        "Targets in the output of counted node runs, by outcome.",
        read.node_targets,
    ),
)
