"""One workflow: its runs, its nodes, and whether it is seen."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.panels import INSTANCE, JOB, PROJECT, SCOPE, Kind, Panel, Variable, dashboard

OF_IT = f'{SCOPE},workflow_id=~"$workflow"'
RECORDED = 'project=~"$project",workflow_id=~"$workflow"'
STATUS = "aom_workflow_node_last_run_status"
WORKFLOW = Variable(
    name="workflow",
    label="Workflow",
    query=f"query_result(aom_workflow_info{{{SCOPE}}})",
    regex='/workflow="(?<text>[^"]+)".*workflow_id="(?<value>[^"]+)"/',
    multi=False,
)

PANELS = (
    Panel(
        kind=Kind.STAT,
        title="Last execution",
        says="The status of the execution that began last.",
        queries={f"aom_workflow_last_execution_status{{{OF_IT}}} == 1": "{{status}}"},
        width=4,
    ),
    Panel(
        kind=Kind.STAT,
        title="Failures in a row",
        says="Executions that failed since the last that succeeded.",
        queries={f"aom_workflow_consecutive_failures{{{OF_IT}}}": "failures"},
        width=4,
    ),
    Panel(
        kind=Kind.STAT,
        title="Last success",
        says="Since an execution last ended well.",
        queries={f'time() - aom_workflow_last_end_timestamp_seconds{{{OF_IT},status="success"}}': "ago"},
        unit="s",
        width=4,
    ),
    Panel(
        kind=Kind.STAT,
        title="Last duration",
        says="Of the execution that ended last.",
        queries={f"aom_workflow_last_ended_duration_seconds{{{OF_IT}}}": "took"},
        unit="s",
        width=4,
    ),
    Panel(
        kind=Kind.STAT,
        title="Usual duration",
        says="95 % of all successes ever counted took no longer.",
        queries={f"workflow:aom_workflow_execution_duration_seconds:p95{{{RECORDED}}}": "p95"},
        unit="s",
        width=4,
    ),
    Panel(
        kind=Kind.STAT,
        title="Restarted by operators",
        says="Executions that were final and went on, in the time shown.",
        queries={f"sum(increase(aom_workflow_reopened_executions_total{{{OF_IT}}}[$__range]))": "reopened"},
        width=4,
    ),
    Panel(
        kind=Kind.MATRIX,
        title="Nodes over time",
        says="How each node's latest run stood.",
        queries={
            f"max by (node) (2 * ({STATUS}{{{OF_IT}}} == 1 and on (status) aom:failed_status)"
            f' or {STATUS}{{{OF_IT},status="success"}} == 1 or 0 * {STATUS}{{{OF_IT}}})': "{{node}}"
        },
        width=24,
    ),
    Panel(
        kind=Kind.BARS,
        title="Executions that ended, by status",
        says="Each counted once. The points name the executions behind them.",
        queries={
            f"sum by (status) (increase(aom_workflow_executions_total{{{OF_IT}}}[$__rate_interval]))": "{{status}}"
        },
        exemplars=True,
    ),
    Panel(
        kind=Kind.BARS,
        title="Node runs that failed",
        says="By node. The points name the executions behind them.",
        queries={
            f"sum by (node) (increase(aom_workflow_node_runs_total{{{OF_IT}}}[$__rate_interval])"
            " and on (status) aom:failed_status)": "{{node}}"
        },
        exemplars=True,
    ),
    Panel(
        kind=Kind.HEATMAP,
        title="How long executions took",
        says="First endings only; the pause before a restart is nobody's run time.",
        queries={
            f"sum by (le) (increase(aom_workflow_execution_duration_seconds_bucket{{{OF_IT}}}[$__rate_interval]))": (
                "{{le}}"
            )
        },
        unit="s",
    ),
    Panel(
        kind=Kind.SERIES,
        title="How long nodes took",
        says="The run of each node that ended last.",
        queries={f"max by (node) (aom_workflow_node_last_ended_duration_seconds{{{OF_IT}}})": "{{node}}"},
        unit="s",
    ),
    Panel(
        kind=Kind.SERIES,
        title="Median and 95th percentile by node",
        says="Of all runs in a span as long as the time shown.",
        queries={
            "histogram_quantile(0.5, sum by (node, le)"
            f" (increase(aom_workflow_node_run_duration_seconds_bucket{{{OF_IT}}}[$__range])))": "{{node}} median",
            "histogram_quantile(0.95, sum by (node, le)"
            f" (increase(aom_workflow_node_run_duration_seconds_bucket{{{OF_IT}}}[$__range])))": "{{node}} p95",
        },
        unit="s",
    ),
    Panel(
        kind=Kind.SERIES,
        title="Failures in a row, by node",
        says="Runs that failed since the last that succeeded.",
        queries={f"max by (node) (aom_workflow_node_consecutive_failures{{{OF_IT}}})": "{{node}}"},
    ),
    Panel(
        kind=Kind.BARS,
        title="Targets by outcome",
        says="What the counted node runs acted upon.",
        queries={
            f"sum by (outcome) (increase(aom_workflow_node_targets_total{{{OF_IT}}}[$__rate_interval]))": "{{outcome}}"
        },
    ),
    Panel(
        kind=Kind.SERIES,
        title="Active node runs",
        says="And since when the oldest of each node is. Withheld while nobody has looked for too long.",
        queries={
            f"sum by (node) (aom_workflow_node_runs_active{{{OF_IT}}})": "{{node}}",
        },
    ),
    Panel(
        kind=Kind.SERIES,
        title="Oldest active node runs",
        says="Since their begin.",
        queries={
            f"time() - min by (node) (aom_workflow_node_oldest_active_begin_timestamp_seconds{{{OF_IT}}})": "{{node}}"
        },
        unit="s",
    ),
    Panel(
        kind=Kind.TABLE,
        title="Nodes and when they last ended",
        says="Unix time by status; a node's display name is in the table below where the list tells it.",
        queries={f"max by (node, status) (aom_workflow_node_last_end_timestamp_seconds{{{OF_IT}}}) * 1000": ""},
        unit="dateTimeAsIso",
    ),
    Panel(
        kind=Kind.TABLE,
        title="Names of nodes",
        says="As the workflow list tells them.",
        queries={f"aom_workflow_node_info{{{OF_IT}}}": ""},
    ),
    Panel(
        kind=Kind.SERIES,
        title="Whether it is seen",
        says="Seconds since the last good look, beside the interval; and looks that failed, by reason.",
        queries={
            f"time() - aom_collector_workflow_last_success_timestamp_seconds{{{OF_IT}}}": "since a good look",
            f"aom_collector_workflow_interval_seconds{{{OF_IT}}}": "interval",
        },
        unit="s",
    ),
)


def workflow() -> Dashboard:
    """The dashboard of one workflow."""
    return dashboard(
        "aom-workflow",
        "AOM workflows: one workflow",
        "Runs, nodes, durations and failures of one workflow.",
        variables=(JOB, INSTANCE, PROJECT, WORKFLOW),
        panels=PANELS,
    )
