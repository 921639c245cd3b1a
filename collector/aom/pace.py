"""The pace of one credential: one request after another, each so long after the one before was really sent.

A turn that was given is held until its request is on its way; meanwhile nobody else has one. What happens between the
turn and the sending (a stalled event loop, a connection to be made) can so never push two requests together.
"""

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp

from collector.aom.rounds import Rounds
from collector.aom.throttle import Gate, spacing
from collector.clock import Clock

HELD_FOR = 1.0
"""Seconds after which a turn that was never reported as used counts as used."""


@dataclass(frozen=True, slots=True, eq=False)
class Asker:
    """A project, and the gateway it asks."""

    name: str
    gate: Gate


class Pace:
    """Turns at a rate (requests a second), shared fairly: however many wait for one asker, another is next after one.

    The first comes as long after the start as any other after the one before it: a process that ended just now may
    have used its last.
    """

    def __init__(self, rate: float, *, clock: Clock) -> None:
        self._spacing = spacing(rate)
        self._clock = clock
        self._next = clock.monotonic() + self._spacing
        self._waiting: Rounds[Asker, tuple[Turn, asyncio.Future[None]]] = Rounds()
        self._timer: asyncio.TimerHandle | None = None
        self._holds: Turn | None = None
        self._until = 0.0

    async def wait(self, turn: "Turn", *, first: bool = False) -> None:
        """Wait until this turn has come, and hold it; `first`: before everybody else who waits."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.add(turn.asker, (turn, waiter), first=first)
        self._go_on()
        try:
            await waiter
        except asyncio.CancelledError:
            self._waiting.discard(turn.asker, (turn, waiter))
            self.back(turn)  # it may have come in the same moment
            self._go_on()
            raise

    def holds(self, turn: "Turn") -> bool:
        """Whether this is the turn that is held."""
        return self._holds is turn

    @property
    def slow(self) -> bool:
        """Whether the next turn is so far away that it is better to hold one than to wait for another."""
        return self._spacing > HELD_FOR

    def sent(self, turn: "Turn") -> None:
        """The request of a turn is on its way."""
        now = self._clock.monotonic()
        self._next = max(self._next, now + self._spacing)
        turn.asker.gate.used(now)
        self.back(turn)

    def back(self, turn: "Turn") -> None:
        """A turn is not held any more; where it was not used, the next one comes at once."""
        if self._holds is turn:
            self._holds = None
            self._go_on()

    def _go_on(self) -> None:
        """Give the next turn, or see to it that this is called again when it may be given."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not len(self._waiting):
            return
        now = self._clock.monotonic()
        if self._holds is not None:
            if now < self._until:
                self._later(self._until - now)
                return
            held, self._holds = self._holds, None
            self._next = max(self._next, now + self._spacing)
            held.asker.gate.used(now)
        due = max(self._next, min(asker.gate.ready for asker in self._waiting))
        if due > now:
            self._later(due - now)
            return
        found = self._waiting.take(lambda asker: asker.gate.ready <= now)
        if found is None:
            return
        turn, waiter = found
        if waiter.done():  # cancelled, and it has not run since
            self._go_on()
            return
        self._holds, self._until = turn, now + HELD_FOR
        waiter.set_result(None)
        self._later(HELD_FOR)

    def _later(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._go_on)


class Turn:
    """The right to send one request now."""

    def __init__(self, pace: Pace, asker: Asker) -> None:
        self.asker = asker
        self._pace = pace

    def sent(self) -> None:
        """The request is on its way; harmless where that was said before."""
        if self._pace.holds(self):
            self._pace.sent(self)

    def back(self) -> None:
        """A connection has to be made first: it is not used yet, and others can go where many do."""
        if not self._pace.slow:
            self._pace.back(self)

    async def again(self) -> None:
        """The connection is made: wait for the next turn, before everybody else, unless this one is still held."""
        if not self._pace.holds(self):
            await self._pace.wait(self, first=True)


def telling() -> aiohttp.TraceConfig:
    """Has a session tell the turn of each request (its `trace_request_ctx`) how far it is on its way.

    While a connection is made the turn is given back, as that may take long.
    """
    tells = aiohttp.TraceConfig()
    tells.on_connection_create_start.append(_connecting)
    tells.on_connection_create_end.append(_connected)
    tells.on_request_headers_sent.append(_sent)
    return tells


def _turn(context: SimpleNamespace) -> Turn | None:
    turn = context.trace_request_ctx
    return turn if isinstance(turn, Turn) else None


async def _connecting(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
    if turn := _turn(context):
        turn.back()


async def _connected(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
    if turn := _turn(context):
        await turn.again()


async def _sent(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
    if turn := _turn(context):
        turn.sent()
