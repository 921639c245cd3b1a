"""A polite guest, also when much goes wrong at once: rates hold, rests are kept, and no key is locked."""

import asyncio
import contextlib
import time
from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import web

from collector.aom import Budget
from collector.aom.standing import Standing
from collector.clock import Clock
from collector.config import Secret
from collector.errors import Reason, Refused, SourceError, Unavailable
from tests.aom.speaking import KEYS_AUTH, RECORD, Hands, client, failed, served

WRONG = {"error_msg": "Incorrect IAM authentication information", "error_code": "APIGW.0301"}


async def many(aom, number: int) -> list[object]:
    return await asyncio.gather(*(aom.history("wf-1", known=b"") for _ in range(number)), return_exceptions=True)


class Server:
    """Notes when it was asked; the first answer takes `slow` seconds."""

    def __init__(self, *, slow: float = 0.0, status: int = 200, **headers: str) -> None:
        self.at: list[float] = []
        self._slow, self._status, self._headers = slow, status, headers

    async def answer(self, _: web.Request) -> web.Response:
        self.at.append(time.monotonic())
        if len(self.at) == 1:
            await asyncio.sleep(self._slow)
        return web.json_response([RECORD], status=self._status, headers=self._headers)

    @property
    def gaps(self) -> list[float]:
        return [later - earlier for earlier, later in pairwise(self.at)]


async def test_those_who_waited_for_a_key_to_be_proved_keep_to_the_rate_afterwards():
    server, clock = Server(slow=1.0), Clock()
    budget = Budget(10, clock=clock)
    async with served(server.answer) as endpoint, client(endpoint, KEYS_AUTH, budget=budget, concurrency=8) as aom:
        await many(aom, 8)
    assert len(server.at) == 8
    assert min(server.gaps) > 0.05


async def test_a_rest_asked_for_in_the_first_answer_is_kept_by_all_who_wait_behind_it():
    server = Server(slow=0.3, status=429, **{"Retry-After": "60"})
    async with served(server.answer) as endpoint, client(endpoint, KEYS_AUTH, concurrency=8, poll_deadline=30.0) as aom:
        found = await many(aom, 8)
    assert {type(each) for each in found} == {Unavailable}
    assert len(server.at) == 1


async def test_after_a_rest_nobody_rushes():
    budget, at = Budget(10, clock=Clock()).part("prod", gateway=""), []
    budget.rest(0.5)

    async def ask():
        (await budget.turn(patience=60)).sent()
        at.append(time.monotonic())

    await asyncio.gather(*(ask() for _ in range(6)))
    assert min(later - earlier for earlier, later in pairwise(at)) > 0.05


async def test_who_waits_out_a_short_rest_hears_of_a_long_one():
    budget = Budget(1000, clock=Clock()).part("prod", gateway="")
    budget.rest(0.2)
    waiting = asyncio.create_task(budget.turn(patience=1.0))
    await asyncio.sleep(0)
    budget.rest(3600)
    with pytest.raises(Unavailable, match="are left"):
        async with asyncio.timeout(1.0):
            await waiting


async def test_a_wrong_key_is_not_forgiven_by_a_gateway_that_does_not_look_at_signatures():
    refused = 0

    async def here(_: web.Request) -> web.Response:
        nonlocal refused
        refused += 1
        return web.json_response(WRONG, status=401)

    async def elsewhere(_: web.Request) -> web.Response:
        return web.json_response({"error_code": "APIGW.0101", "error_msg": "no such API"}, status=404)

    clock = Hands()
    budget = Budget(1000, clock=clock)
    async with (
        served(here) as one,
        served(elsewhere) as other,
        client(one, KEYS_AUTH, clock=clock, budget=budget) as first,
        client(other, KEYS_AUTH, clock=clock, budget=budget, name="other") as second,
    ):
        for _ in range(10):
            await failed(first)
            await failed(second)
    assert refused == 2


