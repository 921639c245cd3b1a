"""Which project a credential is for, where the file does not say: the one IAM knows under the region's name."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial

from collector.aom import body
from collector.aom.budget import Part
from collector.aom.endpoints import LIST_PROJECTS, Request
from collector.aom.flight import Flight
from collector.aom.ticket import Ticket, exchanged
from collector.aom.transport import Answer, Transport
from collector.clock import Clock
from collector.config import Project
from collector.errors import Reason, Refused, SourceError, Unavailable, Unreadable

FUTILE = 300.0
"""Seconds for which a question that asking again cannot mend is not asked again."""
_ID = re.compile("[0-9A-Za-z]{32}")

Signed = Callable[[str], AbstractAsyncContextManager[Ticket]]
"""From a project's id, "" where it does not matter, to the right to make one request."""


class NoProject(Refused):
    """The credential does not tell which project is meant."""


def read(found: Mapping[str, object], *, name: str) -> Sequence[str]:
    """The ids of the projects of that name. Raises `Unreadable`."""
    listed = found.get("projects")
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        says = "its answer is no list of projects"
        raise Unreadable(says, reason=Reason.ANSWER)
    ids = [each.get("id") for each in listed if each.get("name", name) == name]
    good = [each for each in ids if isinstance(each, str) and _ID.fullmatch(each)]
    if len(good) != len(ids):
        says = "a project in its answer has no id of 32 letters and digits"
        raise Unreadable(says, reason=Reason.ANSWER)
    return good


class ProjectId:
    """The id of one project: what the file says, else looked up once, when it is first needed."""

    def __init__(self, project: Project, *, transport: Transport, budget: Part, clock: Clock) -> None:
        self._project = project
        self._transport = transport
        self._budget = budget
        self._id = project.project_id
        self._flight: Flight[str] = Flight(clock=clock, pause=_pause)

    async def known(self, signed: Signed) -> str:
        """The id; a look-up is signed by `signed`. Raises `SourceError`."""
        return self._id or await self._flight.join(partial(self._looked_up, signed))

    async def close(self) -> None:
        """End a look-up under way."""
        await self._flight.end()

    async def _looked_up(self, signed: Signed) -> str:
        request = Request(operation=LIST_PROJECTS, query=(("name", self._project.region),))
        where, region = self._transport.where(request), self._project.region
        try:
            answer = await exchanged(lambda _: signed(""), partial(self._asked, request))
        except Refused as error:
            if error.reason not in (Reason.FORBIDDEN, Reason.NOT_FOUND):
                raise
            says = f"{error}; let the credential list projects, or set project_id"
            raise error.saying(says) from None
        try:
            ids = read(body.json_object(answer.raw, answer.encoding), name=region)
        except Unreadable as error:
            says = f"{where}: {answer.scrub(str(error))}; set project_id"
            raise error.saying(says) from None
        if len(ids) != 1:
            what = f"{len(ids)} projects ({', '.join(map(answer.scrub, sorted(ids)[:5]))})" if ids else "no project"
            says = f"{where}: the credential has {what} of the name {region!r}; set project_id, and check region"
            raise NoProject(says, reason=Reason.AUTH)
        (self._id,) = ids
        return self._id

    async def _asked(self, request: Request, ticket: Ticket) -> Answer:
        turn = await self._budget.turn(patience=self._project.poll_deadline)
        try:
            return await self._transport.exchange(request, ticket, turn)
        except Unavailable as error:
            self._budget.rest(error.retry_after or 0.0)
            raise


def _pause(error: SourceError) -> float:
    """What a credential or the network is to blame for has pauses of its own."""
    futile = isinstance(error, NoProject | Unreadable) or error.reason in (Reason.FORBIDDEN, Reason.NOT_FOUND)
    return FUTILE if futile else 0.0
