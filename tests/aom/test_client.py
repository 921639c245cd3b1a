"""The client against real servers that misbehave."""

import asyncio
import copy
import gzip
import json
import ssl
from pathlib import Path

import pytest
from aiohttp import ServerDisconnectedError, web
from aioresponses import aioresponses

from collector.config import Auth, Secret
from collector.errors import Reason, Refused, Unavailable, Unreadable
from collector.model import Requested
from tests.aom.speaking import PROJECT_ID, RECORD, TOKEN, answers, certificate, client, refused, served


async def test_a_history_is_fetched_with_the_token_and_the_documented_request():
    seen = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.method, request.path_qs, request.headers["X-Auth-Token"], request.headers["Content-Type"]))
        return web.json_response([RECORD])

    async with served(handler) as endpoint, client(endpoint, enterprise_project_id="0") as aom:
        found = await aom.history("wf-1", known=b"")
        again = await aom.history("wf-1", known=found.digest)
    assert [record.id for record in found.records] == ["e1"]
    assert (again.records, again.tail, again.digest) == ((), True, found.digest)
    path = f"/v1/{PROJECT_ID}/cms/workflow/wf-1/executions?x_enterprise_project_id=0"
    assert seen == [("GET", path, TOKEN, "application/json")] * 2
    assert [(fact.operation, fact.code) for fact in aom.facts if isinstance(fact, Requested)] == [
        ("list_executions", "200")
    ] * 2


async def test_a_redirect_is_never_followed_and_the_other_host_sees_nothing():
    seen = []

    async def elsewhere(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.json_response([])

    async with served(elsewhere) as other:
        error = await refused(answers(b"", 302, Location=f"{other}/x"))
    assert isinstance(error, Unreadable)
    assert "redirect" in str(error)
    assert seen == []


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (401, Refused, Reason.AUTH),
        (403, Refused, Reason.FORBIDDEN),
        (404, Refused, Reason.NOT_FOUND),
        (408, Unavailable, Reason.SERVER),
        (500, Unavailable, Reason.SERVER),
        (502, Unavailable, Reason.SERVER),
        (503, Unavailable, Reason.SERVER),
        (201, Unreadable, Reason.ANSWER),
        (204, Unreadable, Reason.ANSWER),
        (301, Unreadable, Reason.ANSWER),
        (400, Unreadable, Reason.ANSWER),
        (418, Unreadable, Reason.ANSWER),
    ],
)
async def test_a_status_carries_its_decision(status: int, kind: type, reason: Reason):
    error = await refused(answers(b"<html>oops</html>", status))
    assert type(error) is kind
    assert error.reason is reason
    assert str(status) in str(error)


@pytest.mark.parametrize(
    "body", [b"", b"<html>login</html>", b"{}", b"null", b'{"error_code":"X"}', b'[{"execution_id":']
)
async def test_an_answer_that_is_none_is_refused_whole(body: bytes):
    error = await refused(answers(body))
    assert error.reason is Reason.ANSWER
    assert "wf-1" in str(error)


async def test_a_compressed_answer_must_be_whole():
    whole = gzip.compress(json.dumps([RECORD] * 50).encode())
    async with served(answers(whole, **{"Content-Encoding": "gzip"})) as endpoint, client(endpoint) as aom:
        assert len((await aom.history("wf-1", known=b"")).records) == 50
    for cut in (1, 8, len(whole) // 2, len(whole) - 9, len(whole) - 1):
        assert (await refused(answers(whole[:cut], **{"Content-Encoding": "gzip"}))).reason is Reason.ANSWER
    assert (await refused(answers(whole + b"x", **{"Content-Encoding": "gzip"}))).reason is Reason.ANSWER
    assert (await refused(answers(whole, **{"Content-Encoding": "br"}))).reason is Reason.ANSWER


async def test_a_bomb_stops_at_the_limit():
    bomb = gzip.compress(b" " * 50_000_000)
    error = await refused(answers(bomb, **{"Content-Encoding": "gzip"}), max_response_bytes=1_000_000)
    assert error.reason is Reason.OVERSIZE
    assert (await refused(answers(b" " * 5000), max_response_bytes=1024)).reason is Reason.OVERSIZE


async def test_a_server_that_trickles_ends_at_the_time_out():
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" ")
            await asyncio.sleep(0.05)
        return response

    error = await refused(handler, timeout=0.4)
    assert error.reason is Reason.TIMEOUT
    assert "0.4 s" in str(error)


