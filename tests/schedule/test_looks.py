"""Workers look at what is due: no more at once than allowed, none lost, none twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from collector.clock import Clock
from collector.model import Key
from collector.schedule import Schedule, Ticker, next_look

PATIENCE = 10
NEVER = 1e9


@dataclass(frozen=True, slots=True)
class Hand(Clock):
    """A monotonic clock that is moved by hand."""

    at: list[float] = field(default_factory=lambda: [1000.0])

    def monotonic(self) -> float:
        return self.at[0]


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def faults() -> list[tuple[Key, BaseException]]:
    return []


Makes = Callable[[Callable[[Key, float], Awaitable[float]], int], Schedule]


@pytest.fixture
async def makes(clock: Hand, faults) -> AsyncIterator[Makes]:
    """Makes started schedules and stops them when the test is over."""
    schedules: list[Schedule] = []

    def make(work: Callable[[Key, float], Awaitable[float]], concurrency: int = 2) -> Schedule:
        schedule = Schedule(
            concurrency=concurrency, clock=clock, work=work, on_error=lambda *fault: faults.append(fault)
        )
        schedules.append(schedule)
        schedule.start()
        return schedule

    yield make
    for schedule in schedules:
        await schedule.stop()


def key(n: int) -> Key:
    return Key("prod", f"wf-{n}")


async def settled() -> None:
    """Let every task go as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_is_due_is_looked_at_with_its_lateness(makes: Makes, clock: Hand):
    looks = []

    async def work(key: Key, lateness: float) -> float:
        looks.append((key, lateness))
        return NEVER

    schedule = makes(work)
    schedule.add(key(1), 1000.5)
    schedule.add(key(2), 1100.0)
    schedule.tick()
    await settled()
    assert looks == []
    clock.at[0] = 1002.0
    schedule.tick()
    await settled()

    assert looks == [(key(1), 1.5)]


async def test_the_time_that_work_returns_is_the_next_due_time(makes: Makes, clock: Hand):
    looks = []

    async def work(_: Key, lateness: float) -> float:
        looks.append((clock.at[0], lateness))
        return next_look(1000.0, 60.0, clock.at[0])

    schedule = makes(work)
    schedule.add(key(1), 1000.0)
    for at in (1000.0, 1001.0, 1059.9, 1060.0, 1125.0, 1180.0):
        clock.at[0] = at
        schedule.tick()
        await settled()

    assert looks == [(1000.0, 0.0), (1060.0, 0.0), (1125.0, 5.0), (1180.0, 0.0)]


async def test_no_more_than_so_many_are_looked_at_at_once(makes: Makes):
    now, most = 0, 0
    go = asyncio.Semaphore(0)

    async def work(_: Key, __: float) -> float:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await go.acquire()
        now -= 1
        return NEVER

    schedule = makes(work, 3)
    for n in range(10):
        schedule.add(key(n), 1000.0)
    schedule.tick()
    await settled()
    assert now == 3
    for _ in range(10):
        go.release()
        await settled()

    assert (now, most) == (0, 3)


async def test_slow_looks_hold_up_nobody_while_a_worker_is_free(makes: Makes):
    looked = set()

    async def work(which: Key, _: float) -> float:
        if which in (key(0), key(1)):
            await asyncio.Event().wait()
        looked.add(which)
        return NEVER

    schedule = makes(work, 3)
    for n in range(20):
        schedule.add(key(n), 1000.0)
    schedule.tick()
    await settled()

    assert looked == {key(n) for n in range(2, 20)}


async def test_a_workflow_is_never_looked_at_twice_at_once(makes: Makes, clock: Hand):
    looks = []

    async def work(which: Key, _: float) -> float:
        looks.append(which)
        await asyncio.Event().wait()
        return NEVER

    schedule = makes(work, 4)
    schedule.add(key(1), 1000.0)
    for _ in range(5):
        schedule.tick()
        await settled()
        clock.at[0] += 60.0
        schedule.remove(key(1))
        schedule.add(key(1), clock.at[0])

    assert looks == [key(1)]


async def test_what_is_removed_while_it_waits_for_a_worker_is_not_looked_at(makes: Makes, clock: Hand):
    looks = []
    go = asyncio.Event()

    async def work(which: Key, _: float) -> float:
        looks.append(which)
        await go.wait()
        return NEVER

    schedule = makes(work, 1)
    for n in range(3):
        schedule.add(key(n), 1000.0)
    schedule.tick()
    await settled()
    schedule.remove(key(1))
    go.set()
    await settled()
    clock.at[0] += 100.0
    schedule.tick()
    await settled()

    assert looks == [key(0), key(2)]


