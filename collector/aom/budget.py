"""What one credential may ask for, however many projects use it: its rate, its rests, and how it stands."""

import asyncio

from collector.aom.instance import Instance
from collector.aom.pace import Asker, Pace, Turn
from collector.aom.standing import Standing
from collector.aom.throttle import Gate, Limit
from collector.clock import Clock
from collector.errors import Reason, Unavailable


class Budget:
    """The rate of one credential in requests a second, and what each gateway asked for.

    `instance`: the keys of this machine, where they are the credential. `of`: the same credential's at another rate.
    """

    def __init__(
        self, rate: float, *, clock: Clock, instance: Instance | None = None, of: "Budget | None" = None
    ) -> None:
        self.rate = rate
        self.clock = clock
        self.standing: Standing = of.standing if of else Standing(clock=clock)
        self.instance: Instance = instance or (of.instance if of else Instance(clock=clock))
        self.pace = Pace(rate, clock=clock)
        self._gates: dict[str, Gate] = {}

    def part(self, project: str, *, gateway: str) -> "Part":
        """The same budget as one project has it: projects take turns, and gateways ask for rests."""
        return Part(self, Asker(project, self._gates.setdefault(gateway, Gate(self.rate))))


class Part:
    """The budget of a credential as one project has it, at the gateway it asks."""

    def __init__(self, whole: Budget, asker: Asker) -> None:
        self.standing, self.instance = whole.standing, whole.instance
        self._whole = whole
        self._asker = asker

    async def turn(self, *, patience: float) -> Turn:
        """Wait for the right to make one request; it is held until the request is on its way.

        Raises `Unavailable` as soon as the service asks for a rest longer than `patience` (seconds).
        """
        gate, clock, turn = self._asker.gate, self._whole.clock, Turn(self._whole.pace, self._asker)
        while True:
            while (rest := gate.left(clock.monotonic())) > 0:
                if rest > patience:
                    says = f"the service asked for a rest, and {rest:.0f} s of it are left"
                    raise Unavailable(says, reason=Reason.THROTTLED, retry_after=rest)
                await asyncio.sleep(rest)
            await self._whole.pace.wait(turn)
            # The service may have asked for a rest while this waited.
            if gate.left(clock.monotonic()) <= 0:
                return turn
            turn.back()

    def rest(self, seconds: float) -> None:
        """Ask for nothing for so long."""
        self._asker.gate.rest(self._whole.clock.monotonic() + seconds)

    def keep_to(self, limit: Limit) -> None:
        """Keep to a limit that the gateway named."""
        self._asker.gate.name(limit, self._whole.clock.monotonic())
