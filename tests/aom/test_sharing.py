"""One key, several projects: what one of them suffers from is not the others' matter."""

import asyncio
import contextlib

import pytest

from collector.aom.standing import AT_ONCE, MOST_REFUSALS, PAUSE, Paused, Standing, Use
from collector.errors import Reason, Refused
from tests.aom.speaking import Hands

NO = Refused("it answered 401", reason=Reason.AUTH)


async def accepted(use: Use, key: str = "key") -> None:
    async with use.trying(lambda: key):
        pass


async def refused(use: Use) -> None:
    with contextlib.suppress(Refused):
        async with use.trying(lambda: "key"):
            raise NO


async def test_a_project_that_is_refused_is_left_alone_while_the_key_is_good_for_another():
    clock = Hands()
    standing = Standing(clock=clock)
    sick, healthy = standing.of("sick"), standing.of("healthy")
    await accepted(healthy)
    await refused(sick)
    await refused(sick)
    with pytest.raises(Paused, match="refused 2 times in a row"):
        await accepted(sick)
    await accepted(healthy)
    clock.move(PAUSE + 1)
    await refused(sick)
    clock.move(PAUSE + 1)
    with pytest.raises(Paused, match="refused 3 times"):
        await accepted(sick)


async def test_a_key_that_is_good_for_nobody_is_left_alone_by_all():
    standing = Standing(clock=Hands())
    await refused(standing.of("one"))
    await refused(standing.of("other"))
    with pytest.raises(Paused):
        await accepted(standing.of("third"))


async def test_a_key_that_goes_bad_is_not_refused_so_often_that_it_is_locked():
    standing = Standing(clock=Hands())
    uses = [standing.of(str(number)) for number in range(8)]
    for use in uses:
        await accepted(use)
    tried = 0

    async def look(use: Use) -> None:
        nonlocal tried
        with contextlib.suppress(Refused):
            async with use.trying(lambda: "key"):
                tried += 1
                await asyncio.sleep(0.01)
                raise NO

    await asyncio.gather(*(look(use) for use in uses for _ in range(5)))
    assert MOST_REFUSALS <= tried <= 5, "more than five in a row lock it"


async def test_a_project_that_hangs_keeps_the_others_waiting_for_a_moment_only(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("collector.aom.standing.BRIEFLY", 0.05)
    standing, hung = Standing(clock=Hands()), asyncio.Event()

    async def hang() -> None:
        async with standing.of("sick").trying(lambda: "key") as trial:
            trial.sent()
            await hung.wait()

    hanging = [asyncio.create_task(hang()) for _ in range(2)]
    async with asyncio.timeout(5):
        await accepted(standing.of("healthy"))
        hanging += [asyncio.create_task(hang()) for _ in range(3 * AT_ONCE)]
        await asyncio.sleep(0)
        await accepted(standing.of("healthy"))
    hung.set()
    await asyncio.gather(*hanging)


async def test_another_key_starts_afresh_for_all():
    standing = Standing(clock=Hands())
    for _ in range(2):
        await refused(standing.of("one"))
    await accepted(standing.of("other"), "new key")
    await accepted(standing.of("one"), "new key")
