"""Answers that are none, and ways that break: each kind alone, over real HTTP, where it matters on the bare wire."""

import asyncio
import json
import time

import aiohttp
import pytest

from collector.simulator import Kind
from collector.simulator.trouble import FAILURES, WAY
from tests.simulator.asking import CMS, SORTED, TOKEN
from tests.simulator.trouble_asking import (
    ALONE,
    PODS,
    TEMPLATE,
    ZIPPED,
    look,
    only,
    open_look,
    parted,
    seen,
    small,
    troubled,
    true,
    until,
    unzipped,
    wire,
)

ERROR = {"error_code": "AOM.31001405", "error_msg": "execution internal server error.", "http_code": 500}


def told(hand):
    """The body of a true answer."""
    return json.dumps(true(hand), ensure_ascii=False, separators=(",", ":")).encode()


async def test_a_good_token_is_refused_and_good_again():
    async with troubled(only(Kind.UNAUTHORIZED)) as hand:
        response, body = await look(hand)
        assert response.status == 401
        assert json.loads(body) == {"error_code": "AOM.31009004", "error_message": "auth failed.", "http_code": "401"}
        hand.trouble.calm()
        assert await seen(hand) == true(hand)
    assert hand.trouble.occurred == {"unauthorized": 1}


async def test_the_gateway_throttles_with_and_without_saying_for_how_long():
    async with troubled(only(Kind.THROTTLED, retry_after=7)) as hand:
        said = set()
        for _ in range(20):
            response, body = await look(hand)
            assert response.status == 429
            assert json.loads(body)["error_code"] == "APIGW.0308"
            assert json.loads(body)["request_id"] == response.headers["X-Request-Id"]
            said.add(response.headers.get("Retry-After"))
    assert said == {"7", None}
    assert hand.trouble.occurred == {"throttled": 20}


@pytest.mark.parametrize(
    ("kind", "status", "mime", "begins"),
    [
        (Kind.SERVER_ERROR, 500, "application/json", '{"error_code":"AOM.31001405"'),
        (Kind.BAD_GATEWAY, 502, "text/html", "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway<"),
        (Kind.LOGIN_PAGE, 200, "text/html", "<!DOCTYPE html>\n<html><head><title>Sign in<"),
        (Kind.ERROR_OBJECT, 200, "application/json", '{"error_code":"AOM.31001405"'),
    ],
)
async def test_another_answer_stands_in_the_place_of_the_right_one(kind, status, mime, begins):
    async with troubled(only(kind)) as hand:
        response, body = await look(hand)
        assert (response.status, response.content_type) == (status, mime)
        assert body.decode().startswith(begins)
        assert mime != "application/json" or json.loads(body) == ERROR
        assert hand.simulator.requests["GET", TEMPLATE, status] == 1
    assert hand.trouble.occurred == {kind: 1}


async def test_json_is_cut_anywhere_and_nothing_tells_that_it_is():
    async with troubled(only(Kind.CUT_JSON)) as hand:
        lengths = set()
        for _ in range(20):
            response, body = await look(hand)
            assert (response.status, response.content_type) == (200, "application/json")
            assert int(response.headers["Content-Length"]) == len(body) < len(told(hand))
            assert told(hand).startswith(body)
            with pytest.raises(ValueError, match=r"line 1 column"):
                json.loads(body)
            lengths.add(len(body))
    assert len(lengths) > 10
    assert hand.trouble.occurred == {"cut_json": 20}


async def test_gzip_is_cut_where_it_is_asked_for_and_what_is_left_arrives_whole():
    async with troubled(only(Kind.CUT_GZIP)) as hand:
        for number in range(20):
            first, headers, body = parted((await wire(hand, headers=ZIPPED))[0])
            assert first == "HTTP/1.1 200 OK"
            assert headers["content-encoding"] == "gzip"
            assert int(headers["content-length"]) == len(body)
            text, whole = unzipped(body)
            assert not whole
            assert told(hand).startswith(text)
            assert hand.trouble.occurred == {"cut_gzip": number + 1}
        assert await seen(hand) == true(hand)  # not compressed, so not cut
    assert hand.trouble.occurred == {"cut_gzip": 20}


async def test_a_lost_answer_is_a_connection_that_ends_without_a_byte():
    async with troubled(only(Kind.LOST)) as hand:
        ends = [await wire(hand) for _ in range(20)]
        assert {got for got, _ in ends} == {b""}
        assert {reset for _, reset in ends} == {True, False}, "an end is gentle, or it is a reset"
        assert hand.simulator.requests["GET", TEMPLATE, 200] == hand.trouble.occurred["lost"] == 20
        with pytest.raises(aiohttp.ClientConnectionError):
            await look(hand)
    assert set(hand.trouble.occurred) == {"lost"}


@pytest.mark.parametrize("headers", [ALONE, ZIPPED], ids=["plain", "zipped"])
async def test_a_torn_answer_promises_more_than_comes(headers):
    async with troubled(only(Kind.TORN)) as hand:
        lengths = set()
        for _ in range(20):
            _, said, body = parted((await wire(hand, headers=headers))[0])
            assert len(body) < int(said["content-length"])
            text = unzipped(body)[0] if headers is ZIPPED else body
            assert told(hand).startswith(text)
            lengths.add(len(body))
        with pytest.raises(aiohttp.ClientPayloadError):
            await look(hand, headers=headers)
    assert len(lengths) > 10
    assert hand.trouble.occurred == {"torn": 21}


