"""What the status page tells of one workflow."""

from collector.ledger.streak import length
from collector.model import Polled
from collector.poll import Watched
from collector.web import WorkflowRow


def row(watched: Watched, last: Polled | None) -> WorkflowRow:
    """A workflow's row, from its committed ledger and its last look."""
    tally = watched.row.ledger.executions
    return WorkflowRow(
        project=watched.workflow.key.project,
        workflow_id=watched.workflow.key.workflow_id,
        name=watched.label,
        up=None if last is None else last.outcome != "failed",
        looked_at=None if last is None else last.at,
        status=None if tally.latest is None else str(tally.latest.status),
        failures=length(tally.streak),
        says=None if last is None else last.says,
    )
