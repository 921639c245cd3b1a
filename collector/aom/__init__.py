"""The Huawei Cloud side: from a project's settings to its workflows' histories, names and nodes."""

from collections.abc import Callable

from msgspec.structs import replace

from collector.aom import body, listing, wire
from collector.aom.budget import Budget
from collector.aom.client import Asked, Client
from collector.aom.endpoints import LIST_EXECUTIONS, LIST_WORKFLOWS, Request
from collector.aom.exchange import Exchange, Heard
from collector.aom.redact import Redactor
from collector.clock import Clock
from collector.config import Project
from collector.errors import Unreadable
from collector.failpoint import failpoint
from collector.model import Fact, History, Listing

__all__ = ["Aom", "Budget", "Exchange", "Heard", "Redactor"]

LIST = "the workflow list"


def answered(asked: Asked, *, known: bytes, limit: int, now: int) -> History:
    """What a good answer holds, as `Aom.history` tells it; `limit` is in bytes, after decompression.

    Raises `Unreadable`.
    """
    answer, project_id = asked.answer, asked.project_id
    digest = wire.digest(answer.raw)
    if digest == known:
        return History(records=(), digest=digest, tail=True, date=answer.date, project_id=project_id)
    plain = body.inflate(answer.raw, answer.encoding, limit=limit)
    return wire.history(plain, digest=digest, now=now, date=answer.date, project_id=project_id)


class Aom:
    """One project at the service. `budget` is its credential's; `emit` is told of every request.

    `heard` is shown every answer as it came.
    """

    def __init__(
        self,
        project: Project,
        *,
        budget: Budget,
        clock: Clock,
        emit: Callable[[Fact], None],
        heard: Heard | None = None,
    ) -> None:
        self._project = project
        self._clock = clock
        self._client = Client(project, budget=budget, clock=clock, emit=emit, heard=heard)

    async def history(self, workflow_id: str, *, known: bytes, begun: Callable[[], None] | None = None) -> History:
        """Fetch a workflow's executions and their nodes; `begun` is called when the first request goes out.

        Where the body's digest equals `known` it is neither inflated nor decoded: everything is as before. Raises
        `SourceError`: `Unavailable`, `Refused` or `Unreadable`.
        """
        enterprise = self._project.enterprise_project_id
        query = (("x_enterprise_project_id", enterprise),) if enterprise else ()
        asked = await self._client.ask(
            Request(operation=LIST_EXECUTIONS, ids={"workflow_id": workflow_id}, query=query), begun
        )
        failpoint("answer-fetched")
        try:
            found = answered(asked, known=known, limit=self._project.max_response_bytes, now=self._clock.now())
        except Unreadable as error:
            what = f"the history of workflow {workflow_id!r}"
            raise self._unreadable(what, error, asked) from None
        return replace(found, words=tuple(map(asked.answer.scrub, found.words))) if found.words else found

    async def listed(self) -> Listing:
        """Fetch what the workflow list tells of every workflow of the project; once more where it moved meanwhile.

        Raises `SourceError` where a page cannot be had.
        """
        listed = await self._listed()
        return listed if listed.complete else await self._listed()

    async def _listed(self) -> Listing:
        reading, date = listing.Reading(), None
        for number in range(listing.MOST_PAGES):
            try:
                asked = await self._client.ask(Request(operation=LIST_WORKFLOWS, body=listing.asks(number)))
            except Unreadable as error:
                # Pages count from 0 by the service's own default, and from 1 by its own description.
                if number > 0 or error.status != 400:  # noqa: PLR2004  a bad request
                    raise
                continue
            date = asked.answer.date if date is None else date
            try:
                if reading.take(listing.read(self._plain(asked))):
                    break
            except Unreadable as error:
                raise self._unreadable(LIST, error, asked) from None
        return Listing(
            definitions=tuple(reading.found.values()), complete=reading.complete, listed=reading.rows, date=date
        )

    def peer(self) -> tuple[str, int]:
        """The host and the port that connections to the service are made to: its own, or its proxy's.

        Raises `SourceError` where the proxy's address cannot be read.
        """
        return self._client.peer()

    async def close(self) -> None:
        """Close the connection to the service."""
        await self._client.close()

    def _plain(self, asked: Asked) -> bytes:
        return body.inflate(asked.answer.raw, asked.answer.encoding, limit=self._project.max_response_bytes)

    def _unreadable(self, what: str, error: Unreadable, asked: Asked) -> Unreadable:
        says = asked.answer.scrub(str(error))
        return error.saying(f"project {self._project.name!r}: {what} cannot be read: {says}")