async def test_what_is_removed_while_it_is_looked_at_is_not_looked_at_again(makes: Makes, clock: Hand):
    looks = []
    go = asyncio.Event()

    async def work(which: Key, _: float) -> float:
        looks.append(which)
        await go.wait()
        return 1001.0

    schedule = makes(work)
    schedule.add(key(1), 1000.0)
    schedule.tick()
    await settled()
    schedule.remove(key(1))
    go.set()
    clock.at[0] = 2000.0
    await settled()
    schedule.tick()
    await settled()

    assert looks == [key(1)]


@pytest.mark.parametrize("fault", [ZeroDivisionError(), asyncio.CancelledError()])
async def test_an_error_that_escapes_a_look_is_reported_and_the_workflow_is_due_in_a_minute(
    makes: Makes, clock: Hand, faults, fault: BaseException
):
    looks = []

    async def work(_: Key, __: float) -> float:
        looks.append(clock.at[0])
        if len(looks) == 1:
            raise fault
        return NEVER

    schedule = makes(work, 1)
    schedule.add(key(1), 1000.0)
    for at in (1000.0, 1059.0, 1060.0):
        clock.at[0] = at
        schedule.tick()
        await settled()

    assert faults == [(key(1), fault)]
    assert looks == [1000.0, 1060.0]
    assert schedule.turning(1060.0)


async def test_stopping_cancels_looks_that_hang(makes: Makes):
    cancelled = []

    async def work(which: Key, _: float) -> float:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(which)
            raise
        return NEVER

    schedule = makes(work, 2)
    for n in range(5):
        schedule.add(key(n), 1000.0)
    schedule.tick()
    await settled()
    async with asyncio.timeout(PATIENCE):
        await schedule.stop()

    assert cancelled == [key(0), key(1)]


async def test_stopping_ends_though_a_look_swallows_its_cancellation(makes: Makes):
    looks = []

    async def work(which: Key, _: float) -> float:
        looks.append(which)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return NEVER
        return NEVER

    schedule = makes(work, 1)
    for n in range(3):
        schedule.add(key(n), 1000.0)
    schedule.tick()
    await settled()
    async with asyncio.timeout(PATIENCE):
        await schedule.stop()

    assert looks == [key(0)]


async def test_nothing_is_looked_at_after_stopping(makes: Makes):
    looks = []

    async def work(which: Key, _: float) -> float:
        looks.append(which)
        return NEVER

    schedule = makes(work)
    schedule.add(key(1), 1000.0)
    await schedule.stop()
    schedule.tick()
    await settled()

    assert looks == []


async def test_it_turns_as_long_as_it_ticks(makes: Makes, clock: Hand):
    async def work(_: Key, __: float) -> float:
        return NEVER

    schedule = makes(work)
    assert schedule.turning(1004.0)
    assert not schedule.turning(1010.0)
    clock.at[0] = 1010.0
    schedule.tick()
    assert schedule.turning(1010.0)


async def test_it_does_not_turn_once_a_worker_is_lost(clock: Hand):
    async def work(_: Key, __: float) -> float:
        raise ZeroDivisionError

    def fails(*_: object) -> None:
        raise OverflowError

    schedule = Schedule(concurrency=1, clock=clock, work=work, on_error=fails)
    schedule.start()
    schedule.add(key(1), 1000.0)
    assert schedule.turning(1000.0)
    schedule.tick()
    await settled()

    assert not schedule.turning(1000.0)
    await schedule.stop()


async def test_a_ticker_turns_schedules_in_true_time():
    clock = Clock()
    looks: dict[Key, list[float]] = {key(n): [] for n in range(4)}
    enough = asyncio.Event()

    async def work(which: Key, lateness: float) -> float:
        now = clock.monotonic()
        looks[which].append(now)
        if all(len(found) >= 2 for found in looks.values()):
            enough.set()
        return next_look(now - lateness, 0.3, now)

    ticker = Ticker(clock=clock, on_error=print)
    schedule = Schedule(concurrency=2, clock=clock, work=work, on_error=print)
    start = clock.monotonic()
    for n, which in enumerate(looks):
        schedule.add(which, start + n * 0.05)
    ticker.every(0.1, "look", schedule.tick)
    schedule.start()
    ticker.start()
    async with asyncio.timeout(PATIENCE):
        await enough.wait()
    await ticker.stop()
    await schedule.stop()

    for found in looks.values():
        assert all(later - earlier > 0.15 for earlier, later in pairwise(found))
