"""One look at one workflow: read this page first.

    answer = await source.history(workflow, known)    the only I/O outwards
    step   = advance(ledger, answer, rules, now)      pure: what ended since, and the next ledger
    row    = await store.commit(step)                 ledger, counters, what ended: one transaction
    publish(row.ledger)                               what a scrape shows is already in the store

Everything else in this package exists to call these lines at the right time, safely, for every workflow.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from collector.clock import Clock
from collector.errors import Conflict, Reason, Refused, SourceError, StateError
from collector.failpoint import failpoint
from collector.ledger import Ledger, Rules, Step, advance, learn, leave, release, release_at, resume
from collector.model import Definition, Fact, History, Key, Polled, Published, Workflow
from collector.store import Row, Store


class Source(Protocol):
    """Where histories come from; the service's successor will be another one."""

    async def history(self, workflow_id: str, *, known: bytes, begun: Callable[[], None]) -> History:
        """Fetch a workflow's history; `known` is the digest of the last answer. Raises `SourceError`.

        `begun` is called when the wait for a turn is over and the first request goes out.
        """
        ...


@dataclass(slots=True)
class Watched:
    """One watched workflow and its committed row: the only mutable state here, changed by one hand at a time."""

    workflow: Workflow
    row: Row

    @property
    def label(self) -> str:
        """The value of the `workflow` label."""
        return self.workflow.label(self.row.ledger.name)


class Poll:
    """Looks at the workflows of one project.

    `publish` re-renders a workflow from its committed ledger, and `emit` is told of it. `recount` puts what ended in a
    step into lines for the event log, which are committed with it.
    """

    def __init__(
        self,
        *,
        source: Source,
        store: Store,
        publish: Callable[[Key, Ledger], None],
        recount: Callable[[Workflow, Step], tuple[bytes, ...]],
        rules: Rules,
        clock: Clock,
        emit: Callable[[Fact], None],
    ) -> None:
        self._source = source
        self._store = store
        self._publish = publish
        self._recount = recount
        self._rules = rules
        self._clock = clock
        self._emit = emit
        self._commits: set[asyncio.Task[None]] = set()

    async def look(self, watched: Watched, lateness: float = 0.0) -> Polled:
        """Fetch, advance, commit, publish. A fault of the service or the state does not raise: the fact says it."""
        asked = began = self._clock.monotonic()

        def begin() -> None:
            nonlocal began
            began = self._clock.monotonic()

        step: Step | None = None
        answer: History | None = None
        fault: tuple[Reason | None, str] | None = None
        try:
            known = watched.row.ledger.answer
            answer = await self._source.history(watched.workflow.key.workflow_id, known=known, begun=begin)
            _same_project(watched, answer)
            failpoint("answer-decoded")
            step = advance(watched.row.ledger, answer, self._rules, self._clock.now())
            await self._keep(watched, step, "look")
        except SourceError as error:
            fault = (error.reason, str(error))
        except StateError as error:
            fault = (None, str(error))
        polled = Polled(
            key=watched.workflow.key,
            name=watched.label,
            outcome="failed" if fault else "changed" if step and step.changed else "unchanged",
            at=self._clock.now(),
            seconds=self._clock.monotonic() - began,
            lateness=lateness + began - asked,
            reason=fault[0] if fault else None,
            says=fault[1] if fault else None,
        )
        return polled if fault or step is None or answer is None else _with_findings(polled, step, answer)

    async def resume(self, watched: Watched) -> None:
        """Fit a restored row to today's configuration, before it is first shown. Raises `StateError`."""
        await self._keep(watched, self._fitted(watched), "fit")

    def _fitted(self, watched: Watched) -> Step:
        return resume(watched.row.ledger, label=watched.label, rules=self._rules, now=self._clock.now())

    async def learn(self, watched: Watched, definition: Definition) -> None:
        """Take in what the workflow list tells of a workflow. Raises `StateError`."""
        ledger, label = watched.row.ledger, watched.workflow.label(definition.name or watched.row.ledger.name)
        step = learn(ledger, definition, label=label, rules=self._rules, now=self._clock.now())
        await self._keep(watched, step, "list")

    async def release(self, watched: Watched, due: int) -> None:
        """Show what was held until `due` (ms). Raises `StateError`."""
        failpoint("release-before")
        await self._keep(watched, release(watched.row.ledger, due), "release")
        failpoint("release-after")

    async def leave(self, watched: Watched) -> None:
        """Note that nothing of it is shown any more. Raises `StateError`."""
        await self._keep(watched, leave(watched.row.ledger), "leave")

    async def settle(self) -> None:
        """Wait until everything handed to the store is committed and published, or refused."""
        await asyncio.gather(*self._commits, return_exceptions=True)

    async def _keep(self, watched: Watched, step: Step, cause: str) -> None:
        if not step.changed:
            # A new digest alone is not worth a commit: after a restart the same answer is simply decoded once more.
            watched.row = Row(step.ledger, watched.row.version)
            return
        commit = asyncio.create_task(self._commit(watched, step, cause))
        self._commits.add(commit)
        commit.add_done_callback(self._commits.discard)
        await asyncio.shield(commit)

    async def _commit(self, watched: Watched, step: Step, cause: str) -> None:
        key, lines = watched.workflow.key, self._recount(watched.workflow, step)
        began = self._clock.monotonic()
        try:
            watched.row = await self._store.commit(key, step.ledger, version=watched.row.version, lines=lines)
        except Conflict:
            # Someone else moved the row on: theirs holds, and the next look starts from it.
            theirs = await self._store.fetch(key) or Row(Ledger(project_id=watched.workflow.project_id), 0)
            self._publish(key, theirs.ledger)
            watched.row = theirs
            watched.row = Row(self._fitted(watched).ledger, theirs.version)
            raise
        seconds = self._clock.monotonic() - began
        failpoint("publish-before")
        self._publish(key, watched.row.ledger)
        failpoint("publish-after")
        held = release_at(watched.row.ledger)
        self._emit(Published(key=key, name=watched.label, cause=cause, seconds=seconds, held_until=held))


def _same_project(watched: Watched, answer: History) -> None:
    """Refuse an answer about another project than the state is about: a credential may lead anywhere."""
    key, known = watched.workflow.key, watched.row.ledger.project_id
    if answer.project_id and known and answer.project_id != known:
        says = (
            f"project {key.project!r}: the credential is for {answer.project_id}, but the state belongs to {known}; "
            "give the project another name"
        )
        raise Refused(says, reason=Reason.AUTH)


def _with_findings(polled: Polled, step: Step, answer: History) -> Polled:
    return replace(
        polled,
        executions=len(answer.records),
        flaws=len(answer.flaws),
        ended=step.ended,
        gap=step.gap,
        words=answer.words,
        rejected=step.rejected,
        invalid=step.invalid,
    )
