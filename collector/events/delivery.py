"""The way from the outbox to the event log: write, make safe, then strike off. Whoever is killed in between repeats."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Literal, Protocol

from collector.clock import Clock
from collector.config import STANDARD
from collector.errors import StateError
from collector.events.line import lines
from collector.events.place import File, Place, Standard
from collector.failpoint import failpoint
from collector.ledger import Step
from collector.log import Lasting, Names
from collector.model import Workflow

BATCH = 1000
"""Lines that are written, made safe and struck off together."""
MOST = 500_000
"""Lines that wait at most while they cannot be written, some 250 MB; then the oldest are dropped."""
NAMES = Names("event_log.failing", "event_log.still_failing", "event_log.recovered")
FAREWELL = 1.0
"""Seconds for which what still waits is written at the end."""
FOREVER = float("inf")


class Outbox(Protocol):
    """Lines that were committed with what they tell of, until they are struck off."""

    async def waiting(self, most: int) -> list[tuple[int, bytes]]:
        """The oldest, at most so many, by their numbers."""
        ...

    async def delivered(self, numbers: Collection[int]) -> None:
        """Strike these off."""
        ...

    async def trim(self, most: int) -> int:
        """Drop the oldest until no more than so many are left; returns how many."""
        ...


class EventLog:
    """The event log of one collector: a file, `STANDARD` for standard output, or nowhere.

    `say` logs what happens to it: when it cannot be written, once an hour while that lasts, and when it can.
    `outbox`: where lines come from; nothing is delivered without one.
    """

    def __init__(
        self,
        where: Path | Literal["-"] | None,
        *,
        clock: Clock,
        say: Callable[..., None],
    ) -> None:
        self.outbox: Outbox | None = None
        self._place = _place(where)
        self._clock = clock
        self._trouble = Lasting(say, NAMES)
        self._turn = asyncio.Lock()
        self._delivering: asyncio.Future[None] | None = None
        self._failing = False
        self._dropped = 0

    def lines(self, workflow: Workflow, step: Step) -> tuple[bytes, ...]:
        """What goes to the outbox together with a step."""
        if self._place is None or not step.ended:
            return ()
        return tuple(lines(workflow, step, self._clock.now()))

    async def use(self, where: Path | Literal["-"] | None) -> None:
        """Go on at another place, or at the same one opened anew; what waits goes there."""
        async with self._turn:
            if self._place:
                self._place.close()
            self._place = _place(where)

    async def deliver(self, *, within: float = FOREVER) -> None:
        """Write what waits, for so many seconds at most. Where that fails it goes on waiting, and the log says so."""
        # A write under way is not given up with whoever waits for it: a second one would run into it.
        self._delivering = asyncio.ensure_future(self._deliver(self._clock.monotonic() + within))
        await asyncio.shield(self._delivering)

    async def close(self) -> None:
        """Write what still waits, for a moment, and let go of the place."""
        await self.deliver(within=FAREWELL)
        await self.use(None)

    async def _deliver(self, until: float) -> None:
        with suppress(StateError):  # lines wait as long as the store cannot tell or strike off any
            more = True
            while more and self._clock.monotonic() < until:
                async with self._turn:
                    more = await self._batch()

    async def _batch(self) -> bool:
        """Deliver one batch; whether there may be more."""
        outbox = self.outbox
        if self._place is None or outbox is None:
            return False
        # One alone tells whether it works again; a whole batch, time and again, would fill what little room there is.
        most = 1 if self._failing else BATCH
        waiting = await outbox.waiting(most)
        if not waiting:
            return False
        failpoint("deliver-before")
        try:
            await asyncio.to_thread(self._place.write, [line for _, line in waiting])
        except OSError as error:
            await self._fails(error, outbox)
            return False
        failpoint("deliver-written")
        await outbox.delivered([number for number, _ in waiting])
        failpoint("deliver-after")
        self._works()
        return len(waiting) == most

    async def _fails(self, error: OSError, outbox: Outbox) -> None:
        self._failing = True
        hint = "counting goes on, and what ended waits in the state"
        says = f"{self._place} cannot be written: {error.strerror}"
        self._trouble.failed(self._clock.now(), says, dropped=self._dropped or None, hint=hint)
        self._dropped += await outbox.trim(MOST)

    def _works(self) -> None:
        if self._failing:
            self._trouble.worked(self._clock.now(), dropped=self._dropped or None)
            self._failing, self._dropped = False, 0


def _place(where: Path | Literal["-"] | None) -> Place | None:
    if where is None:
        return None
    return Standard() if where == STANDARD else File(where)
