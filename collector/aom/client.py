"""Asking: who signs, how often, and what is worth asking again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from collector.aom.budget import Budget, Paused
from collector.aom.credential import AccessKey, Borrowed, Credential, Kept, Keyring, ReadyToken
from collector.aom.endpoints import Request
from collector.aom.password import Password
from collector.aom.projects import ProjectId
from collector.aom.ticket import Ticket, exchanged
from collector.aom.transport import Answer, Transport
from collector.clock import Clock
from collector.config import Project
from collector.errors import Reason, SourceError, Unavailable
from collector.model import Fact

MOST_ATTEMPTS = 4
_backoff = wait_random_exponential(multiplier=0.5, max=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A good answer, and the project it was asked for."""

    answer: Answer
    project_id: str


@dataclass(slots=True)
class Errand:
    """One request on its way: its deadline, what is called when it begins, and how many turns it has had."""

    request: Request
    limit: asyncio.Timeout
    begun: Callable[[], None] | None
    turns: int = 0


class Client:
    """Requests for one project, under the budget of its credential."""

    def __init__(self, project: Project, *, budget: Budget, clock: Clock, emit: Callable[[Fact], None]) -> None:
        self._project = project
        self._budget = budget
        self._transport = Transport(project, clock=clock, emit=emit)
        self._credential = self._signing_in(clock, emit)
        self._slots = asyncio.Semaphore(project.concurrency)

    async def ask(self, request: Request, begun: Callable[[], None] | None = None) -> Asked:
        """Make one allowed request, again where that can succeed, within `poll_deadline`. Raises `SourceError`.

        Waiting for the first turn is lateness, not part of the deadline; `begun` is called when it is over.
        """
        try:
            async with self._slots, asyncio.timeout(self._project.poll_deadline) as limit:
                return await self._repeated(Errand(request, limit, begun))
        except TimeoutError:
            deadline = self._project.poll_deadline
            says = f"{request.operation.name}: no whole answer within poll_deadline, {deadline:g} s"
            raise self._named(Unavailable(says, reason=Reason.TIMEOUT)) from None

    async def close(self) -> None:
        """Close the connection to the service."""
        await self._credential.close()
        await self._transport.close()

    async def _repeated(self, errand: Errand) -> Asked:
        repeatedly = AsyncRetrying(
            retry=retry_if_exception_type(Unavailable),
            wait=_pause,
            sleep=asyncio.sleep,
            stop=stop_after_attempt(MOST_ATTEMPTS) | stop_before_delay(self._project.poll_deadline),
            reraise=True,
        )
        return await repeatedly(self._attempt, errand)

    async def _attempt(self, errand: Errand) -> Asked:
        try:
            return await exchanged(
                lambda last: self._credential.ticket(last=last), lambda ticket: self._exchanged(errand, ticket)
            )
        except Paused as error:
            raise self._named(error) from None

    async def _exchanged(self, errand: Errand, ticket: Ticket) -> Asked:
        await self._turn(errand)
        try:
            answer = await self._transport.exchange(errand.request, ticket)
        except Unavailable as error:
            self._budget.rest(error.retry_after or 0.0)
            raise
        return Asked(answer=answer, project_id=ticket.project_id)

    async def _turn(self, errand: Errand) -> None:
        """Wait for a turn, right before it is used; the first one is waited for however long it takes."""
        if not errand.turns:
            errand.limit.reschedule(None)
        try:
            await self._budget.turn(patience=self._project.poll_deadline)
        except Unavailable as error:
            raise self._named(error) from None
        if not errand.turns:
            errand.limit.reschedule(asyncio.get_running_loop().time() + self._project.poll_deadline)
            if errand.begun:
                errand.begun()
        errand.turns += 1

    def _named(self, error: SourceError) -> SourceError:
        return error.saying(f"project {self._project.name!r}: {error}")

    def _signing_in(self, clock: Clock, emit: Callable[[Fact], None]) -> Credential:
        project, auth, budget = self._project, self._project.auth, self._budget
        if auth.password is not None:
            return Password(project, auth.password, transport=self._transport, budget=budget, clock=clock, emit=emit)
        known = ProjectId(project, transport=self._transport, budget=budget, clock=clock)
        if auth.token is not None:
            return ReadyToken(auth.token, project=known)
        keyring: Keyring
        if auth.method == "metadata":
            keyring = Borrowed(budget.instance, project=project.name, emit=emit)
        elif auth.access_key is not None and auth.secret_key is not None:
            keyring = Kept(auth.access_key, auth.secret_key, auth.security_token)
        else:
            msg = f"project {project.name!r} has nothing to sign in with"
            raise ValueError(msg)
        return AccessKey(keyring, project=known, standing=budget.standing, clock=clock)


def _pause(state: RetryCallState) -> float:
    """Longer after each attempt, by chance, and never shorter than the service asked for."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, SourceError) else None
    return max(_backoff(state), asked or 0.0)
