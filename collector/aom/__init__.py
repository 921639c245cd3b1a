"""The Huawei Cloud side: from a project's settings to its workflows' histories."""

from collections.abc import Callable

from aiolimiter import AsyncLimiter

from collector.aom import body, wire
from collector.aom.client import Client
from collector.aom.endpoints import LIST_EXECUTIONS
from collector.clock import Clock
from collector.config import Project
from collector.errors import Unreadable
from collector.model import Fact, History

__all__ = ["Aom"]


class Aom:
    """One project at the service. `limiter` is its credential's budget; `emit` is told of every request."""

    def __init__(self, project: Project, *, limiter: AsyncLimiter, clock: Clock, emit: Callable[[Fact], None]) -> None:
        self._project = project
        self._clock = clock
        self._client = Client(project, limiter=limiter, clock=clock, emit=emit)

    async def history(self, workflow_id: str, *, known: bytes) -> History:
        """Fetch a workflow's executions and their nodes.

        Where the body's digest equals `known` it is neither inflated nor decoded: everything is as before. Raises
        `SourceError`: `Unavailable`, `Refused` or `Unreadable`.
        """
        enterprise = self._project.enterprise_project_id
        answer = await self._client.send(
            LIST_EXECUTIONS,
            query={"x_enterprise_project_id": enterprise} if enterprise else {},
            project_id=self._project.project_id,
            workflow_id=workflow_id,
        )
        digest = wire.digest(answer.raw)
        if digest == known:
            return History(records=(), digest=digest, tail=True, date=answer.date)
        try:
            plain = body.inflate(answer.raw, answer.encoding, limit=self._project.max_response_bytes)
            return wire.history(plain, digest=digest, now=self._clock.now(), date=answer.date)
        except Unreadable as error:
            says = f"project {self._project.name!r}: the history of workflow {workflow_id!r} cannot be read: {error}"
            raise Unreadable(says, reason=error.reason) from None

    async def close(self) -> None:
        """Close the connection to the service."""
        await self._client.close()
