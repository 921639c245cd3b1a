"""The catalog of our own metrics: one row per family that is fed by facts. Pure."""

from dataclasses import dataclass

_GATEWAY = (
    *("0101", "0103", "0201", "0301", "0302", "0303", "0304", "0305", "0306", "0307", "0308", "0310", "0401", "0402"),
    *("0404", "0601", "0602", "0605", "0606", "0608", "0610", "0613", "0801", "0802"),
)
_SERVICE = ("0403", "02021500", "11007006", "30001005", "30005001", "31001405", "31009004")
# The codes that the service and its gateway are known to send; all others count as `other`.
ERROR_CODES = frozenset(
    (
        *(f"{prefix}.{code}" for prefix in ("APIGW", "APIG") for code in _GATEWAY),
        *(f"AOM.{code}" for code in _SERVICE),
        "SVCSTG.AMS.2000051",
    )
)
COMMITS = ("ok", "conflict", "failed")
BEGUN = {
    "aom_collector_polls_total": ("changed", "unchanged", "failed"),
    "aom_collector_records_rejected_total": ("shape", "id", "conflict", "forgotten"),
    "aom_collector_values_invalid_total": ("begin_time", "end_time", "last_update_time", "output"),
}
"""Counters of a project that begin at 0, with the values of their second label."""
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
DELAYS = (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One family. `buckets`: upper bounds in seconds, of histograms only."""

    name: str
    type: str
    labels: tuple[str, ...]
    help: str
    buckets: tuple[float, ...] = ()


def _counter(name: str, labels: str, says: str) -> Row:
    return Row(name=f"aom_collector_{name}", type="counter", labels=tuple(labels.split()), help=says)


def _gauge(name: str, labels: str, says: str) -> Row:
    return Row(name=f"aom_collector_{name}", type="gauge", labels=tuple(labels.split()), help=says)


def _histogram(name: str, labels: str, says: str, buckets: tuple[float, ...] = SECONDS) -> Row:
    return Row(name=f"aom_collector_{name}", type="histogram", labels=tuple(labels.split()), help=says, buckets=buckets)


OWN: tuple[Row, ...] = (
    _gauge("build_info", "version python_version", "The collector's and Python's version."),
    _gauge("workflows", "project", "Workflows watched by this collector."),
    _counter("polls_total", "project outcome", "Looks at workflows, by outcome."),
    _histogram("poll_duration_seconds", "project", "Duration of looks, request to commit."),
    _histogram("poll_lateness_seconds", "project", "Start of a look after its due time."),
    _histogram(
        "detection_delay_seconds",
        "project",
        "From the end of a node run to the commit that published it.",
        DELAYS,
    ),
    _counter("api_requests_total", "project operation code", "Requests to the service."),
    _histogram("api_request_duration_seconds", "project operation", "Duration of requests to the service."),
    _counter("api_errors_total", "project operation error_code", "Refusals by the service's own code."),
    _gauge("api_clock_skew_seconds", "project", "The service's Date header minus our clock."),
    _gauge("credential_expiry_timestamp_seconds", "project", "When the credential expires, where that is known."),
    _counter("records_rejected_total", "project reason", "Records left out of answers."),
    _counter("values_invalid_total", "project field", "Fields of answers read as absent."),
    _gauge("series", "", "Domain series exposed."),
    _counter("series_dropped_total", "project", "Series withheld by a cap, once each."),
    _counter("state_commits_total", "outcome", "Rows handed to the state, by outcome."),
    _histogram("state_commit_duration_seconds", "", "Duration of commits to the state."),
    _gauge("discovery_last_success_timestamp_seconds", "project", "When the workflow list was last read whole."),
    _gauge("config_last_reload_successful", "", "Whether the configuration that was read last could be used."),
    _gauge("config_last_reload_success_timestamp_seconds", "", "When a configuration was last taken over."),
)