async def test_an_answer_that_is_cut_off_is_no_answer():
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"[]")
        request.transport.close()
        return response

    assert (await refused(handler)).reason is Reason.NETWORK


async def test_a_server_that_is_not_there_is_said():
    async with client("http://127.0.0.1:9") as aom:
        with pytest.raises(Unavailable, match=r"127\.0\.0\.1:9.*cannot be reached") as caught:
            await aom.history("wf-1", known=b"")
        assert caught.value.reason is Reason.NETWORK
        assert aom.codes() == ["error"] * 4


async def test_a_token_of_forty_kilobytes_passes():
    long = "M" * 40_000

    async def handler(request: web.Request) -> web.Response:
        return web.json_response([], headers={"X-Subject-Token": request.headers["X-Auth-Token"]})

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", handler)
    runner = web.AppRunner(app, access_log=None, max_field_size=65536, max_line_size=65536)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with client(
            f"http://127.0.0.1:{runner.addresses[0][1]}", auth=Auth(method="token", token=Secret(long))
        ) as aom:
            assert (await aom.history("wf-1", known=b"")).records == ()
    finally:
        await runner.cleanup()


async def test_the_clock_s_skew_is_told():
    handler = answers(b"[]", Date="Tue, 01 Jan 2030 00:00:00 GMT")
    async with served(handler) as endpoint, client(endpoint) as aom:
        found = await aom.history("wf-1", known=b"")
        assert found.date == 1_893_456_000_000
        assert aom.facts[0].skew > 1_000_000


async def test_a_certificate_nobody_vouches_for_is_refused_until_its_authority_is_named(tmp_path: Path):
    key, cert = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    async with served(answers(b"[]"), tls) as endpoint:
        async with client(endpoint) as aom:
            with pytest.raises(Refused, match="ca_file"):
                await aom.history("wf-1", known=b"")
        async with client(endpoint, ca_file=cert) as aom:
            assert (await aom.history("wf-1", known=b"")).records == ()


async def test_a_proxy_is_used_where_it_is_named_and_said_where_it_is_down():
    seen = []

    async def proxy(request: web.Request) -> web.Response:
        seen.append(request.url.host)
        return web.json_response([])

    async with served(proxy) as address, client("http://aom.invalid", proxy=Secret(address)) as aom:
        assert (await aom.history("wf-1", known=b"")).records == ()
    assert seen
    async with client("http://aom.invalid", proxy=Secret("http://127.0.0.1:9")) as aom:
        with pytest.raises(Unavailable, match="proxy"):
            await aom.history("wf-1", known=b"")


async def test_the_environment_s_proxy_is_used_except_where_it_says_not_to(monkeypatch: pytest.MonkeyPatch):
    seen = []

    async def proxy(request: web.Request) -> web.Response:
        seen.append(request.headers["Host"])
        return web.json_response([])

    async with served(proxy) as address:
        monkeypatch.setenv("http_proxy", address)
        async with client("http://aom.invalid") as aom:
            await aom.history("wf-1", known=b"")
        assert seen == ["aom.invalid"]
        monkeypatch.setenv("no_proxy", "aom.invalid")
        async with client("http://aom.invalid") as aom:
            with pytest.raises(Unavailable, match="cannot be resolved"):
                await aom.history("wf-1", known=b"")
    assert seen == ["aom.invalid"]


async def test_a_rare_failure_of_the_library_has_words_of_our_own(monkeypatch: pytest.MonkeyPatch):
    # It keeps a deep copy of every request, and with the turn of ours would copy the whole event loop.
    monkeypatch.setattr("aioresponses.core.copy.deepcopy", copy.copy)
    with aioresponses() as mocked:
        mocked.get(
            f"http://127.0.0.1:1/v1/{PROJECT_ID}/cms/workflow/wf-1/executions", exception=ServerDisconnectedError()
        )
        async with client("http://127.0.0.1:1") as aom:
            with pytest.raises(Unavailable, match="the connection broke"):
                await aom.history("wf-1", known=b"")
