"""What keeps an access key from being locked, and the service from being asked more than it wants."""

import asyncio
import contextlib
import os
from pathlib import Path

import pytest
from aiohttp import web

from collector.aom import Budget
from collector.aom.standing import AT_ONCE, PAUSE, Standing
from collector.errors import Reason, Refused, Unavailable
from tests.aom.speaking import KEYS_AUTH, PROJECT_ID, RECORD, Hands, client, failed, served

WRONG = {"error_msg": "Incorrect IAM authentication information", "error_code": "APIGW.0301", "request_id": "r1"}


class Gateway:
    """A service that accepts or refuses every signature, and counts."""

    def __init__(self) -> None:
        self.refuses = True
        self.asked = self.at_once = self.most = 0
        self.status = 200

    async def answer(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"].startswith("SDK-HMAC-SHA256 Access=AKEXAMPLE, ")
        assert request.headers["X-Project-Id"] == PROJECT_ID
        assert "X-Auth-Token" not in request.headers
        self.asked += 1
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0.01)
        self.at_once -= 1
        if self.refuses:
            return web.json_response(WRONG, status=401)
        return web.json_response([RECORD], status=self.status)


async def test_two_refusals_in_a_row_pause_the_key_for_five_minutes_whoever_asks():
    clock, gateway = Hands(), Gateway()
    async with served(gateway.answer) as endpoint, client(endpoint, KEYS_AUTH, clock=clock) as aom:
        for _ in range(2):
            assert "APIGW.0301" in str(await failed(aom, Refused))
        for _ in range(5):
            error = await failed(aom, Refused)
            assert error.reason is Reason.AUTH
            assert str(error).startswith("project 'prod': its credential was refused 2 times in a row")
            assert "APIGW.0301" in str(error), "what it said stays to be read"
        assert gateway.asked == 2
        assert PAUSE == 5 * 60
        clock.move(PAUSE - 5)
        await failed(aom, Refused)
        assert gateway.asked == 2
        clock.move(10)
        gateway.refuses = False
        assert len((await aom.history("wf-1", known=b"")).records) == 1


async def test_after_the_pause_one_more_refusal_pauses_again():
    clock, gateway = Hands(), Gateway()
    async with served(gateway.answer) as endpoint, client(endpoint, KEYS_AUTH, clock=clock) as aom:
        for _ in range(2):
            await failed(aom, Refused)
        clock.move(PAUSE + 1)
        for _ in range(3):
            await failed(aom, Refused)
        assert gateway.asked == 3


async def test_a_hundred_at_once_with_a_key_nobody_proved_cost_two_refusals_and_not_six():
    gateway = Gateway()
    async with served(gateway.answer) as endpoint, client(endpoint, KEYS_AUTH, concurrency=64) as aom:
        found = await asyncio.gather(*(aom.history("wf-1", known=b"") for _ in range(100)), return_exceptions=True)
    assert all(isinstance(each, Refused) for each in found)
    assert gateway.asked == 2


async def test_once_a_key_is_proved_many_ask_at_once():
    gateway = Gateway()
    gateway.refuses = False
    async with served(gateway.answer) as endpoint, client(endpoint, KEYS_AUTH, concurrency=64) as aom:
        await asyncio.gather(*(aom.history("wf-1", known=b"") for _ in range(100)))
    assert gateway.asked == 100
    assert gateway.most == AT_ONCE


async def test_a_success_between_two_refusals_forgives_the_first():
    gateway = Gateway()
    async with served(gateway.answer) as endpoint, client(endpoint, KEYS_AUTH) as aom:
        for _ in range(4):
            gateway.refuses = True
            await failed(aom, Refused)
            gateway.refuses = False
            await aom.history("wf-1", known=b"")
    assert gateway.asked == 8


@pytest.mark.parametrize("status", [403, 404, 500, 400])
async def test_only_a_success_forgives_for_a_gateway_may_refuse_before_it_looks_at_signatures(status: int):
    gateway = Gateway()
    async with served(gateway.answer) as endpoint, client(endpoint, KEYS_AUTH) as aom:
        await failed(aom, Refused)
        gateway.refuses, gateway.status = False, status
        await failed(aom)
        gateway.refuses = True
        await failed(aom, Refused)
        asked = gateway.asked
        await failed(aom, Refused)
        assert gateway.asked == asked


async def test_each_further_refusal_pauses_for_longer_up_to_an_hour():
    clock, gateway = Hands(), Gateway()
    async with served(gateway.answer) as endpoint, client(endpoint, KEYS_AUTH, clock=clock) as aom:
        await failed(aom, Refused)
        for minutes in (5, 10, 20, 40, 60, 60):
            await failed(aom, Refused)
            asked = gateway.asked
            clock.move(minutes * 60 - 1)
            await failed(aom, Refused)
            assert gateway.asked == asked
            clock.move(2)


async def test_a_proved_key_that_goes_bad_while_many_ask_is_refused_no_more_than_five_times():
    gateway = Gateway()
    gateway.refuses = False
    async with served(gateway.answer) as endpoint, client(endpoint, KEYS_AUTH, concurrency=64) as aom:
        await aom.history("wf-1", known=b"")
        gateway.refuses = True
        await asyncio.gather(*(aom.history("wf-1", known=b"") for _ in range(50)), return_exceptions=True)
    assert gateway.asked - 1 <= 5