@pytest.mark.parametrize("headers", [ALONE, ZIPPED], ids=["plain", "zipped"])
async def test_a_trickling_answer_comes_byte_by_byte_and_at_once_when_all_is_calm(headers):
    async with troubled(only(Kind.TRICKLING, pause=0.005)) as hand:
        reader, writer = await open_look(hand, headers=headers)
        head = await reader.readuntil(b"\r\n\r\n")
        _, said, _ = parted(head)
        pieces = [await reader.read(100) for _ in range(10)]
        assert all(len(piece) <= 2 for piece in pieces)  # two, where the reader was late
        hand.trouble.pause = 3600
        hand.trouble.calm()
        async with asyncio.timeout(5):
            body = b"".join(pieces) + await reader.read()
        writer.close()
        assert len(body) == int(said["content-length"])
        assert (unzipped(body)[0] if headers is ZIPPED else body) == told(hand)
    assert hand.trouble.occurred == {"trickling": 1}


async def test_a_trickling_answer_comes_to_its_end_by_itself():
    async with troubled(only(Kind.TRICKLING, pause=0)) as hand:
        first, said, body = parted((await wire(hand, headers=ZIPPED))[0])
        assert (first, len(body)) == ("HTTP/1.1 200 OK", int(said["content-length"]))
        assert unzipped(body) == (told(hand), True)


@pytest.mark.parametrize("headers", [ALONE, ZIPPED], ids=["plain", "zipped"])
async def test_a_huge_answer_is_good_after_very_many_blanks(headers):
    async with troubled(only(Kind.HUGE, huge=1_000_000)) as hand:
        response, body = await look(hand, headers=headers)
        assert response.status == 200
        assert "Content-Length" not in response.headers
        text = unzipped(body)[0] if headers is ZIPPED else body
        assert 1_000_000 <= len(text) < 1_000_000 + 65_536
        assert len(text) - len(text.lstrip(b" ")) + len(told(hand)) == len(text)
        assert json.loads(text) == true(hand)
        if headers is ZIPPED:
            assert len(body) < 20_000  # small until it is opened
    assert hand.trouble.occurred == {"huge": 1}


async def test_a_slow_answer_takes_its_time_and_is_good():
    async with troubled(only(Kind.SLOW, slow=0.1)) as hand:
        begun = time.monotonic()
        assert await seen(hand) == true(hand)
        assert time.monotonic() - begun >= 0.1
    assert hand.trouble.occurred == {"slow": 1}


@pytest.mark.parametrize("headers", [ALONE, ZIPPED], ids=["plain", "zipped"])
async def test_who_waits_for_a_slow_answer_has_it_at_once_when_all_is_calm(headers):
    async with troubled(only(Kind.SLOW, slow=3600)) as hand:
        asked = asyncio.create_task(look(hand, headers=headers))
        await until(lambda: hand.trouble.occurred["slow"])
        assert not asked.done()
        hand.trouble.calm()
        async with asyncio.timeout(5):
            response, body = await asked
        assert response.status == 200
        assert (unzipped(body)[0] if headers is ZIPPED else body) == told(hand)


@pytest.mark.parametrize("kind", WAY)
async def test_nothing_is_logged_where_the_way_breaks_or_the_client_hangs_up(kind, caplog):
    caplog.set_level("DEBUG", "aiohttp")
    caplog.set_level("WARNING", "asyncio")
    trouble = only(kind, slow=0.05, pause=0, huge=4_000_000)
    async with troubled(trouble, told=small(kept=3)) as hand:
        for number in range(4):
            await wire(hand, headers=ZIPPED)
            reader, writer = await open_look(hand, headers=ZIPPED if number % 2 else ALONE)
            await until(lambda wanted=2 * number + 2: hand.simulator.requests.total() == wanted)
            if kind not in {Kind.SLOW, Kind.LOST}:
                await reader.read(1)
            writer.transport.abort()
        hand.trouble.calm()
        assert await seen(hand) == true(hand)
    assert [record.getMessage() for record in caplog.records if record.name != "asyncio"] == []
    assert [record.getMessage() for record in caplog.records if record.levelname != "DEBUG"] == []
    assert trouble.occurred[kind] >= 6


@pytest.mark.parametrize("kind", FAILURES)
async def test_the_list_and_the_details_fail_as_the_histories_do(kind):
    trouble = only(kind, slow=0.01, pause=0, huge=100_000)
    async with troubled(trouble) as hand:
        wanted = true(hand)[0]
        detail = f"{CMS}/workflow/{PODS}/executions/{wanted['execution_id']}/status"
        for method, path, how in (
            ("POST", f"{CMS}/workflow-list", {"body": SORTED}),
            ("GET", detail, {}),
        ):
            before = trouble.occurred[kind]
            try:
                response, body = await hand.ask(method, path, headers=ZIPPED, token=TOKEN, **how)
            except aiohttp.ClientError:
                assert kind in {Kind.LOST, Kind.TORN}
            else:
                assert kind not in {Kind.LOST, Kind.TORN}
                text, whole = unzipped(body)
                good = kind in {Kind.TRICKLING, Kind.HUGE, Kind.SLOW}
                assert whole is (kind is not Kind.CUT_GZIP)
                assert (text.strip()[-1:] == b"}") or not good
                assert response.status == 200 or not good
            # a client may ask once more by itself where nothing came back
            assert trouble.occurred[kind] - before in ({1, 2} if kind is Kind.LOST else {1})


async def test_who_is_not_let_in_meets_no_trouble_but_the_refusal():
    async with troubled(only(*FAILURES)) as hand:
        response, _ = await hand.ask("GET", f"{CMS}/workflow/{PODS}/executions", token="", headers=ALONE)
        assert response.status == 401
        response, _ = await hand.ask("GET", f"{CMS}/workflow/nobody/executions", headers=ALONE)
        assert response.status == 404
    assert not hand.trouble.occurred
