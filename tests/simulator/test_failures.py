"""Every failure, as whoever asks over real HTTP meets it."""

import gzip
import json

import aiohttp
import pytest

from collector.simulator import Kind, Trouble
from tests.simulator.asking import EXECUTIONS, START, serving
from tests.simulator.brisk import brisk

PATH = EXECUTIONS.format("wf-00001")
ZIP = {"Accept-Encoding": "gzip"}


def struck(kind, **more):
    return Trouble(seed=2, rates={kind: 1.0}, relief=0, **more)


def served(trouble, **more):
    return serving(brisk(workflows=1, start=START, kept=20), trouble=trouble, **more)


@pytest.mark.parametrize(
    ("kind", "status", "begins"),
    [
        (Kind.UNAUTHORIZED, 401, b'{"error_code":"AOM.'),
        (Kind.THROTTLED, 429, b'{"error_msg":'),
        (Kind.SERVER_ERROR, 500, b'{"error_code":"AOM.31001405"'),
        (Kind.BAD_GATEWAY, 502, b"<!DOCTYPE html>"),
        (Kind.LOGIN_PAGE, 200, b"<!DOCTYPE html>"),
        (Kind.ERROR_OBJECT, 200, b'{"error_code":"AOM.31001405"'),
    ],
)
async def test_another_answer_stands_in_place_of_the_good_one_until_it_is_calm(kind, status, begins):
    trouble = struck(kind)
    async with served(trouble) as hand:
        response, body = await hand.ask("GET", PATH)
        assert response.status == status
        assert body.startswith(begins[:2])
        assert (b"html" in body) == (b"html" in begins)
        assert trouble.occurred == {kind: 1}
        trouble.calm()
        assert (await hand.json("GET", PATH))[0] == 200


async def test_throttling_says_now_and_then_when_to_come_back():
    async with served(struck(Kind.THROTTLED, retry_after=3)) as hand:
        told = {(await hand.ask("GET", PATH))[0].headers.get("Retry-After") for _ in range(20)}
        assert told == {None, "3"}


async def test_json_is_cut_off_with_all_headers_right():
    async with served(struck(Kind.CUT_JSON)) as hand:
        _, body = await hand.ask("GET", PATH)
        with pytest.raises(ValueError, match=r"."):
            json.loads(body)


async def test_gzip_is_cut_off_only_where_it_is_asked_for():
    trouble = struck(Kind.CUT_GZIP)
    async with served(trouble) as hand:
        await hand.json("GET", PATH)
        assert not trouble.occurred
        response, body = await hand.ask("GET", PATH, headers=ZIP)
        assert response.headers["Content-Encoding"] == "gzip"
        with pytest.raises(EOFError):
            gzip.decompress(body)


@pytest.mark.parametrize("kind", [Kind.LOST, Kind.TORN])
async def test_the_connection_breaks_before_or_amid_the_answer(kind):
    trouble = struck(kind)
    async with served(trouble) as hand:
        for _ in range(4):
            with pytest.raises(aiohttp.ClientError):
                await hand.ask("GET", PATH)
        assert trouble.occurred[kind] >= 4


async def test_a_huge_answer_is_good_for_whoever_takes_that_much():
    async with served(struck(Kind.HUGE, huge=1_000_000)) as hand:
        _, body = await hand.ask("GET", PATH)
        assert len(body) > 1_000_000
        assert len(json.loads(body)) == 20


@pytest.mark.parametrize("kind", [Kind.SLOW, Kind.TRICKLING])
async def test_what_takes_long_comes_at_once_when_it_is_calm(kind):
    trouble = struck(kind, slow=600, pause=600)
    async with served(trouble) as hand:
        with pytest.raises(TimeoutError):
            await _body_soon(hand)
        assert trouble.occurred == {kind: 1}
        trouble.calm()
        assert (await hand.json("GET", PATH))[0] == 200


async def _body_soon(hand):
    hurried = aiohttp.ClientTimeout(total=0.2)
    url = hand.simulator.url + PATH
    async with hand.session.get(url, headers={"X-Auth-Token": "synthetic-token"}, timeout=hurried) as response:
        await response.read()


async def test_a_token_dies_long_before_its_time():
    trouble = struck(Kind.EARLY_EXPIRY)
    async with served(trouble, token_life=100_000) as hand:
        _, token, _ = await hand.sign_in()
        hand.now += 4_000
        assert (await hand.ask("GET", PATH, token=token))[0].status == 200
        hand.now += 2_000
        assert (await hand.ask("GET", PATH, token=token))[0].status == 401
        assert trouble.occurred == {Kind.EARLY_EXPIRY: 1}


async def test_no_trouble_is_the_same_answer_byte_for_byte():
    async with served(None) as plain, served(Trouble(seed=1, rates={})) as quiet:
        assert (await plain.ask("GET", PATH))[1] == (await quiet.ask("GET", PATH))[1]
