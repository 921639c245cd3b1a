"""The keys that this machine is lent: asked for once for all projects, and renewed ahead of their end."""

from collections.abc import Callable
from functools import partial
from random import SystemRandom

from collector.aom.flight import Flight
from collector.aom.lent import Lent
from collector.aom.metadata import ADDRESS, Metadata, NoAgency
from collector.aom.signing import Keys
from collector.clock import Clock
from collector.errors import Reason, Refused, SourceError, Unavailable
from collector.model import Fact, Renewed

AGAIN_AFTER = 30.0
"""Seconds between two requests for keys; the metadata service limits how often it is asked."""
PAUSE = 300.0
"""Seconds for which a machine without an agency is not asked again."""

Emit = Callable[[Fact], None]
_system = SystemRandom()


class Instance:
    """The keys of the machine's agency. Whoever uses them joins, and is told when they are others.

    `address`: where the metadata service is. `chance`: a number from 0 to 1, by which times are spread.
    """

    def __init__(self, *, clock: Clock, address: str = ADDRESS, chance: Callable[[], float] = _system.random) -> None:
        self._clock = clock
        self._chance = chance
        self._metadata = Metadata(clock=clock, address=address)
        self._flight: Flight[None] = Flight(clock=clock, pause=self._pause)
        self._users: dict[str, Emit] = {}
        self._held: Lent | None = None
        self._asked_at = self._renew_at = float("-inf")
        self._dies_at = float("-inf")

    def join(self, project: str, emit: Emit) -> None:
        """Use the keys for a project."""
        self._users[project] = emit
        if self._held:
            emit(Renewed(project=project, expires_at=self._held.expires_at))

    async def leave(self, project: str) -> None:
        """Use them no more; the last one ends what is under way."""
        self._users.pop(project, None)
        if not self._users:
            await self._flight.end()

    async def ready(self, project: str) -> None:
        """Make sure that there are keys. Raises `SourceError`.

        While the old ones live nobody waits for others, and the metadata service may be away.
        """
        now = self._clock.monotonic()
        if now >= self._dies_at:
            await self._flight.join(partial(self._fetch, project, self._users[project]))
        elif now >= self._renew_at:
            self._flight.begin(partial(self._fetch, project, self._users[project]))

    def keys(self) -> Keys:
        """The keys as they are now. Raises `Unavailable` where they have died since `ready`."""
        if self._held is None or self._clock.monotonic() >= self._dies_at:
            says = "the keys that instance metadata lent have just expired"
            raise Unavailable(says, reason=Reason.AUTH)
        return self._held.keys

    async def changed(self, project: str, keys: Keys) -> bool:
        """Whether, after these were refused, others are lent by now."""
        if self._held is not None and self._held.keys != keys:
            return True
        if self._clock.monotonic() < self._asked_at + AGAIN_AFTER:
            return False
        try:
            await self._flight.join(partial(self._fetch, project, self._users[project]))
        except SourceError:
            return False
        return self._held is not None and self._held.keys != keys

    async def _fetch(self, project: str, emit: Emit) -> None:
        self._asked_at = self._clock.monotonic()
        try:
            lent = await self._metadata.lent(project, emit)
        except NoAgency:
            raise
        except SourceError as error:
            if self._held is not None and isinstance(error, Unavailable):
                raise
            says = f"{error}; there is no other credential, give one in [project.auth]"
            raise Refused(says, reason=Reason.AUTH) from None
        self._take(lent)

    def _take(self, lent: Lent) -> None:
        before, now = self._held, self._clock.monotonic()
        self._held = lent
        self._dies_at = float("inf") if lent.life is None else now + lent.life
        # Where the same keys are lent again, they are not asked for at every look until there are others.
        self._renew_at = now + max(lent.renewed_after(self._chance()), AGAIN_AFTER)
        if before is None or (before.keys, before.expires_at) != (lent.keys, lent.expires_at):
            for name, tell in self._users.items():
                tell(Renewed(project=name, expires_at=lent.expires_at))

    def _pause(self, error: SourceError) -> float:
        return (PAUSE if isinstance(error, NoAgency) else AGAIN_AFTER) * (1 + self._chance() / 5)
