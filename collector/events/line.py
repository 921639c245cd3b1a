"""What one line of the event log says. Pure.

The fields and what they mean stay as they are while `v` does; new ones may come. A line is made once, when its ending
is committed: a repeated one is the same, byte for byte.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
import xxhash

from collector.ledger import Ledger, Step
from collector.model import FAILED, Ended, Status, Targets, Workflow

# What a terminal obeys, or some readers take for the end of a line; JSON itself lets it stand.
_ODD = re.compile("[\x7f-\x9f\u2028\u2029]")

Id = Annotated[
    str,
    msgspec.Meta(
        pattern="^[0-9a-f]{32}$",
        description="Of this ending, and of no other; the same in every repetition of its line.",
    ),
]
Time = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
        description="RFC 3339, UTC, to the millisecond.",
        extra_json_schema={"format": "date-time"},
    ),
]


class _Ending(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="event"):
    v: Annotated[Literal[1], msgspec.Meta(description="Version of this schema; fields may be added to one.")]
    id: Id
    time: Annotated[Time, msgspec.Meta(description="The end; where that is not known, when it was detected.")]
    project: Annotated[str, msgspec.Meta(description="The project's name in the file.")]
    project_id: Annotated[str, msgspec.Meta(description='"" where nobody told it.')]
    workflow_id: str
    workflow: Annotated[str, msgspec.Meta(description="The workflow's name, as in the metrics' `workflow` label.")]
    execution_id: str
    status: Annotated[Status, msgspec.Meta(description="The service's own word, or `unknown`.")]
    failed: Annotated[bool, msgspec.Meta(description="Whether that is a failure: fail, approvalFailed or timeout.")]
    begin: Time | None
    end: Time | None
    duration_seconds: Annotated[
        float | None,
        msgspec.Meta(description="Null where a time is missing, and for all but an execution's first ending."),
    ]
    ending: Annotated[
        int, msgspec.Meta(ge=1, description="Which of the run's endings this is; from 2 on it had been reopened.")
    ]
    past: Annotated[
        bool, msgspec.Meta(description='Whether it ended before watching began, and counts by `history = "count"`.')
    ]
    detected: Annotated[Time, msgspec.Meta(description="When the collector found it.")]


class ExecutionEnded(_Ending, frozen=True, kw_only=True, gc=False, tag="execution.ended"):
    """One execution ended."""


class NodeEnded(_Ending, frozen=True, kw_only=True, gc=False, tag="node.ended"):
    """One node run ended."""

    node: Annotated[str, msgspec.Meta(description="The node's id, also past the cap on nodes in the metrics.")]
    node_name: Annotated[str | None, msgspec.Meta(description="Its display name, where the list tells it.")]
    run_id: Annotated[str | None, msgspec.Meta(description="The function_execution_id, where the record has one.")]
    targets: Annotated[Targets | None, msgspec.Meta(description="Null where the record has no usable output.")]


def lines(workflow: Workflow, step: Step, detected: int) -> Iterator[bytes]:
    """The lines for what ended in a step, without their line ends, in its order; `detected` in ms."""
    for ended in step.ended:
        text = msgspec.json.encode(_told(workflow, step.ledger, ended, detected)).decode()
        yield (text if text.isprintable() else _ODD.sub(lambda odd: f"\\u{ord(odd[0]):04x}", text)).encode()


def _told(workflow: Workflow, ledger: Ledger, ended: Ended, detected: int) -> ExecutionEnded | NodeEnded:
    facts: dict[str, Any] = {
        "v": 1,
        "id": _id(workflow, ended),
        "time": _utc(detected if ended.end is None else ended.end),
        "project": workflow.key.project,
        "project_id": ledger.project_id or workflow.project_id,
        "workflow_id": workflow.key.workflow_id,
        "workflow": workflow.label(ledger.name),
        "execution_id": ended.execution,
        "status": ended.status,
        "failed": ended.status in FAILED,
        "begin": None if ended.begin is None else _utc(ended.begin),
        "end": None if ended.end is None else _utc(ended.end),
        "duration_seconds": _duration(ended),
        "ending": ended.nth,
        "past": ended.first_sight,
        "detected": _utc(detected),
    }
    if ended.node is None:
        return ExecutionEnded(**facts)
    name = _name(ledger, ended.node)
    return NodeEnded(**facts, node=ended.node, node_name=name, run_id=ended.run, targets=ended.targets)


def _id(workflow: Workflow, ended: Ended) -> str:
    """A digest of what makes an ending this one: times count to the second, and its place only where it has no end."""
    begin, end = (None if ms is None else ms // 1000 for ms in (ended.begin, ended.end))
    place = ended.nth if end is None else 0
    which = (ended.execution, ended.node, ended.run, begin, ended.status, end, place)
    return xxhash.xxh3_128_hexdigest(msgspec.json.encode((workflow.key.project, workflow.key.workflow_id, *which)))


def _name(ledger: Ledger, node: str) -> str | None:
    known = ledger.nodes.get(node)
    return (known.name if known else None) or (ledger.definition or {}).get(node) or None


def _duration(ended: Ended) -> float | None:
    """Seconds; the pause before a further ending is nobody's run time."""
    if ended.begin is None or ended.end is None or ended.end < ended.begin or (ended.node is None and ended.nth > 1):
        return None
    return (ended.end - ended.begin) / 1000


def _utc(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms // 1000, UTC).isoformat()[:19]}.{ms % 1000:03d}Z"
