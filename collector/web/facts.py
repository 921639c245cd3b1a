"""What the status page and `/api/v1/workflows` tell: nouns that the composition root fills from committed ledgers.

Times are integer milliseconds since the epoch, UTC; durations are seconds; what is not known is `None`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Health(StrEnum):
    """How a workflow stands, what needs a person first."""

    UNSEEN = "unseen"
    """Its last look failed, or could not be made in time: nobody knows how it stands."""
    FAILED = "failed"
    """It, or one of its nodes, has failed since it last succeeded."""
    ACTIVE = "active"
    """An execution is under way, and nothing has failed."""
    FINE = "fine"
    """Nothing is under way, and nothing has failed since the last success."""
    NEW = "new"
    """It was not looked at since the start, and the state holds nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a workflow. `outcome`: `changed`, `unchanged`, `skipped` or `failed`; `ended`: endings it found.

    `reason` (a word of `aom_collector_workflow_poll_failures_total`, or `state`) and `says` (one sentence that tells
    what to do) only where it failed.
    """

    at: int
    outcome: str
    seconds: float
    ended: int = 0
    reason: str | None = None
    says: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRun:
    """One node's run in an execution."""

    node: str
    name: str | None
    status: str
    begin: int | None
    end: int | None
    failed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One execution, with its node runs by begin. `active`: it goes on; `more`: node runs that are left out here.

    `failed`: it, or one of its node runs, failed.
    """

    execution_id: str
    status: str
    begin: int | None
    end: int | None
    active: bool
    failed: bool
    nodes: tuple[NodeRun, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node of a workflow: its latest run, how often runs failed since the last success, and how many go on.

    `execution_id`: where it failed last, if that is still among the workflow's recent executions.
    """

    node: str
    name: str | None
    status: str | None
    begin: int | None
    end: int | None
    duration: float | None
    failures: int
    active: int
    execution_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One workflow in a line: what lists are filtered and sorted by.

    `up`: None before the first look since the start. `status`: of the latest execution. `failures`: executions that
    failed since the last success; `failed_nodes`: nodes that did. `failed_at`: when an execution or a node failed last.
    `next_at`: when the next look is due. `says`: what went wrong at the last look.
    """

    project: str
    workflow_id: str
    name: str
    type: str
    health: Health
    up: bool | None
    looked_at: int | None
    next_at: int | None
    status: str | None
    begin: int | None
    end: int | None
    failures: int
    failed_nodes: int
    failed_at: int | None
    active: int
    reason: str | None = None
    says: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """The rest about one workflow. `ended`: counted executions by final status; `gaps`: times that runs may be missed.

    `interval` and `expect_every` are seconds. `executions`: those under way and the recent ones, latest first.
    `looks`: latest first. `succeeded_at`: when the facts were last confirmed.
    """

    interval: float
    expect_every: float | None
    succeeded_at: int | None
    ended: dict[str, int]
    reopened: int
    gaps: int
    nodes: tuple[Node, ...] = ()
    executions: tuple[Execution, ...] = ()
    looks: tuple[Look, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One project. `listed_at`: when its workflow list was last read whole; `expires_at`: when its credential does."""

    name: str
    region: str
    workflows: int
    discovers: bool
    listed_at: int | None = None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that lasts and is no single workflow's: `of` says whose it is, as a person would read it."""

    of: str
    since: int
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything there is to tell, at `at`; what is work to find out can be called, in any thread.

    `summaries` of all workflows stand in no order. `find`: the workflows that have an execution of this id among their
    recent ones.
    """

    version: str
    at: int
    started_at: int
    projects: tuple[Project, ...]
    summaries: Callable[[], Sequence[Summary]]
    detail: Callable[[Summary], Detail]
    find: Callable[[str], Sequence[Summary]]
    troubles: tuple[Trouble, ...] = field(default=())
