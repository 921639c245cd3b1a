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

from collector.aom.breaker import Breaker, concerns_all
from collector.aom.budget import Budget, Part
from collector.aom.credential import AccessKey, Borrowed, Credential, Kept, Keyring, ReadyToken
from collector.aom.endpoints import LIST_EXECUTIONS, Request
from collector.aom.exchange import Heard
from collector.aom.pace import Turn
from collector.aom.password import Password
from collector.aom.projects import ProjectId
from collector.aom.refusal import NotOffered, limit
from collector.aom.standing import Paused
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
    """One request on its way: its deadline, what is called when it begins, and how many turns it has had.

    `asking`: an exchange is under way. `probe`: it finds out whether the whole project still fails.
    """

    request: Request
    limit: asyncio.Timeout
    begun: Callable[[], None] | None
    turns: int = 0
    asking: bool = False
    probe: bool = False

    @property
    def workflow(self) -> str:
        """The workflow whose history is asked for, "" for anything else."""
        return self.request.ids["workflow_id"] if self.request.operation is LIST_EXECUTIONS else ""


class Client:
    """Requests for one project, under the budget of its credential."""

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
        self._budget: Part = budget.part(project.name, gateway=project.endpoint)
        self._breaker = Breaker.of(project)
        self._transport = Transport(project, clock=clock, emit=emit, heard=heard)
        self._credential = self._signing_in(clock, emit)
        self._slots = asyncio.Semaphore(project.concurrency)

    async def ask(self, request: Request, begun: Callable[[], None] | None = None) -> Asked:
        """Make one allowed request, again where that can succeed, within `poll_deadline`. Raises `SourceError`.

        Waiting for the first turn is lateness, not part of the deadline; `begun` is called when it is over.
        """
        async with self._slots:
            errand: Errand | None = None
            try:
                async with asyncio.timeout(self._project.poll_deadline) as deadline:
                    errand = Errand(request, deadline, begun)
                    return await self._repeated(errand)
            except TimeoutError:
                seconds = self._project.poll_deadline
                says = f"{request.operation.name}: no whole answer within poll_deadline, {seconds:g} s"
                late = self._named(Unavailable(says, reason=Reason.TIMEOUT))
                if errand and errand.asking:
                    self._failed(errand, late)
                raise late from None

    def peer(self) -> tuple[str, int]:
        """As `Aom.peer`."""
        return self._transport.peer()

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
        errand.probe = self._breaker.meet(errand.workflow, self._clock.monotonic())
        try:
            return await exchanged(
                lambda last: self._credential.ticket(last=last), lambda ticket: self._exchanged(errand, ticket)
            )
        except Paused as error:
            raise self._named(error) from None
        finally:
            if errand.probe:
                self._breaker.probed()

    async def _exchanged(self, errand: Errand, ticket: Ticket) -> Asked:
        turn = await self._turn(errand)
        errand.asking = True
        try:
            answer = await self._transport.exchange(errand.request, ticket, turn)
        except SourceError as error:
            errand.asking = False
            raise self._failed(errand, error) from None
        errand.asking = False
        if errand.workflow:
            self._breaker.stood()
        return Asked(answer=answer, project_id=ticket.project_id)

    def _failed(self, errand: Errand, error: SourceError) -> SourceError:
        """Take in what a failure means for all that this project, and this credential, asks for."""
        if isinstance(error, NotOffered):
            says = f"{error} (region {self._project.region!r}); it is asked again about once an hour"
            error = error.saying(says)
        if isinstance(error, Unavailable):
            self._budget.rest(error.retry_after or 0.0)
        if error.reason is Reason.THROTTLED and (named := limit(str(error))):
            self._budget.keep_to(named)
        if errand.workflow:
            if concerns_all(error):
                self._breaker.fell(errand.workflow, error, self._clock.monotonic(), probe=errand.probe)
            elif error.reason is not Reason.THROTTLED:
                self._breaker.stood()
        return error

    async def _turn(self, errand: Errand) -> Turn:
        """Wait for a turn, right before it is used; the first one is waited for however long it takes."""
        if not errand.turns:
            errand.limit.reschedule(None)
        try:
            turn = await self._budget.turn(patience=self._project.poll_deadline)
        except Unavailable as error:
            raise self._named(error) from None
        if not errand.turns:
            errand.limit.reschedule(asyncio.get_running_loop().time() + self._project.poll_deadline)
            if errand.begun:
                errand.begun()
        errand.turns += 1
        return turn

    def _named(self, error: SourceError) -> SourceError:
        return error.saying(f"project {self._project.name!r}: {error}")

    def _signing_in(self, clock: Clock, emit: Callable[[Fact], None]) -> Credential:
        project, auth, budget = self._project, self._project.auth, self._budget
        if auth.password is not None:
            return Password(project, auth.password, transport=self._transport, budget=budget, clock=clock, emit=emit)
        known = ProjectId(project, transport=self._transport, budget=budget, clock=clock)
        if auth.token is not None:
            return ReadyToken(auth.token, project=known, standing=budget.standing.of(project.name))
        keyring: Keyring
        if auth.method == "metadata":
            keyring = Borrowed(budget.instance, project=project.name, emit=emit)
        elif auth.access_key is not None and auth.secret_key is not None:
            keyring = Kept(auth.access_key, auth.secret_key, auth.security_token)
        else:
            msg = f"project {project.name!r} has nothing to sign in with"
            raise ValueError(msg)
        return AccessKey(keyring, project=known, standing=budget.standing.of(project.name), clock=clock)


def _pause(state: RetryCallState) -> float:
    """By chance, longer after each attempt, and on top of what the service asked for: not all come back at once."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, SourceError) else None
    return _backoff(state) + (asked or 0.0)
