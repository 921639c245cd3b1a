"""How the last looks at each workflow went.

Outside ledgers, and outside the client library, because it changes every look.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from collector.exposition.family import Family, family
from collector.exposition.read import Sample, seconds


@dataclass(slots=True)
class Looks:
    """The looks at one workflow since the start; `interval` in seconds, `succeeded` in ms."""

    interval: float
    ok: bool | None = None
    succeeded: int | None = None
    failures: dict[str, int] = field(default_factory=dict)

    def polled(self, *, ok: bool, at: int, reason: str | None) -> None:
        """Note one look; `at` in ms."""
        self.ok = ok
        if ok:
            self.succeeded = at
        elif reason is not None:
            self.failures[reason] = self.failures.get(reason, 0) + 1


def _up(looks: Looks) -> Iterator[Sample]:
    if looks.ok is not None:
        yield (), int(looks.ok)


def _last_success(looks: Looks) -> Iterator[Sample]:
    if looks.succeeded is not None:
        yield (), seconds(looks.succeeded)


def _interval(looks: Looks) -> Iterator[Sample]:
    yield (), looks.interval


def _failures(looks: Looks) -> Iterator[Sample]:
    for reason, count in sorted(looks.failures.items()):
        yield (reason,), count


LOOKS: tuple[Family[Looks], ...] = (
    family("aom_collector_workflow_up", "gauge", "", "Whether the last due look succeeded.", _up, essential=True),
    family(
        "aom_collector_workflow_last_success_timestamp_seconds",
        "gauge",
        "",
        "When the facts about a workflow were last confirmed.",
        _last_success,
        essential=True,
    ),
    family("aom_collector_workflow_interval_seconds", "gauge", "", "How often a workflow is looked at.", _interval),
    family(
        "aom_collector_workflow_poll_failures_total",
        "counter",
        "reason",
        "Looks at a workflow that failed, by reason.",
        _failures,
    ),
)
