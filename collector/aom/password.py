"""Signing in with a password: a token from IAM, good for a day, renewed before it dies."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from collector.aom import body
from collector.aom.budget import Part
from collector.aom.credential import revealed
from collector.aom.endpoints import CREATE_TOKEN, Request
from collector.aom.standing import Standing
from collector.aom.ticket import Ticket, with_token
from collector.aom.transport import Answer, Transport
from collector.clock import Clock
from collector.config import Project, Secret
from collector.errors import Reason, Refused, SourceError, Unavailable, Unreadable
from collector.model import Fact, Renewed

DAY = 86_400.0
RENEWED_AFTER = 0.8
"""The part of its life after which a token is renewed."""
AGAIN_AFTER = 60.0
"""Seconds between attempts to renew a token that still lives."""
FUTILE = 300.0
"""Seconds for which a refusal that a new token did not mend is no reason for another one."""


@dataclass(slots=True, eq=False)
class Token:
    """A token and its project; `renew_at` and `dies_at` are on the monotonic clock. `worked`: it was accepted."""

    text: str = field(repr=False)
    project_id: str
    renew_at: float
    dies_at: float
    worked: bool = False


class Password:
    """A user's password. However many requests wait for a token, one sign-in fetches it for all of them."""

    def __init__(
        self,
        project: Project,
        password: Secret,
        *,
        transport: Transport,
        budget: Part,
        clock: Clock,
        emit: Callable[[Fact], None],
    ) -> None:
        self._project = project
        self._password = password
        self._transport = transport
        self._budget = budget
        self._clock = clock
        self._emit = emit
        self._fresh = Standing(clock=clock).of("")
        self._token: Token | None = None
        self._signing_in: asyncio.Task[Token] | None = None
        self._tried_at = float("-inf")
        self._futile_at = float("-inf")

    @asynccontextmanager
    async def ticket(self, *, last: bool) -> AsyncIterator[Ticket]:
        """The token as it is now. Tokens that are refused although they are new pause the password as well."""
        self._fresh.meet(self._read())
        token = await self._current()
        try:
            if token.worked:
                yield self._ticket(token)
            else:
                async with self._fresh.trying(self._read):
                    token = await self._current()  # the one before may have been refused meanwhile
                    yield self._ticket(token)
                token.worked = True
        except Refused as error:
            if error.reason is Reason.AUTH:
                self._refused(token, last=last)
            raise

    def _ticket(self, token: Token) -> Ticket:
        async def changed() -> bool:
            return self._token is not token

        secrets = (token.text, self._read())
        return Ticket(project_id=token.project_id, sign=with_token(token.text), secrets=secrets, changed=changed)

    def _refused(self, token: Token, *, last: bool) -> None:
        """Drop a refused token, unless another one was refused just as well although this one works elsewhere."""
        self._password.reread()
        now = self._clock.monotonic()
        if last:
            self._futile_at = now
        if self._token is token and not (token.worked and now < self._futile_at + FUTILE):
            self._token = None

    def _read(self) -> str:
        return revealed(self._password)

    async def close(self) -> None:
        """End a sign-in under way."""
        if self._signing_in:
            self._signing_in.cancel()
            await asyncio.gather(self._signing_in, return_exceptions=True)

    async def _current(self) -> Token:
        now, token = self._clock.monotonic(), self._token
        if token is None or now >= token.dies_at:
            return await asyncio.shield(self._sign_in())
        if now >= token.renew_at and now >= self._tried_at + AGAIN_AFTER:
            # The old one still lives: nobody waits for the new one, and IAM may be away for a while.
            self._sign_in()
        return token

    def _sign_in(self) -> asyncio.Task[Token]:
        if self._signing_in is None or self._signing_in.done():
            self._tried_at = self._clock.monotonic()
            self._signing_in = asyncio.create_task(self._signed_in())
            # A renewal ahead of time may fail while nobody waits for it.
            self._signing_in.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        return self._signing_in

    async def _signed_in(self) -> Token:
        # IAM refuses a password for whatever project it is shown.
        async with self._budget.standing.of("").trying(self._read, counts=_counts) as trial:
            password = trial.secret
            turn = await self._budget.turn(patience=self._project.poll_deadline)
            trial.sent()
            request = Request(operation=CREATE_TOKEN, query=(("nocatalog", "true"),), body=self._asks(password))
            ticket = Ticket(project_id="", sign=lambda _, headers: headers, secrets=(password,))
            try:
                answer = await self._transport.exchange(request, ticket, turn)
            except Unavailable as error:
                self._budget.rest(error.retry_after or 0.0)
                raise
            except Refused:
                self._password.reread()
                raise
            try:
                token, expires_at = self._understood(answer)
            except Unreadable as error:
                says = f"{self._transport.where(request)}: {answer.scrub(str(error))}"
                raise error.saying(says) from None
        self._token = token
        self._emit(Renewed(project=self._project.name, expires_at=expires_at))
        return token

    def _asks(self, password: str) -> bytes:
        auth, project = self._project.auth, self._project
        user = {"name": auth.username, "password": password, "domain": {"name": auth.domain}}
        scope = {"id": project.project_id} if project.project_id else {"name": project.region}
        identity = {"methods": ["password"], "password": {"user": user}}
        return json.dumps({"auth": {"identity": identity, "scope": {"project": scope}}}).encode()

    def _understood(self, answer: Answer) -> tuple[Token, int | None]:
        """The token of an answer, and when it expires (ms) where the answer says so."""
        now, found = self._clock.monotonic(), body.json_object(answer.raw, answer.encoding)
        text = answer.headers.get("X-Subject-Token", "")
        inner = found.get("token")
        inner = inner if isinstance(inner, dict) else {}
        project = inner.get("project")
        project_id = self._project.project_id or (project.get("id") if isinstance(project, dict) else None)
        if not text or not isinstance(project_id, str) or not project_id:
            what = "a token" if not text else "the project that the token is for"
            says = f"its answer lacks {what}"
            raise Unreadable(says, reason=Reason.ANSWER)
        issued, expires = _moment(inner.get("issued_at")), _moment(inner.get("expires_at"))
        life = (expires - issued) / 1000 if issued is not None and expires is not None and expires > issued else DAY
        return Token(text, project_id, now + life * RENEWED_AFTER, now + life), expires


def _counts(error: SourceError) -> bool:
    """Whether IAM did not let the user in; it need not say so with a 401."""
    return isinstance(error, Refused | Unreadable) and error.reason is not Reason.NETWORK


def _moment(value: object) -> int | None:
    """A time of IAM's in ms, None where it is not there or cannot be read."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return (
        None if moment is None else round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    )
