"""The nouns that every room speaks. Pure.

Times are integer milliseconds since the epoch, UTC; absent is `None`. Durations are seconds.
"""

from dataclasses import dataclass
from enum import StrEnum

import msgspec


class Status(StrEnum):
    """The service's own status words, executions and node runs alike."""

    SUCCESS = "success"
    FAIL = "fail"
    CANCEL = "cancel"
    APPROVAL_FAILED = "approvalFailed"
    TIMEOUT = "timeout"
    NOT_PERFORMED = "not_performed"
    EXECUTING = "executing"
    WAIT_EXECUTE = "waitExecute"
    WAIT_APPROVAL = "waitApproval"
    PAUSING = "pausing"
    CANCELING = "canceling"
    UNKNOWN = "unknown"


FINAL = (Status.SUCCESS, Status.FAIL, Status.CANCEL, Status.APPROVAL_FAILED, Status.TIMEOUT)
NODE_FINAL = (*FINAL, Status.NOT_PERFORMED)
ACTIVE = (Status.EXECUTING, Status.WAIT_EXECUTE, Status.WAIT_APPROVAL, Status.PAUSING, Status.CANCELING)
FAILED = frozenset({Status.FAIL, Status.APPROVAL_FAILED, Status.TIMEOUT})

_SYNONYMS = {
    "running": Status.EXECUTING,
    "in_execution": Status.EXECUTING,
    "failed": Status.FAIL,
    "canceled": Status.CANCEL,
    "cancelled": Status.CANCEL,
}
_WORDS = {status.value.lower(): status for status in Status} | _SYNONYMS


def status_of(word: str | None, *, node: bool) -> Status:
    """Read a status word, ignoring case; what an execution or a node cannot have is `unknown`."""
    word = word or ""
    status = _WORDS.get(word) or _WORDS.get(word.strip().lower(), Status.UNKNOWN)
    return Status.UNKNOWN if status is Status.NOT_PERFORMED and not node else status


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What state is kept under: the project's name in the file, and the workflow's id."""

    project: str
    workflow_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One watched workflow as the file describes it; `interval` and `expect_every` are seconds."""

    key: Key
    project_id: str
    name: str | None
    interval: float
    expect_every: float | None = None

    def label(self, learned: str) -> str:
        """The value of the `workflow` label, where `learned` is the name last learned from the list ("": none was)."""
        return self.name or learned or self.key.workflow_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What the workflow list tells of one workflow: `nodes` are display names by node id, empty where it tells none."""

    workflow_id: str
    name: str
    type: str
    nodes: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One pass over a project's workflow list; `date` (ms) is the Date header of its first page.

    `complete`: every workflow there was is in it; else it tells nothing of those that it lacks. `listed`: how many rows
    it had, those that could not be read among them.
    """

    definitions: tuple[Definition, ...]
    complete: bool
    listed: int
    date: int | None = None


class Targets(msgspec.Struct, frozen=True, gc=False):
    """How many entries each list of a node run's `output` has."""

    success: int = 0
    fail: int = 0
    not_performed: int = 0
    in_execution: int = 0


class NodeRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One node run as an answer shows it; `run` is the `function_execution_id`."""

    node: str
    run: str | None
    status: Status
    begin: int | None
    end: int | None
    targets: Targets | None


class ExecutionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One execution as an answer shows it; `updated` is the `last_update_time`."""

    id: str
    status: Status
    begin: int | None
    end: int | None
    updated: int | None
    nodes: tuple[NodeRecord, ...]


class Flaw(msgspec.Struct, frozen=True, gc=False):
    """Something in an answer that had to be left out.

    `name` is `shape` or `id` for a rejected record, else the field read as absent; `mark` identifies the flaw, so that
    it is counted once while it stays in the history.
    """

    name: str
    mark: int


class History(msgspec.Struct, frozen=True, kw_only=True):
    """One good answer, or the part of it that is new.

    `tail`: everything the previous answer held is still there beside `records`, byte for byte.
    `digest`: of the body as it came, salted with the decoder's version. `date`: the answer's Date header.
    `words`: status words nobody knows. `project_id`: for which project it was asked.
    """

    records: tuple[ExecutionRecord, ...]
    digest: bytes
    tail: bool = False
    flaws: tuple[Flaw, ...] = ()
    date: int | None = None
    words: tuple[str, ...] = ()
    project_id: str = ""


class Format(StrEnum):
    """The formats of the exposition, best first; the value is the media type."""

    OPENMETRICS = "application/openmetrics-text; version=1.0.0"
    TEXT_1 = "text/plain; version=1.0.0"
    TEXT = "text/plain; version=0.0.4"
