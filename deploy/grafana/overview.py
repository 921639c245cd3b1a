"""What is failing now, and how all workflows have fared."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.panels import INSTANCE, JOB, PROJECT, SCOPE, Kind, Panel, dashboard

EXECUTIONS = f"aom_workflow_executions_total{{{SCOPE}}}"
SUCCEEDED = f'aom_workflow_executions_total{{{SCOPE},status="success"}}'
LINKS = (
    ("This workflow", "/d/aom-workflow?var-project=${__data.fields.project}&var-workflow=${__data.fields.workflow_id}"),
    (
        "The collector's status page",
        "http://${__data.fields.instance}/?project=${__data.fields.project}&workflow=${__data.fields.workflow_id}",
    ),
)

PANELS = (
    Panel(
        kind=Kind.STAT,
        title="Workflows failing now",
        says="Workflows whose last execution that succeeded or failed has failed.",
        queries={f"count(aom_workflow_consecutive_failures{{{SCOPE}}} > 0) or vector(0)": "workflows"},
        width=4,
    ),
    Panel(
        kind=Kind.STAT,
        title="Success rate",
        says="Of the executions that succeeded or failed in the time shown. What was cancelled is neither.",
        queries={
            f"sum(increase({SUCCEEDED}[$__range])) / (sum(increase({SUCCEEDED}[$__range]))"
            f" + sum(increase({EXECUTIONS}[$__range]) and on (status) aom:failed_status))": "succeeded"
        },
        unit="percentunit",
        width=4,
    ),
    Panel(
        kind=Kind.STAT,
        title="Active",
        says="Executions that are under way. Withheld while nobody has looked for too long.",
        queries={f"sum(aom_workflow_executions_active{{{SCOPE}}})": "executions"},
        width=4,
    ),
    Panel(
        kind=Kind.STAT,
        title="Waiting for a person",
        says="Executions that wait for an approval, or were paused.",
        queries={f'sum(aom_workflow_executions_active{{{SCOPE},status=~"waitApproval|pausing"}})': "executions"},
        width=4,
    ),
    Panel(
        kind=Kind.STAT,
        title="Workflows not seen",
        says="Workflows at which the last look failed; their facts may be old.",
        queries={f"count(aom_collector_workflow_up{{{SCOPE}}} == 0) or vector(0)": "workflows"},
        width=4,
    ),
    Panel(
        kind=Kind.STAT,
        title="Possibly missed",
        says="Answers that shared no execution with the one before: runs in between were not seen.",
        queries={f"sum(increase(aom_workflow_history_gaps_total{{{SCOPE}}}[$__range]))": "gaps"},
        width=4,
    ),
    Panel(
        kind=Kind.TABLE,
        title="Nodes failing now",
        says="Nodes whose last runs failed, and how many in a row. A value opens the workflow or the status page.",
        queries={f"aom_workflow_node_consecutive_failures{{{SCOPE}}} > 0": ""},
        width=14,
        links=LINKS,
    ),
    Panel(
        kind=Kind.TABLE,
        title="Alerts firing",
        says="What Prometheus holds to be wrong now.",
        queries={'ALERTS{alertstate="firing",alertname=~"AOM.+"}': ""},
        width=10,
    ),
    Panel(
        kind=Kind.BARS,
        title="Executions that ended, by status",
        says="Each counted once.",
        queries={f"sum by (status) (increase({EXECUTIONS}[$__rate_interval]))": "{{status}}"},
        exemplars=True,
    ),
    Panel(
        kind=Kind.BARS,
        title="Node runs that ended, by status",
        says="Each counted once, as soon as it was final.",
        queries={
            f"sum by (status) (increase(aom_workflow_node_runs_total{{{SCOPE}}}[$__rate_interval]))": "{{status}}"
        },
    ),
    Panel(
        kind=Kind.HEATMAP,
        title="How long executions took",
        says="First endings only. Where Prometheus converts classic histograms to native ones, keep the classic too.",
        queries={
            f"sum by (le) (increase(aom_workflow_execution_duration_seconds_bucket{{{SCOPE}}}[$__rate_interval]))": (
                "{{le}}"
            )
        },
        unit="s",
    ),
    Panel(
        kind=Kind.SERIES,
        title="Oldest active executions",
        says="Since the begin of the oldest in each active status.",
        queries={
            f"time() - min by (workflow, status) (aom_workflow_oldest_active_begin_timestamp_seconds{{{SCOPE}}})": (
                "{{workflow}} {{status}}"
            )
        },
        unit="s",
    ),
    Panel(
        kind=Kind.SERIES,
        title="Share of failures by project",
        says="Over six hours, of what succeeded or failed, against the error budget.",
        queries={
            'project:aom_workflow_executions_failed:ratio_rate6h{project=~"$project"}': "{{project}}",
            'aom:error_budget{slo="executions"}': "budget",
        },
        unit="percentunit",
    ),
    Panel(
        kind=Kind.TABLE,
        title="Workflows that fail most",
        says="Share of failures among what succeeded or failed within a day.",
        queries={'topk(10, workflow:aom_workflow_executions_failed:ratio_rate1d{project=~"$project"})': ""},
        unit="percentunit",
    ),
    Panel(
        kind=Kind.SERIES,
        title="Since the last end, in parts of what is expected",
        says="Above one, a workflow with expect_every has not ended for longer than that.",
        queries={
            "(time() - max by (project, workflow_id, workflow)"
            f" (aom_workflow_last_end_timestamp_seconds{{{SCOPE}}})) / max by (project, workflow_id, workflow)"
            f" (aom_workflow_expected_interval_seconds{{{SCOPE}}})": "{{workflow}}"
        },
        unit="percentunit",
    ),
    Panel(
        kind=Kind.TABLE,
        title="Watched workflows",
        says="With their type, where the list tells it.",
        queries={f"aom_workflow_info{{{SCOPE}}}": ""},
        links=LINKS,
    ),
)


def overview() -> Dashboard:
    """The dashboard that one opens first."""
    return dashboard(
        "aom-overview",
        "AOM workflows: overview",
        "What is failing now, and how all workflows have fared.",
        variables=(JOB, INSTANCE, PROJECT),
        panels=PANELS,
    )
