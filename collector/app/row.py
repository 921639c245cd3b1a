"""What the status page tells of one workflow."""

from collections.abc import Iterator

from collector.ledger import Ledger
from collector.ledger.streak import length
from collector.model import FAILED, Polled
from collector.poll import Watched
from collector.web import FailedNode, WorkflowRow


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
        failed=tuple(_failed(watched.row.ledger)),
    )


def _failed(ledger: Ledger) -> Iterator[FailedNode]:
    """The nodes that have failed since they last succeeded."""
    for name, node in ledger.nodes.items():
        ends = {status: end for status, end in node.tally.ends.items() if status in FAILED}
        if ends and not node.gone and length(node.tally.streak):
            status = max(ends, key=lambda each: ends[each])
            yield FailedNode(node=name, status=str(status), at=ends[status])