async def test_projects_that_share_a_key_share_its_pause_and_other_keys_go_on():
    clock, gateway = Hands(), Gateway()
    budget = Budget(1000, clock=clock)
    async with (
        served(gateway.answer) as endpoint,
        client(endpoint, KEYS_AUTH, clock=clock, budget=budget) as one,
        client(endpoint, KEYS_AUTH, clock=clock, budget=budget, name="other") as other,
        client(endpoint, KEYS_AUTH, clock=clock) as stranger,
    ):
        await failed(one, Refused)
        await failed(other, Refused)
        assert "in a row" in str(await failed(one, Refused))
        assert "in a row" in str(await failed(other, Refused))
        gateway.refuses = False
        await stranger.history("wf-1", known=b"")
    assert gateway.asked == 3


async def test_a_new_key_in_the_file_is_tried_at_once_and_even_within_the_same_look(tmp_path):
    gateway = Gateway()
    secret = tmp_path / "secret"
    secret.write_text("canary-secret")
    auth = f'access_key = "AKEXAMPLE"\nsecret_key_file = "{secret}"'
    async with served(gateway.answer) as endpoint, client(endpoint, auth) as aom:
        for _ in range(3):
            await failed(aom, Refused)
        assert gateway.asked == 2
        secret.write_text("canary-secret-2")
        assert "APIGW.0301" in str(await failed(aom, Refused))
        assert gateway.asked == 3
        secret.write_text("canary-secret-33")
        gateway.refuses = False
        await aom.history("wf-1", known=b"")


async def test_a_key_s_file_is_read_again_after_a_refusal_whatever_its_time_says(tmp_path: Path):
    gateway, secret = Gateway(), tmp_path / "secret"
    secret.write_text("canary-secretA")
    stamp = secret.stat().st_mtime_ns
    auth = f'access_key = "AKEXAMPLE"\nsecret_key_file = "{secret}"'
    async with served(gateway.answer) as endpoint, client(endpoint, auth) as aom:
        gateway.refuses = False
        await aom.history("wf-1", known=b"")
        secret.write_text("canary-secretB")
        os.utime(secret, ns=(stamp, stamp))
        gateway.refuses = True
        await failed(aom, Refused)
        assert gateway.asked == 3, "once with the key as it was, and once with the other"


async def test_refusals_of_an_older_secret_do_not_count_against_the_newer():
    standing, changed = Standing(clock=Hands()).of("prod"), asyncio.Event()
    async with standing.trying(lambda: "old"):
        pass

    async def late():
        async with standing.trying(lambda: "old"):
            await changed.wait()
            raise Refused("no", reason=Reason.AUTH)

    trying = [asyncio.create_task(late()) for _ in range(3)]
    await asyncio.sleep(0)
    standing.meet("new")
    changed.set()
    assert {type(each) for each in await asyncio.gather(*trying, return_exceptions=True)} == {Refused}
    standing.meet("new")


async def test_what_never_reached_the_service_proves_nothing():
    standing = Standing(clock=Hands()).of("prod")
    for error in (
        Refused("its certificate is not trusted", reason=Reason.NETWORK),
        Unavailable("x", reason=Reason.SERVER),
    ):
        with contextlib.suppress(Refused, Unavailable):
            async with standing.trying(lambda: "key"):
                raise error
        assert not standing.accepted()


async def test_one_that_is_cancelled_while_it_tries_lets_the_next_try():
    standing = Standing(clock=Hands()).of("prod")
    trying = asyncio.Event()

    async def hang():
        async with standing.trying(lambda: "key"):
            trying.set()
            await asyncio.Event().wait()

    first = asyncio.create_task(hang())
    await trying.wait()
    first.cancel()
    async with asyncio.timeout(1), standing.trying(lambda: "key"):
        pass
    assert standing.accepted()


async def test_a_rest_that_the_service_asks_for_holds_for_all_that_share_the_credential():
    clock = Hands()
    budget = Budget(1000, clock=clock).part("prod", gateway="")
    budget.rest(30)
    with pytest.raises(Unavailable, match="30 s of it are left") as caught:
        await budget.turn(patience=10)
    assert caught.value.reason is Reason.THROTTLED
    clock.move(31)
    async with asyncio.timeout(1):
        await budget.turn(patience=10)


async def test_a_short_rest_is_waited_for_and_a_shorter_one_does_not_end_it():
    clock = Hands()
    budget = Budget(1000, clock=clock).part("prod", gateway="")
    budget.rest(0.2)
    budget.rest(0.01)
    began = clock.monotonic()
    await budget.turn(patience=10)
    assert clock.monotonic() - began >= 0.2


async def test_requests_keep_to_their_rate():
    clock = Hands()
    budget = Budget(10, clock=clock).part("prod", gateway="")

    async def ask() -> None:
        (await budget.turn(patience=1)).sent()

    began = clock.monotonic()
    await asyncio.gather(*(ask() for _ in range(6)))
    assert clock.monotonic() - began > 0.49, "five waits of a tenth of a second, however fast the machine"
