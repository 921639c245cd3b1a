"""How the last looks at each workflow went.

Outside ledgers, and outside the client library, because it changes every look.
"""

from collector.exposition.render import header, label
from collector.model import Workflow

UP = "aom_collector_workflow_up"
LAST_SUCCESS = "aom_collector_workflow_last_success_timestamp_seconds"
INTERVAL = "aom_collector_workflow_interval_seconds"
POLL_FAILURES = "aom_collector_workflow_poll_failures_total"

FAMILIES: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    (UP, "gauge", (), "Whether the last due look succeeded."),
    (LAST_SUCCESS, "gauge", (), "When the facts about a workflow were last confirmed."),
    (INTERVAL, "gauge", (), "How often a workflow is looked at."),
    (POLL_FAILURES, "counter", ("reason",), "Looks at a workflow that failed, by reason."),
)
HEADERS = {name: header(name, type_, help_) for name, type_, _, help_ in FAMILIES}


class Looks:
    """The looks at one workflow."""

    __slots__ = ("_failures", "_own", "at", "interval", "ok", "succeeded")

    def __init__(self, workflow: Workflow, own: str) -> None:
        self._own = own
        self._failures: dict[str, int] = {}
        self.interval = workflow.interval
        self.ok: bool | None = None
        self.succeeded: int | None = None

    def rename(self, own: str) -> None:
        """Go on under other labels."""
        self._own = own

    def polled(self, *, ok: bool, at: int, reason: str | None) -> None:
        """Note one look; `at` in ms."""
        self.ok = ok
        if ok:
            self.succeeded = at
        elif reason is not None:
            self._failures[reason] = self._failures.get(reason, 0) + 1

    def lines(self) -> dict[str, bytes]:
        """The samples of each family."""
        own, found = self._own, {INTERVAL: f"{INTERVAL}{{{self._own}}} {self.interval:g}\n".encode()}
        if self.ok is not None:
            found[UP] = f"{UP}{{{own}}} {int(self.ok)}\n".encode()
        if self.succeeded is not None:
            found[LAST_SUCCESS] = f"{LAST_SUCCESS}{{{own}}} {self.succeeded / 1000!r}\n".encode()
        if self._failures:
            found[POLL_FAILURES] = "".join(
                f"{POLL_FAILURES}{{{own},{label('reason', reason)}}} {count}\n"
                for reason, count in sorted(self._failures.items())
            ).encode()
        return found