async def test_waiters_use_the_secret_that_holds_when_their_time_comes():
    """Those who came with an older secret neither try it again nor undo what is known of the newer."""
    standing, secret, tried = Standing(clock=Hands()).of("prod"), ["old"], []

    async def ask() -> None:
        with contextlib.suppress(Refused):
            async with standing.trying(lambda: secret[0]) as used:
                tried.append(used.secret)
                await asyncio.sleep(0.01)
                raise Refused("no", reason=Reason.AUTH)

    waiting = [asyncio.create_task(ask()) for _ in range(10)]
    await asyncio.sleep(0)
    secret[0] = "new"
    await asyncio.gather(*waiting, *(ask() for _ in range(10)))
    assert tried == ["old", "new", "new"]


async def test_a_request_on_a_connection_that_has_died_is_not_sent_again_behind_our_back():
    asked = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            asked += 1
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n[]")
            await reader.readuntil(b"\r\n\r\n")
            asked += 1
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as aom:
        await aom.history("wf-1", known=b"")
        await aom.history("wf-1", known=b"")
        assert asked == len(aom.codes())


async def test_a_proxy_file_that_cannot_be_used_says_nothing_about_the_key(tmp_path: Path):
    file, server = tmp_path / "proxy", Server()
    proxy = Secret.of_file(file, key="project[0].proxy_file")
    async with served(server.answer) as endpoint, client(endpoint, KEYS_AUTH, proxy=proxy) as aom:
        for _ in range(3):
            error = await failed(aom, Refused)
            assert error.reason is Reason.NETWORK
            assert "proxy_file" in str(error)
        assert aom.codes() == [], "nothing was sent"
        file.write_text(endpoint)
        await aom.history("wf-1", known=b"")


async def test_a_proxy_named_without_its_scheme_is_an_http_one(monkeypatch: pytest.MonkeyPatch):
    server = Server()
    async with served(server.answer) as proxy:
        monkeypatch.setenv("http_proxy", proxy.removeprefix("http://"))
        async with client("http://aom.invalid") as aom:
            await aom.history("wf-1", known=b"")
    assert len(server.at) == 1


async def test_what_other_programs_sign_in_with_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password canary-password\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    seen = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.json_response([RECORD])

    async with served(answer) as endpoint, client(endpoint) as aom:
        await aom.history("wf-1", known=b"")
    assert seen == [None]


@pytest.mark.parametrize(("status", "asked"), [(407, 1), (403, 1), (502, 4), (503, 4)])
async def test_what_a_proxy_answers_is_asked_again_only_where_it_may_pass(status: int, asked: int):
    connects = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connects
        await reader.readuntil(b"\r\n\r\n")
        connects += 1
        writer.write(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy = Secret(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with server, client("https://aom.invalid", proxy=proxy) as aom:
        error = await failed(aom)
    assert f"the proxy answered {status}" in str(error)
    assert connects == asked


async def test_an_authority_that_cannot_be_read_is_no_reason_to_ask_again():
    async with client("https://127.0.0.1:9", ca_file=Path("/nonexistent")) as aom:
        assert "ca_file" in str(await failed(aom, Refused))


async def test_what_the_service_quotes_is_no_leak():
    async def quote(request: web.Request) -> web.Response:
        says = f"Get secretKey failed,ak:AKEXAMPLE,err:ak not exist, {request.headers['X-Security-Token']}"
        return web.json_response({"error_code": "APIGW.0301", "error_msg": says}, status=401)

    auth = f'{KEYS_AUTH}\nsecurity_token = "canary-token-5f3a"'
    async with served(quote) as endpoint, client(endpoint, auth) as aom:
        for _ in range(3):
            said = str(await failed(aom, Refused))
            assert "Get secretKey failed,ak:<secret>,err:ak not exist, <secret>" in said


async def test_nothing_that_only_failed_on_the_way_counts_for_or_against_a_key():
    server = Server(status=500)
    async with served(server.answer) as endpoint, client(endpoint, KEYS_AUTH) as aom:
        for _ in range(5):
            with pytest.raises(SourceError, match="it answered 500"):
                await aom.history("wf-1", known=b"")
    assert len(server.at) == 20
