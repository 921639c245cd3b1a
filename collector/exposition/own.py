"""Our own metrics: facts in, text out, in a registry of our own, rendered at most once a second."""

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

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
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from collector import __version__
from collector.clock import Clock
from collector.exposition.own_catalog import BEGUN, COMMITS, ERROR_CODES, OWN, Row
from collector.exposition.read import seconds
from collector.exposition.render import clean
from collector.model import Committed, Fact, Format, Listed, Polled, Reloaded, Renewed, Requested

FRESH = 1.0
_RELOADED = "aom_collector_config_last_reload_successful"
_RELOADED_AT = "aom_collector_config_last_reload_success_timestamp_seconds"


class Own:
    """The collector's metrics about itself. The clock says when the text is old enough to be made again."""

    def __init__(self, *, clock: Clock) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves it untyped
        self._clock = clock
        self._made: dict[bool, tuple[float, bytes]] = {}
        # Gauges without labels say 0 from the beginning; these have nothing to say until there was a reload.
        self._unsaid = {_RELOADED, _RELOADED_AT}
        self._registry = CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        for row in OWN:
            self._register(row)
        for outcome in COMMITS:
            self._counters["aom_collector_state_commits_total"].labels(outcome)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._gauges["aom_collector_build_info"].labels(__version__, platform.python_version()).set(1)

    def watching(self, project: str, workflows: int) -> None:
        """Note how many workflows of a project are watched.

        What alerts watch of it begins at 0 now: an increase from nothing to one is seen by nobody.
        """
        self._gauges["aom_collector_workflows"].labels(clean(project)).set(workflows)
        self._counters["aom_collector_series_dropped_total"].labels(clean(project))
        for name, values in BEGUN.items():
            for value in values:
                self._counters[name].labels(clean(project), value)

    def forget(self, project: str) -> None:
        """Show no facts about now of a project that is watched no more; what was counted stays."""
        for row in OWN:
            if row.type == "gauge" and row.labels == ("project",):
                self._gauges[row.name].remove_by_labels({"project": clean(project)})

    def restore(self, project: str, rejected: Mapping[str, int], invalid: Mapping[str, int]) -> None:
        """Go on from what the state says was counted before this start."""
        for reason, count in rejected.items():
            self._counters["aom_collector_records_rejected_total"].labels(clean(project), reason).inc(count)
        for field, count in invalid.items():
            self._counters["aom_collector_values_invalid_total"].labels(clean(project), field).inc(count)

    def dropped(self, project: str, series: int) -> None:
        """Count series that a cap withholds."""
        self._counters["aom_collector_series_dropped_total"].labels(clean(project)).inc(series)

    def observe(self, fact: Fact) -> None:
        """Take a fact into account."""
        if isinstance(fact, Polled):
            self._polled(fact)
        elif isinstance(fact, Requested):
            self._requested(fact)
        elif isinstance(fact, Committed):
            self._counters["aom_collector_state_commits_total"].labels(fact.outcome).inc(fact.rows)
            self._histograms["aom_collector_state_commit_duration_seconds"].observe(fact.seconds)
        elif isinstance(fact, Renewed):
            self._renewed(fact)
        elif isinstance(fact, Listed):
            if fact.ok:
                gauge = self._gauges["aom_collector_discovery_last_success_timestamp_seconds"]
                gauge.labels(clean(fact.project)).set(seconds(fact.at))
        elif isinstance(fact, Reloaded) and fact.what == "config":
            self._say(_RELOADED, int(fact.ok))
            if fact.ok:
                self._say(_RELOADED_AT, seconds(fact.at))

    def page(self, series: int, disable: frozenset[str] = frozenset(), form: Format = Format.TEXT) -> bytes:
        """The text without an end, at most a second old; without the families in `disable`.

        `series`: domain samples exposed.
        """
        now, openmetrics = self._clock.monotonic(), form is Format.OPENMETRICS
        made = self._made.get(openmetrics)
        if made is None or now - made[0] >= FRESH:
            self._gauges["aom_collector_series"].set(series)
            occurred = _Occurred(self._registry, disable | self._unsaid)
            # Both text formats write our names alike.
            text = _openmetrics(occurred) if openmetrics else generate_latest(occurred)
            made = self._made[openmetrics] = now, text
        return made[1]

    def _register(self, row: Row) -> None:
        name, registry = row.name, self._registry
        if row.type == "counter":
            self._counters[name] = Counter(name.removesuffix("_total"), row.help, row.labels, registry=registry)
        elif row.type == "gauge":
            self._gauges[name] = Gauge(name, row.help, row.labels, registry=registry)
        else:
            made = Histogram(name, row.help, row.labels, buckets=row.buckets, registry=registry)
            self._histograms[name] = made

    def _polled(self, fact: Polled) -> None:
        project = clean(fact.key.project)
        self._counters["aom_collector_polls_total"].labels(project, fact.outcome).inc()
        self._histograms["aom_collector_poll_duration_seconds"].labels(project).observe(fact.seconds)
        self._histograms["aom_collector_poll_lateness_seconds"].labels(project).observe(fact.lateness)
        self.restore(project, fact.rejected or {}, fact.invalid or {})
        for ended in fact.ended:
            if ended.node is not None and ended.end is not None and not ended.held and not ended.first_sight:
                delay = max(0, fact.at - ended.end) / 1000
                self._histograms["aom_collector_detection_delay_seconds"].labels(project).observe(delay)

    def _requested(self, fact: Requested) -> None:
        project, operation = clean(fact.project), fact.operation
        self._counters["aom_collector_api_requests_total"].labels(project, operation, fact.code).inc()
        self._histograms["aom_collector_api_request_duration_seconds"].labels(project, operation).observe(fact.seconds)
        if fact.error_code is not None:
            code = fact.error_code if fact.error_code in ERROR_CODES else "other"
            self._counters["aom_collector_api_errors_total"].labels(project, operation, code).inc()
        if fact.skew is not None:
            self._gauges["aom_collector_api_clock_skew_seconds"].labels(project).set(fact.skew)

    def _renewed(self, fact: Renewed) -> None:
        gauge = self._gauges["aom_collector_credential_expiry_timestamp_seconds"]
        if fact.expires_at is None:
            gauge.remove(clean(fact.project))
        else:
            gauge.labels(clean(fact.project)).set(seconds(fact.expires_at))

    def _say(self, name: str, value: float) -> None:
        self._gauges[name].set(value)
        self._unsaid.discard(name)


def _openmetrics(registry: Collector) -> bytes:
    text: bytes = generate_openmetrics(registry)  # type: ignore[no-untyped-call]  # the library leaves it untyped
    return text.removesuffix(b"# EOF\n")


@dataclass(frozen=True, slots=True)
class _Occurred(Collector):
    """The families of a registry that have a sample: a fact that does not exist has no series, nor a header."""

    registry: CollectorRegistry
    disable: frozenset[str]

    def collect(self) -> Iterator[Metric]:
        for metric in self.registry.collect():
            name = f"{metric.name}_total" if metric.type == "counter" else metric.name
            if metric.samples and name not in self.disable:
                yield metric
