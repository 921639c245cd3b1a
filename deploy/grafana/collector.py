"""The collector's own health."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.panels import INSTANCE, JOB, PROJECT, SCOPE, TARGET, Kind, Panel, dashboard


def _rate(name: str, by: str, scope: str = SCOPE) -> str:
    return f"sum by ({by}) (rate({name}{{{scope}}}[$__rate_interval]))"


def _quantile(name: str, quantile: float, by: str = "project", scope: str = SCOPE) -> str:
    inner = f"{by}, le" if by else "le"
    return f"histogram_quantile({quantile:g}, sum by ({inner}) (rate({name}_bucket{{{scope}}}[$__rate_interval])))"


def _lines(title: str, says: str, queries: dict[str, str], unit: str = "short") -> Panel:
    return Panel(kind=Kind.SERIES, title=title, says=says, queries=queries, unit=unit)


PANELS = (
    Panel(
        kind=Kind.STAT,
        title="Collectors",
        says="Their versions.",
        queries={f"count by (version) (aom_collector_build_info{{{TARGET}}})": "{{version}}"},
        width=6,
    ),
    Panel(
        kind=Kind.STAT,
        title="Workflows",
        says="Watched, by project.",
        queries={f"sum by (project) (aom_collector_workflows{{{SCOPE}}})": "{{project}}"},
        width=6,
    ),
    Panel(
        kind=Kind.STAT,
        title="Series",
        says="Exposed of workflows.",
        queries={f"sum(aom_collector_series{{{TARGET}}})": "series"},
        width=6,
    ),
    Panel(
        kind=Kind.STAT,
        title="Configuration",
        says="One where the file that was read last is in force.",
        queries={f"min(aom_collector_config_last_reload_successful{{{TARGET}}})": "taken over"},
        width=6,
    ),
    _lines(
        "Looks by outcome",
        "A second. Unchanged answers cost next to nothing.",
        {_rate("aom_collector_polls_total", "outcome"): "{{outcome}}"},
        "ops",
    ),
    _lines(
        "Looks that failed, by reason",
        "The runbook of AOMCollectorPollsFailing says what each means.",
        {_rate("aom_collector_workflow_poll_failures_total", "reason"): "{{reason}}"},
        "ops",
    ),
    _lines(
        "Lateness of looks",
        "Begin after the due time.",
        {
            _quantile("aom_collector_poll_lateness_seconds", 0.5): "{{project}} median",
            _quantile("aom_collector_poll_lateness_seconds", 0.99): "{{project}} p99",
        },
        "s",
    ),
    _lines(
        "Duration of looks",
        "Request to commit.",
        {_quantile("aom_collector_poll_duration_seconds", 0.95): "{{project}} p95"},
        "s",
    ),
    _lines(
        "Detection delay",
        "End of a node run to the commit that published it.",
        {_quantile("aom_collector_detection_delay_seconds", 0.95): "{{project}} p95"},
        "s",
    ),
    _lines(
        "Share of looks that failed",
        "Over an hour, against the error budget.",
        {
            'project:aom_collector_polls_failed:ratio_rate1h{project=~"$project"}': "{{project}}",
            'aom:error_budget{slo="looks"}': "budget",
        },
        "percentunit",
    ),
    _lines(
        "Requests by operation and code",
        "429 means throttled, error that no answer came.",
        {_rate("aom_collector_api_requests_total", "operation, code"): "{{operation}} {{code}}"},
        "reqps",
    ),
    _lines(
        "Duration of requests",
        "By operation.",
        {_quantile("aom_collector_api_request_duration_seconds", 0.95, "operation"): "{{operation}} p95"},
        "s",
    ),
    _lines(
        "Refusals by the service's code",
        "A closed set; others count as other.",
        {_rate("aom_collector_api_errors_total", "error_code"): "{{error_code}}"},
        "ops",
    ),
    _lines(
        "Clock skew",
        "The service's Date less our clock. Signatures are refused past fifteen minutes.",
        {f"aom_collector_api_clock_skew_seconds{{{SCOPE}}}": "{{project}}"},
        "s",
    ),
    _lines(
        "Credential expires in",
        "Where its end is known.",
        {f"aom_collector_credential_expiry_timestamp_seconds{{{SCOPE}}} - time()": "{{project}}"},
        "s",
    ),
    _lines(
        "Workflow list last read",
        "It teaches names and nodes.",
        {f"time() - aom_collector_discovery_last_success_timestamp_seconds{{{SCOPE}}}": "{{project}} ago"},
        "s",
    ),
    _lines(
        "Rows written to the state",
        "Failed or in conflict: nothing of them is shown until it is written.",
        {_rate("aom_collector_state_commits_total", "outcome", TARGET): "{{outcome}}"},
        "ops",
    ),
    _lines(
        "Duration of commits",
        "Several rows share one.",
        {_quantile("aom_collector_state_commit_duration_seconds", 0.99, "", TARGET): "p99"},
        "s",
    ),
    _lines(
        "Records left out and values read as absent",
        "Within an hour.",
        {
            f"sum by (reason) (increase(aom_collector_records_rejected_total{{{SCOPE}}}[1h]))": "{{reason}}",
            f"sum by (field) (increase(aom_collector_values_invalid_total{{{SCOPE}}}[1h]))": "{{field}}",
        },
    ),
    _lines(
        "Series withheld",
        "By a cap, within a day.",
        {f"sum by (project) (increase(aom_collector_series_dropped_total{{{SCOPE}}}[1d]))": "{{project}}"},
    ),
    _lines(
        "Memory",
        "Resident.",
        {f"process_resident_memory_bytes{{{TARGET}}}": "{{instance}}"},
        "bytes",
    ),
    _lines(
        "Processor",
        "Cores in use.",
        {_rate("process_cpu_seconds_total", "instance", TARGET): "{{instance}}"},
    ),
    _lines(
        "Configuration taken over",
        "Since then.",
        {f"time() - aom_collector_config_last_reload_success_timestamp_seconds{{{TARGET}}}": "{{instance}} ago"},
        "s",
    ),
    _lines(
        "Looks that succeeded last",
        "Workflows whose last look succeeded, in parts of all.",
        {f"avg by (project) (aom_collector_workflow_up{{{SCOPE}}})": "{{project}}"},
        "percentunit",
    ),
)


def collector() -> Dashboard:
    """The dashboard of the collector itself."""
    return dashboard(
        "aom-collector",
        "AOM workflows: the collector",
        "Whether the collector itself sees what it should.",
        variables=(JOB, INSTANCE, PROJECT),
        panels=PANELS,
    )
