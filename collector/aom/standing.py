"""How a secret stands with the service, which locks it after more than five refusals in a row."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, Self, TypeVar

from collector.aom.rounds import Rounds
from collector.clock import Clock
from collector.errors import Reason, Refused, SourceError

REFUSALS = 2
"""Refusals in a row after which a secret is left alone."""
MOST_REFUSALS = 4
"""Refusals in a row after which it is, though it is good for another project."""
PAUSE = 300.0
LONGEST_PAUSE = 3600.0
AT_ONCE = 4
BRIEFLY = 1.0
"""Seconds after which a request that is still not answered keeps no other project waiting: a refusal comes at once."""
SLOWLY = 4.0
"""Seconds after which it does not keep its own project waiting either: no more than five can so be on their way."""

S = TypeVar("S")
Counts = Callable[[SourceError], bool]


def unauthorized(error: SourceError) -> bool:
    """Whether an error says that what was signed with is wrong."""
    return isinstance(error, Refused) and error.reason is Reason.AUTH


class Paused(Refused):
    """Nothing was asked: the credential is left alone for a while."""


class _Places:
    """So many at once; projects that wait for one take turns, however many of one project wait."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._waiting: Rounds[str, asyncio.Future[None]] = Rounds()

    async def take(self, project: str) -> None:
        if self._free:
            self._free -= 1
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.add(project, waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            self._waiting.discard(project, waiter)
            if waiter.done() and not waiter.cancelled():  # it came in the same moment
                self.back()
            raise

    def back(self) -> None:
        waiter = self._waiting.take(lambda _: True)
        while waiter is not None and waiter.done():
            waiter = self._waiting.take(lambda _: True)
        if waiter is None:
            self._free += 1
        else:
            waiter.set_result(None)


class _Place:
    """One of the places, given back once."""

    def __init__(self, places: _Places, project: str) -> None:
        self._places = places
        self._project = project
        self._held = False

    async def __aenter__(self) -> Self:
        await self._places.take(self._project)
        self._held = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        if self._held:
            self._held = False
            self._places.back()


class Trial(Generic[S]):
    """One request with a secret. `sent` is to be called when it goes out."""

    def __init__(self, secret: S, *, own: _Place, shared: list[_Place]) -> None:
        self.secret = secret
        self._own = own
        self._shared = shared

    def sent(self) -> None:
        """Keep others waiting for its answer for a moment only."""
        loop = asyncio.get_running_loop()
        loop.call_later(SLOWLY, self._own.leave)
        for place in self._shared:
            loop.call_later(BRIEFLY, place.leave)


@dataclass(slots=True)
class _Row:
    """Refusals in a row, until when (monotonic) nothing is tried because of them, and what the last one said."""

    refusals: int = 0
    until: float = float("-inf")
    said: str = ""

    def refused(self, says: str, now: float, *, most: int) -> None:
        self.refusals += 1
        if self.refusals >= most:
            self.said, self.until = says, now + min(PAUSE * 2 ** (self.refusals - most), LONGEST_PAUSE)


@dataclass(slots=True)
class _User:
    """A project that uses the secret. `good`: it was accepted there when it was last used."""

    good: bool = False
    row: _Row = field(default_factory=_Row)
    gate: _Places = field(default_factory=lambda: _Places(1))


class Standing:
    """How one secret stands, and with each project that uses it.

    Until it was accepted once, one request at a time tries it. Later on so few at once that, with one more before the
    second refusal has come, one that goes bad is not locked. After two refusals in a row it is left alone, each time
    for longer: by everybody, or, where it is good for another project, by the one that it was refused for.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._secret: object = None
        self._users: dict[str, _User] = {}
        self._row = _Row()
        self._gate = _Places(1)
        self._places = _Places(AT_ONCE)

    def of(self, project: str) -> "Use":
        """The secret as one project uses it."""
        return Use(self, project)

    def accepted(self, project: str | None = None) -> bool:
        """Whether the service accepted the secret when it was last used, for this project, or for any."""
        return any(user.good for name, user in self._users.items() if project in (None, name))

    @asynccontextmanager
    async def trying(self, read: Callable[[], S], *, project: str, counts: Counts) -> AsyncIterator[Trial[S]]:
        """Use the secret, as it reads when its time has come, for one request. Raises `Paused` while it is left alone.

        An error that escapes the block and `counts` is a refusal; only a success makes up for one.
        """
        self.meet(read(), project=project)
        async with AsyncExitStack() as places:
            own, everybody = _Place(self._user(project).gate, project), _Place(self._gate, project)
            if not self.accepted(project):
                await places.enter_async_context(own)
            if not self.accepted():
                await places.enter_async_context(everybody)
            place = await places.enter_async_context(_Place(self._places, project))
            secret = read()
            self.meet(secret, project=project)
            # It may have been shown by now: nobody has to wait for this one.
            if self.accepted(project):
                own.leave()
            if self.accepted():
                everybody.leave()
            try:
                yield Trial(secret, own=own, shared=[everybody, place])
            except SourceError as error:
                if counts(error) and secret == self._secret:
                    self._refused(project, str(error))
                raise
            if secret == self._secret:
                user = self._user(project)
                user.good, user.row, self._row = True, _Row(), _Row()

    def meet(self, secret: object, *, project: str) -> None:
        """Note which secret is used; another one than before starts afresh. Raises `Paused` where it is left alone."""
        if secret != self._secret:
            self._secret, self._users, self._row = secret, {}, _Row()
        row = max((self._row, self._user(project).row), key=lambda each: each.until)
        left = row.until - self._clock.monotonic()
        if left > 0:
            says = (
                f"its credential was refused {row.refusals} times in a row and is left alone for another "
                f"{left:.0f} s, before the service locks it; the last answer was: {row.said}"
            )
            raise Paused(says, reason=Reason.AUTH)

    def _refused(self, project: str, says: str) -> None:
        user, now = self._user(project), self._clock.monotonic()
        user.good = False
        user.row.refused(says, now, most=REFUSALS)
        self._row.refused(says, now, most=MOST_REFUSALS if self.accepted() else REFUSALS)

    def _user(self, project: str) -> _User:
        return self._users.setdefault(project, _User())


class Use:
    """A secret as one project uses it."""

    def __init__(self, standing: Standing, project: str) -> None:
        self._standing = standing
        self._project = project

    def trying(self, read: Callable[[], S], *, counts: Counts = unauthorized) -> AbstractAsyncContextManager[Trial[S]]:
        """Use the secret for one request, as `Standing.trying`."""
        return self._standing.trying(read, project=self._project, counts=counts)

    def meet(self, secret: object) -> None:
        """Note which secret is used, as `Standing.meet`."""
        self._standing.meet(secret, project=self._project)

    def accepted(self) -> bool:
        """Whether the service accepted the secret when it was last used here."""
        return self._standing.accepted(self._project)
