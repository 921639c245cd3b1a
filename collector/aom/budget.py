"""What one credential may ask for, however many projects use it: its rate, its rests, and how it stands."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from aiolimiter import AsyncLimiter

from collector.clock import Clock
from collector.errors import Reason, Refused, Unavailable

REFUSALS = 2
PAUSE = 300.0


class Budget:
    """The rate of one credential in requests a second, and the rest the service asked for."""

    def __init__(self, rate: float, *, clock: Clock) -> None:
        self.rate = rate
        self.standing = Standing(clock=clock)
        self._clock = clock
        self._limiter = AsyncLimiter(1, 1 / rate)
        self._rested = float("-inf")

    async def turn(self, *, patience: float) -> None:
        """Wait for the right to make one request.

        Raises `Unavailable` at once where the service asked for a rest longer than `patience` (seconds).
        """
        await self._limiter.acquire()
        rest = self._rested - self._clock.monotonic()
        if rest > patience:
            says = f"the service asked for a rest, and {rest:.0f} s of it are left"
            raise Unavailable(says, reason=Reason.THROTTLED, retry_after=rest)
        while rest > 0:
            await asyncio.sleep(rest)
            rest = self._rested - self._clock.monotonic()

    def rest(self, seconds: float) -> None:
        """Ask for nothing for so long."""
        self._rested = max(self._rested, self._clock.monotonic() + seconds)


class Standing:
    """How a secret stands with the service, which locks it after several refusals in a row.

    Until it was accepted once, one request at a time tries it; after two refusals in a row it is paused.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._secret: object = None
        self._good = False
        self._refusals = 0
        self._until = float("-inf")
        self._said = ""
        self._gate = asyncio.Lock()

    def accepted(self) -> bool:
        """Whether the service accepted the secret when it was last used."""
        return self._good

    @asynccontextmanager
    async def trying(self, secret: object) -> AsyncIterator[None]:
        """Use a secret for one request. Raises `Refused` while it is paused.

        A refusal that escapes the block counts, and so does its success.
        """
        self.meet(secret)
        async with AsyncExitStack() as stack:
            if not self.accepted():
                await stack.enter_async_context(self._gate)
                self.meet(secret)
                if self.accepted():
                    # Somebody else's request has shown it meanwhile: nobody has to wait any more.
                    await stack.aclose()
            async with self._counted(secret):
                yield

    def meet(self, secret: object) -> None:
        """Note which secret is used; another one than before starts afresh. Raises `Refused` while it is paused."""
        if secret != self._secret:
            self._secret, self._good, self._refusals, self._until = secret, False, 0, float("-inf")
        left = self._until - self._clock.monotonic()
        if left > 0:
            says = (
                f"refused {REFUSALS} times in a row, so it is left alone for another {left:.0f} s, "
                f"before the service locks it; it said: {self._said}"
            )
            raise Refused(says, reason=Reason.AUTH)

    @asynccontextmanager
    async def _counted(self, secret: object) -> AsyncIterator[None]:
        try:
            yield
        except Refused as error:
            if error.reason is Reason.AUTH:
                self._settle(secret, refused=str(error))
            elif error.reason in (Reason.FORBIDDEN, Reason.NOT_FOUND):
                # Whatever it may not do, it was accepted.
                self._settle(secret, refused=None)
            raise
        self._settle(secret, refused=None)

    def _settle(self, secret: object, *, refused: str | None) -> None:
        if secret != self._secret:
            return
        self._good = refused is None
        self._refusals = 0 if refused is None else self._refusals + 1
        if refused is not None and self._refusals >= REFUSALS:
            self._said, self._until = refused, self._clock.monotonic() + PAUSE
