"""The client against real servers that misbehave."""

import asyncio
import gzip
import json
import ssl
import subprocess
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ServerDisconnectedError, web
from aiolimiter import AsyncLimiter
from aioresponses import aioresponses
from hypothesis import given
from hypothesis import strategies as st

from collector.aom import Aom, endpoints
from collector.clock import Clock
from collector.config import Auth, Project, Secret, parse
from collector.errors import Reason, Refused, SourceError, Unavailable, Unreadable
from collector.model import Fact, Requested

PROJECT_ID = "0123456789abcdef0123456789abcdef"
TOKEN = "canary-token-5f3a"
RECORD = {"execution_id": "e1", "status": "success", "begin_time": 1_700_000_000_000, "end_time": 1_700_000_001_000}


def project(endpoint: str, **changes: Any) -> Project:
    text = f"""
    [[project]]
    name = "prod"
    region = "cn-north-4"
    project_id = "{PROJECT_ID}"
    endpoint = "{endpoint}"
    max_requests_per_second = 1000
    [project.auth]
    method = "token"
    token = "{TOKEN}"
    """
    return replace(parse(text, base=Path("/"), environ={}).projects[0], **changes)


@asynccontextmanager
async def served(handler: Callable[[web.Request], Any], tls: ssl.SSLContext | None = None):
    """One handler for every request; yields the base address."""
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "localhost" if tls else "127.0.0.1", 0, ssl_context=tls).start()
    try:
        yield "{}://{}:{}".format(
            "https" if tls else "http", "localhost" if tls else "127.0.0.1", runner.addresses[0][1]
        )
    finally:
        await runner.cleanup()


@asynccontextmanager
async def client(endpoint: str, **changes: Any):
    facts: list[Fact] = []
    aom = Aom(project(endpoint, **changes), limiter=AsyncLimiter(1000, 1), clock=Clock(), emit=facts.append)
    aom.facts = facts  # type: ignore[attr-defined]
    try:
        yield aom
    finally:
        await aom.close()


async def refused(handler: Callable[[web.Request], Any], **changes: Any) -> SourceError:
    async with served(handler) as endpoint, client(endpoint, **changes) as aom:
        with pytest.raises(SourceError) as caught:
            await aom.history("wf-1", known=b"")
        assert TOKEN not in str(caught.value) + repr(caught.value) + repr(caught.value.__cause__) + repr(
            caught.value.__context__
        )
        assert "\n" not in str(caught.value)
        return caught.value


def answers(body: bytes, status: int = 200, **headers: str) -> Callable[[web.Request], Any]:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=body, status=status, headers=headers)

    return handler


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


@given(st.text(min_size=1, max_size=70))
def test_whatever_the_ids_the_request_is_a_get_of_the_one_path(workflow_id: str):
    try:
        path = endpoints.path(endpoints.LIST_EXECUTIONS, project_id=PROJECT_ID, workflow_id=workflow_id)
    except (ValueError, UnicodeError):
        return
    before, after = f"/v1/{PROJECT_ID}/cms/workflow/", "/executions"
    assert path.startswith(before)
    assert path.endswith(after)
    assert not set(path[len(before) : -len(after)]) & set("/?#")
    assert {operation.method for operation in endpoints.ALLOWED} == {"GET"}


def test_a_request_that_is_not_in_the_table_cannot_be_built():
    start = endpoints.Operation("execute", "POST", endpoints.LIST_EXECUTIONS.path)
    with pytest.raises(ValueError, match="not a request"):
        endpoints.path(start, project_id=PROJECT_ID, workflow_id="wf-1")


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
        (429, Unavailable, Reason.THROTTLED),
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
    "body",
    [
        {"error_code": "AOM.31009004", "error_message": "auth failed.", "http_code": "401"},
        {"error_code": " AOM. 31009004", "error_msg": "auth failed.", "http_code": 401},
        {"errorCode": "AOM.31009004", "errorMessage": "auth failed."},
        {"error": {"code": "AOM.31009004", "message": "auth failed.", "title": "x"}},
    ],
)
async def test_every_shape_of_an_error_is_understood(body: dict):
    async with served(answers(json.dumps(body).encode(), 401)) as endpoint, client(endpoint) as aom:
        with pytest.raises(Refused, match=r"AOM\.31009004 auth failed\."):
            await aom.history("wf-1", known=b"")
        assert [fact.error_code for fact in aom.facts] == ["AOM.31009004"]


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7), ("0", 0), ("999999", 3600), ("soon", None), ("", None), ("-5", None)]
)
async def test_how_long_to_wait_is_read_from_the_answer(value: str, seconds: float | None):
    error = await refused(answers(b"", 429, **{"Retry-After": value}))
    assert error.retry_after == seconds


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
        assert [fact.code for fact in aom.facts] == ["error"]


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


def certificate(folder: Path) -> tuple[Path, Path]:
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout",
            key,
            "-out",
            cert,
        ],
        check=True,
        capture_output=True,
    )
    return key, cert


async def test_a_certificate_nobody_vouches_for_is_refused_until_its_authority_is_named(tmp_path: Path):
    key, cert = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    async with served(answers(b"[]"), tls) as endpoint:
        async with client(endpoint) as aom:
            with pytest.raises(Unavailable, match="ca_file"):
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


async def test_requests_keep_to_their_rate_at_the_server():
    asked = 0

    async def handler(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.json_response([])

    clock = Clock()
    async with served(handler) as endpoint:
        began = clock.monotonic()
        aom = Aom(project(endpoint), limiter=AsyncLimiter(1, 0.1), clock=clock, emit=lambda _: None)
        await asyncio.gather(*(aom.history("wf-1", known=b"") for _ in range(6)))
        took = clock.monotonic() - began
        await aom.close()
    assert asked == 6
    assert took > 0.49, "five waits of a tenth of a second, however fast the machine"


async def test_a_rare_failure_of_the_library_has_words_of_our_own():
    with aioresponses() as mocked:
        mocked.get(
            f"http://127.0.0.1:1/v1/{PROJECT_ID}/cms/workflow/wf-1/executions", exception=ServerDisconnectedError()
        )
        async with client("http://127.0.0.1:1") as aom:
            with pytest.raises(Unavailable, match="the connection broke"):
                await aom.history("wf-1", known=b"")
