"""Our own metrics: facts in, text out, in a registry of our own, rendered at most once a second."""

import platform
from collections.abc import Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from collector import __version__
from collector.clock import Clock
from collector.model import Committed, Fact, Polled, Requested

FRESH = 1.0
# The codes that the service and its gateway are known to send; all others count as `other`.
ERROR_CODES = frozenset(
    (
        *("APIGW.0101", "APIGW.0103", "APIGW.0201", "APIGW.0301", "APIGW.0302", "APIGW.0303", "APIGW.0304"),
        *("APIGW.0305", "APIGW.0306", "APIGW.0307", "APIGW.0308", "APIGW.0310", "APIGW.0401", "APIGW.0402"),
        *("APIGW.0404", "APIGW.0601", "APIGW.0602", "APIGW.0605", "APIGW.0606", "APIGW.0608", "APIGW.0610"),
        *("APIGW.0613", "APIGW.0801", "APIGW.0802", "AOM.0403", "AOM.02021500", "AOM.11007006", "AOM.30001005"),
        *("AOM.30005001", "AOM.31001405", "AOM.31009004", "SVCSTG.AMS.2000051"),
    )
)
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
DELAYS = (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)


class Own:
    """The collector's metrics about itself. The clock says when the text is old enough to be made again."""

    def __init__(self, *, clock: Clock) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
        self._clock = clock
        self._made_at = float("-inf")
        self._text = b""
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)

        def counter(name: str, says: str, *labels: str) -> Counter:
            return Counter(f"aom_collector_{name}", says, labels, registry=registry)

        def gauge(name: str, says: str, *labels: str) -> Gauge:
            return Gauge(f"aom_collector_{name}", says, labels, registry=registry)

        def histogram(name: str, says: str, *labels: str, buckets: tuple[float, ...] = SECONDS) -> Histogram:
            return Histogram(f"aom_collector_{name}", says, labels, buckets=buckets, registry=registry)

        build = gauge("build_info", "The collector's and Python's version.", "version", "python_version")
        build.labels(__version__, platform.python_version()).set(1)
        self._workflows = gauge("workflows", "Workflows watched by this collector.", "project")
        self._polls = counter("polls", "Looks at workflows, by outcome.", "project", "outcome")
        self._poll_seconds = histogram("poll_duration_seconds", "Duration of looks, request to commit.", "project")
        self._lateness = histogram("poll_lateness_seconds", "Start of a look after its due time.", "project")
        self._delay = histogram(
            "detection_delay_seconds",
            "From the end of a node run to the commit that published it.",
            "project",
            buckets=DELAYS,
        )
        self._requests = counter("api_requests", "Requests to the service.", "project", "operation", "code")
        self._request_seconds = histogram(
            "api_request_duration_seconds", "Duration of requests to the service.", "project", "operation"
        )
        self._errors = counter(
            "api_errors", "Refusals by the service's own code.", "project", "operation", "error_code"
        )
        self._skew = gauge("api_clock_skew_seconds", "The service's Date header minus our clock.", "project")
        self._rejected = counter("records_rejected", "Records left out of answers.", "project", "reason")
        self._invalid = counter("values_invalid", "Fields of answers read as absent.", "project", "field")
        self._series = gauge("series", "Domain series exposed.")
        self._dropped = counter("series_dropped", "Series withheld by a cap, once each.", "project")
        self._commits = counter("state_commits", "Rows handed to the state, by outcome.", "outcome")
        self._commit_seconds = histogram("state_commit_duration_seconds", "Duration of commits to the state.")

    def watching(self, project: str, workflows: int) -> None:
        """Note how many workflows of a project are watched."""
        self._workflows.labels(project).set(workflows)

    def restore(self, project: str, rejected: Mapping[str, int], invalid: Mapping[str, int]) -> None:
        """Go on from what the state says was counted before this start."""
        for reason, count in rejected.items():
            self._rejected.labels(project, reason).inc(count)
        for field, count in invalid.items():
            self._invalid.labels(project, field).inc(count)

    def dropped(self, project: str, series: int) -> None:
        """Count series that a cap withholds."""
        self._dropped.labels(project).inc(series)

    def observe(self, fact: Fact) -> None:
        """Count one fact."""
        if isinstance(fact, Polled):
            self._polled(fact)
        elif isinstance(fact, Requested):
            self._requested(fact)
        elif isinstance(fact, Committed):
            self._commits.labels(fact.outcome).inc(fact.rows)
            self._commit_seconds.observe(fact.seconds)

    def _polled(self, fact: Polled) -> None:
        project = fact.key.project
        self._polls.labels(project, fact.outcome).inc()
        self._poll_seconds.labels(project).observe(fact.seconds)
        self._lateness.labels(project).observe(fact.lateness)
        self.restore(project, fact.rejected or {}, fact.invalid or {})
        for ended in fact.ended:
            if ended.node is not None and ended.end is not None and not ended.held and not ended.first_sight:
                self._delay.labels(project).observe(max(0, fact.at - ended.end) / 1000)

    def _requested(self, fact: Requested) -> None:
        self._requests.labels(fact.project, fact.operation, fact.code).inc()
        self._request_seconds.labels(fact.project, fact.operation).observe(fact.seconds)
        if fact.error_code is not None:
            code = fact.error_code if fact.error_code in ERROR_CODES else "other"
            self._errors.labels(fact.project, fact.operation, code).inc()
        if fact.skew is not None:
            self._skew.labels(fact.project).set(fact.skew)

    def page(self, series: int) -> bytes:
        """The text, at most a second old; `series`: how many domain series there are."""
        now = self._clock.monotonic()
        if now - self._made_at >= FRESH:
            self._series.set(series)
            self._text = generate_latest(self._registry)
            self._made_at = now
        return self._text
