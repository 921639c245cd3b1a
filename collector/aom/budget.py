"""What one credential may ask for, however many projects use it: its rate, its rests, and how it stands."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from aiolimiter import AsyncLimiter

from collector.aom.instance import Instance
from collector.clock import Clock
from collector.errors import Reason, Refused, SourceError, Unavailable

REFUSALS = 2
PAUSE = 300.0
LONGEST_PAUSE = 3600.0
AT_ONCE = 4

S = TypeVar("S")
Counts = Callable[[SourceError], bool]


def unauthorized(error: SourceError) -> bool:
    """Whether an error says that what was signed with is wrong."""
    return isinstance(error, Refused) and error.reason is Reason.AUTH


class Paused(Refused):
    """Nothing was asked: the credential is left alone for a while."""


class Budget:
    """The rate of one credential in requests a second, and the rest the service asked for.

    `instance`: the keys of this machine, where they are the credential.
    """

    def __init__(self, rate: float, *, clock: Clock, instance: Instance | None = None) -> None:
        self.rate = rate
        self.standing = Standing(clock=clock)
        self.instance = instance or Instance(clock=clock)
        self._clock = clock
        self._limiter = AsyncLimiter(1, 1 / rate)
        self._rested = float("-inf")

    async def turn(self, *, patience: float) -> None:
        """Wait for the right to make one request, to be made at once.

        Raises `Unavailable` as soon as the service asks for a rest longer than `patience` (seconds).
        """
        resting = True
        while resting:
            while (rest := self._left()) > 0:
                if rest > patience:
                    says = f"the service asked for a rest, and {rest:.0f} s of it are left"
                    raise Unavailable(says, reason=Reason.THROTTLED, retry_after=rest)
                await asyncio.sleep(rest)
            await self._limiter.acquire()
            # The service may have asked for a rest while this waited.
            resting = self._left() > 0

    def rest(self, seconds: float) -> None:
        """Ask for nothing for so long."""
        self._rested = max(self._rested, self._clock.monotonic() + seconds)

    def _left(self) -> float:
        return self._rested - self._clock.monotonic()


class Standing:
    """How a secret stands with the service, which locks it after more than five refusals in a row.

    Until it was accepted once, one request at a time tries it. Later on so few at once that, with one more before the
    second refusal has come, one that goes bad is not locked. After two refusals in a row it is left alone, each time
    for longer.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._secret: object = None
        self._good = False
        self._refusals = 0
        self._until = float("-inf")
        self._said = ""
        self._gate = asyncio.Lock()
        self._places = asyncio.Semaphore(AT_ONCE)

    def accepted(self) -> bool:
        """Whether the service accepted the secret when it was last used."""
        return self._good

    @asynccontextmanager
    async def trying(self, read: Callable[[], S], *, counts: Counts = unauthorized) -> AsyncIterator[S]:
        """Use the secret, as it reads when its time has come, for one request. Raises `Paused` while it is left alone.

        An error that escapes the block and `counts` is a refusal; only a success makes up for one.
        """
        self.meet(read())
        async with self._places, AsyncExitStack() as gate:
            if not self._good:
                await gate.enter_async_context(self._gate)
            secret = read()
            self.meet(secret)
            if self.accepted():
                # It has been shown by now, maybe by somebody else: nobody has to wait for this one.
                await gate.aclose()
            try:
                yield secret
            except SourceError as error:
                if counts(error):
                    self._refused(secret, str(error))
                raise
            if secret == self._secret:
                self._good, self._refusals = True, 0

    def meet(self, secret: object) -> None:
        """Note which secret is used; another one than before starts afresh. Raises `Paused` where it is left alone."""
        if secret != self._secret:
            self._secret, self._good, self._refusals, self._until = secret, False, 0, float("-inf")
        left = self._until - self._clock.monotonic()
        if left > 0:
            says = (
                f"its credential was refused {self._refusals} times in a row and is left alone for another "
                f"{left:.0f} s, before the service locks it; the last answer was: {self._said}"
            )
            raise Paused(says, reason=Reason.AUTH)

    def _refused(self, secret: object, says: str) -> None:
        if secret != self._secret:
            return
        self._good = False
        self._refusals += 1
        if self._refusals >= REFUSALS:
            longer = 2 ** (self._refusals - REFUSALS)
            self._said, self._until = says, self._clock.monotonic() + min(PAUSE * longer, LONGEST_PAUSE)
