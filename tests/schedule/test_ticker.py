"""The beat goes on, whatever the clocks and the chores do."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest

from collector.schedule import Ticker
from tests.schedule.stepped import Stepped, stepped

PATIENCE = 10
HOUR = 3600
YEAR = 365 * 24 * HOUR


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Stepped:
    return stepped(monkeypatch)


@pytest.fixture
def faults() -> list[BaseException]:
    return []


@pytest.fixture
async def ticker(clock: Stepped, faults: list[BaseException]) -> AsyncIterator[Ticker]:
    ticker = Ticker(clock=clock, on_error=faults.append)
    yield ticker
    await ticker.stop()


class Beats:
    """Counts calls, and lets a test wait for more of them."""

    def __init__(self) -> None:
        self.count = 0
        self.wanted = 0
        self.reached = asyncio.Event()

    def __call__(self) -> None:
        self.count += 1
        if self.count >= self.wanted:
            self.reached.set()

    async def more(self, count: int, within: float = PATIENCE) -> None:
        self.wanted = self.count + count
        self.reached.clear()
        async with asyncio.timeout(within):
            await self.reached.wait()


async def test_a_chore_is_called_again_and_again(ticker: Ticker):
    beats = Beats()
    ticker.every(0.1, "tick", beats)
    ticker.start()

    await beats.more(3)


@pytest.mark.parametrize("step", [HOUR, -HOUR, 10 * YEAR, -10 * YEAR], ids=["+1h", "-1h", "+10y", "-10y"])
async def test_a_stepped_wall_clock_neither_silences_the_beat_nor_freezes_the_loop(
    ticker: Ticker, clock: Stepped, step: float
):
    beats = Beats()
    ticker.every(0.1, "tick", beats)
    ticker.start()
    await beats.more(2)
    bursts = []

    async def watches() -> None:
        while True:
            before = time.thread_time()  # other programs of a busy machine do not count
            await asyncio.sleep(0.01)
            bursts.append(time.thread_time() - before)

    watching = asyncio.create_task(watches())
    before = beats.count
    clock.offset[0] += step
    await beats.more(1, within=2)
    caught_up = beats.count - before
    await beats.more(2)
    watching.cancel()

    assert caught_up <= 2
    assert max(bursts) < 0.1


async def test_a_clock_that_steps_again_and_again_does_not_silence_the_beat(ticker: Ticker, clock: Stepped):
    beats = Beats()
    ticker.every(0.1, "tick", beats)
    ticker.start()
    for step in (-HOUR, -HOUR):
        clock.offset[0] += step
        await beats.more(1, within=2)


async def test_a_blocked_loop_does_not_end_the_beat(ticker: Ticker):
    beats = Beats()
    ticker.every(0.1, "tick", beats)
    ticker.start()
    await beats.more(1)
    before = beats.count
    time.sleep(1.2)
    await beats.more(2)

    assert beats.count - before <= 4


async def test_a_chore_that_fails_is_reported_and_called_again(ticker: Ticker, faults: list[BaseException]):
    calls = Beats()
    other = Beats()

    def fails() -> None:
        calls()
        raise ZeroDivisionError

    ticker.every(0.1, "fails", fails)
    ticker.every(0.1, "works", other)
    ticker.start()
    await calls.more(2)
    await other.more(2)

    assert {type(fault) for fault in faults} == {ZeroDivisionError}


async def test_an_async_chore_is_not_called_again_before_it_ended(ticker: Ticker):
    beats = Beats()
    calls = []
    ends = asyncio.Event()

    async def slow() -> None:
        calls.append(len(calls))
        await ends.wait()

    ticker.every(0.1, "slow", slow)
    ticker.every(0.1, "tick", beats)
    ticker.start()
    await beats.more(3)
    assert calls == [0]
    ends.set()
    await beats.more(3)

    assert len(calls) > 1


async def test_an_async_chore_that_fails_is_reported(ticker: Ticker, faults: list[BaseException]):
    beats = Beats()

    async def fails() -> None:
        beats()
        raise ZeroDivisionError

    ticker.every(0.1, "fails", fails)
    ticker.start()
    await beats.more(2)

    assert {type(fault) for fault in faults} == {ZeroDivisionError}


async def test_chores_keep_their_own_periods(ticker: Ticker):
    often, seldom, never = Beats(), Beats(), Beats()
    ticker.every(0.1, "often", often)
    ticker.every(0.3, "seldom", seldom)
    ticker.every(HOUR, "never", never)
    ticker.start()
    await seldom.more(2)

    assert often.count > 3
    assert never.count == 0


async def test_a_chore_may_come_and_go_while_it_turns(ticker: Ticker):
    first, second, third = Beats(), Beats(), Beats()
    ticker.every(0.1, "first", first)
    ticker.start()
    ticker.every(0.1, "second", second)
    await first.more(1)
    await second.more(1)
    ticker.never("first")
    ticker.every(0.1, "second", third)
    before = first.count, second.count
    await third.more(3)

    assert (first.count, second.count) == before


async def test_stopping_cancels_async_chores_and_waits_for_them(ticker: Ticker, faults: list[BaseException]):
    beats = Beats()
    ended: list[str] = []

    async def slow() -> None:
        try:
            beats()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            ended.append("cancelled")
            raise

    ticker.every(0.1, "slow", slow)
    ticker.start()
    await beats.more(1)
    await ticker.stop()

    assert ended == ["cancelled"]
    assert faults == []


@pytest.mark.parametrize("stops", [lambda ticker: ticker.stop(), lambda ticker: (ticker.stop(), ticker.stop())])
async def test_nothing_is_called_after_stopping(ticker: Ticker, stops: Callable[[Ticker], object]):
    beats = Beats()
    ticker.every(0.1, "tick", beats)
    ticker.start()
    await beats.more(1)
    before = beats.count
    stops(ticker)
    await asyncio.sleep(0.3)

    assert beats.count == before


async def test_a_chore_may_stop_the_ticker(ticker: Ticker, faults: list[BaseException]):
    beats = Beats()

    def stops() -> None:
        beats()
        ticker.stop()

    ticker.every(0.1, "stops", stops)
    ticker.start()
    await beats.more(1)
    await ticker.stop()

    assert faults == []


async def test_a_ticker_that_was_never_started_can_be_stopped(ticker: Ticker):
    await ticker.stop()
