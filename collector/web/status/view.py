"""What the page says of the workflows it shows, made out before anything is rendered. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from collector.errors import Fault
from collector.model import FAILED
from collector.web.facts import Detail, Execution, Facts, Health, Node, Summary
from collector.web.status.query import Query
from collector.web.status.selection import Selection, select
from collector.web.status.words import counted, mark

OPENED = 10
"""Of the first so many rows of a list those that are not simply fine hold their nodes and executions, folded."""
_QUIET = frozenset({Health.FINE, Health.NEW})
MOST_PROJECTS = 200
_MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One workflow on the page. `mark` tells it from all others; `whole`: its nodes and executions go with it.

    `failing`: the execution that failed last, if it is still remembered; `sick`: the nodes that failed since they last
    succeeded.
    """

    summary: Summary
    detail: Detail
    mark: str
    whole: bool

    @property
    def failing(self) -> Execution | None:
        """The latest remembered execution that failed, or in which one of the sick nodes did."""
        sick = {node.node for node in self.sick}

        def failed(each: Execution) -> bool:
            node_failed = any(run.failed and run.node in sick for run in each.nodes)
            return node_failed or bool(each.status in FAILED and self.summary.failures)

        return next(filter(failed, self.detail.executions), None)

    @property
    def link(self) -> str:
        """Where this workflow is shown alone."""
        return Query(project=self.summary.project, workflow=self.summary.workflow_id).link()

    @property
    def sick(self) -> tuple[Node, ...]:
        """The nodes that failed since they last succeeded."""
        return tuple(node for node in self.detail.nodes if node.failures)

    @property
    def wrong(self) -> bool:
        """Whether there is something to say of what went wrong."""
        return bool(self.summary.says or self.summary.failures or self.summary.failed_nodes)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The whole page. `faults`: what is wrong with the query; `not_ready`: why the collector is not, None: it is."""

    facts: Facts
    query: Query
    faults: tuple[Fault, ...]
    not_ready: str | None
    selection: Selection

    @classmethod
    def of(cls, facts: Facts, query: Query, faults: tuple[Fault, ...] = (), not_ready: str | None = None) -> Self:
        """What a query shows of the facts."""
        return cls(facts=facts, query=query, faults=faults, not_ready=not_ready, selection=select(facts, query))

    @property
    def rows(self) -> Iterator[Shown]:
        """The workflows on the page; each is made out when its turn comes, and let go of when that is over."""
        return _rows(self.facts, self.selection.shown)

    @property
    def single(self) -> bool:
        """Whether the query leaves one workflow."""
        return self.selection.total == 1 and bool(self.selection.shown)

    @property
    def needy(self) -> int:
        """How many workflows need a person."""
        return self.selection.standing[Health.UNSEEN] + self.selection.standing[Health.FAILED]

    @property
    def headline(self) -> str:
        """The one thing to know."""
        watched, standing = self.selection.watched, self.selection.standing
        if not watched:
            return "No workflow is watched"
        if self.needy:
            verb = "needs" if self.needy == 1 else "need"
            return f"{self.needy:,} of {counted(watched, 'workflow')} {verb} you"
        new = standing[Health.NEW]
        if new == watched:
            return f"{counted(watched, 'workflow')}, and no look yet"
        if new:
            return f"{watched - new:,} of {counted(watched, 'workflow')} are fine, the rest had no look yet"
        return "The only workflow is fine" if watched == 1 else f"All {counted(watched, 'workflow')} are fine"

    @property
    def tone(self) -> str:
        """How urgent that is."""
        if self.needy:
            return "failed"
        return "unseen" if self.facts.troubles or self.not_ready or not self.selection.watched else "fine"

    @property
    def aside(self) -> str:
        """What else there is to know at once."""
        standing = self.selection.standing
        parts = []
        if standing[Health.FAILED]:
            parts.append(f"{standing[Health.FAILED]:,} failed")
        if standing[Health.UNSEEN]:
            parts.append(f"{standing[Health.UNSEEN]:,} not seen")
        if standing[Health.ACTIVE]:
            parts.append(f"{standing[Health.ACTIVE]:,} running")
        if self.selection.oldest is not None:
            parts.append(f"all looked at within the last {_minutes((self.facts.at - self.selection.oldest) / 1000)}")
        return ", ".join(parts)

    @property
    def project_names(self) -> list[str]:
        """All projects, in order."""
        return sorted(project.name for project in self.facts.projects)


def _rows(facts: Facts, summaries: Sequence[Summary]) -> Iterator[Shown]:
    for place, summary in enumerate(summaries):
        yield Shown(
            summary=summary,
            detail=facts.detail(summary),
            mark=mark(f"{summary.project}\0{summary.workflow_id}"),
            whole=place < OPENED and summary.health not in _QUIET,
        )


def _minutes(seconds: float) -> str:
    minutes = max(1, math.ceil(seconds / _MINUTE))
    return "minute" if minutes == 1 else f"{minutes:,} minutes"
