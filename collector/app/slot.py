"""One workflow's turns: looks, releases, lessons and the farewell pass through one hand."""

from contextlib import suppress
from dataclasses import dataclass

from collector.app.house import House
from collector.errors import StateError
from collector.ledger import release_at
from collector.model import Definition, Key, Polled, Turned
from collector.poll import Poll, Watched
from collector.schedule import next_look

LEAST_WAIT = 1.0
NEVER = float("inf")


@dataclass(slots=True, eq=False)
class Slot:
    """One workflow's turns. Times are on the monotonic clock.

    `restored`: it began on existing state. `patience`: seconds after which a look that was due and has not ended is
    late. `overdue`: that was said. `lesson`: what the list told and the ledger has yet to learn; `told`: what it told
    last. `last`: how the last look went. `gone`: it is watched no more, and only its row has to be told. `unfit`: its
    row has yet to be fitted to another configuration, and shown as that has it.
    """

    watched: Watched
    poll: Poll
    house: House
    patience: float
    look_at: float = NEVER
    release: tuple[int, float] | None = None
    overdue: bool = False
    restored: bool = False
    lesson: Definition | None = None
    told: Definition | None = None
    last: Polled | None = None
    gone: bool = False
    unfit: bool = False

    @property
    def key(self) -> Key:
        """What its state is kept under."""
        return self.watched.workflow.key

    def follow(self, before: "Slot") -> None:
        """Go on with the turns that another hand had; a shorter interval holds from now on."""
        self.restored, self.lesson, self.told = before.restored, before.lesson, before.told
        self.last, self.overdue = before.last, before.overdue
        self.look_at = min(before.look_at, self.house.clock.monotonic() + self.watched.workflow.interval)

    def teach(self, definition: Definition) -> bool:
        """Put down what the list tells; says whether that is new."""
        if definition == self.told:
            return False
        self.told = self.lesson = definition
        return True

    async def learn(self) -> None:
        """Take in the lesson that waits, if there is one. Raises `StateError`, and then it still waits."""
        lesson = self.lesson
        if lesson is not None:
            await self.poll.learn(self.watched, lesson)
            if self.lesson is lesson:  # the list may have told more meanwhile
                self.lesson = None

    async def turn(self, lateness: float) -> float:
        """Do what is due, `lateness` seconds late: end a hold, look; returns when it needs a hand again."""
        clock, now = self.house.clock, self.house.clock.monotonic()
        if self.unfit and not await self._fit():
            return now + LEAST_WAIT
        with suppress(StateError):  # the store has reported it, and the lesson waits for the next turn
            await self.learn()
        if self.release and now >= self.release[1]:
            await self._release(self.release[0], now)
        if now >= self.look_at:
            await self.look(lateness)
            self.overdue = False
            self.look_at = next_look(self.look_at, self.watched.workflow.interval, clock.monotonic())
        now, wall = clock.monotonic(), clock.now()
        due = self._plan(now=now, wall=wall)
        if due < NEVER:
            self.turned(wall + round((due - now) * 1000))
        return due

    async def _fit(self) -> bool:
        """Fit the row to the configuration; whether that could be kept."""
        try:
            await self.poll.resume(self.watched)
        except StateError:
            return False  # the store has reported it; nothing else can be kept meanwhile either
        self.unfit = False
        self.show()
        return True

    def show(self) -> None:
        """Put it on the page, or show it as the configuration has it now."""
        ledger = self.watched.row.ledger
        self.house.exposition.watch(self.watched.workflow, ledger, restored=self.restored)
        if self.key not in self.house.met:  # one that comes back was counted on before it went
            self.house.met.add(self.key)
            self.house.own.restore(self.key.project, ledger.rejected, ledger.invalid)

    async def look(self, lateness: float = 0.0) -> None:
        """Look at it, and tell how that went."""
        self.last = await self.poll.look(self.watched, lateness)
        self.house.emit(self.last)

    def turned(self, until: int | None) -> None:
        """Tell when its next turn is (ms), None: never."""
        self.house.emit(Turned(key=self.key, name=self.watched.label, until=until))

    async def leave(self) -> bool:
        """Note in the row that nothing of it is shown any more; whether it has not come back meanwhile.

        Raises `StateError`.
        """
        await self.poll.leave(self.watched)
        if not self.gone:
            await self.poll.resume(self.watched)
        return self.gone

    def keep_house(self, now: float, wall: int) -> None:
        """Say of a look that could not be made in time that it was not; `wall` in ms."""
        if not self.overdue and now - self.look_at > self.patience:
            self.overdue = True
            self.house.exposition.polled(self.key, ok=False, at=wall, reason=None)

    async def _release(self, due: int, now: float) -> None:
        at = self.house.restored.release_at(due, now) if self.restored else now
        try:
            if at <= now:
                await self.poll.release(self.watched, due)
        except StateError:
            at = now + LEAST_WAIT  # the store has reported it; the hold just lasts a little longer
        self.release = due, at

    def _plan(self, *, now: float, wall: int) -> float:
        """When this needs a hand again; a wall clock that jumped never prolongs a hold past `first_zero`."""
        due = release_at(self.watched.row.ledger)
        if due is None:
            self.release = None
        elif self.release is None or self.release[0] != due:
            self.release = due, now + min(max((due - wall) / 1000, 0.0), self.house.settings.first_zero)
        return self.look_at if self.release is None else min(self.look_at, self.release[1])
