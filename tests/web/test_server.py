import asyncio
import socket

import aiohttp
import pytest

from collector.model import Format
from tests.web.served import Handed, serving

TEXT = "text/plain; version=0.0.4; charset=utf-8"
TEXT_1 = "text/plain; version=1.0.0; charset=utf-8; escaping=dots"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
PATHS = ["/", "/api/v1/workflows", "/metrics", "/-/healthy", "/-/ready"]


@pytest.fixture
def handed():
    return Handed()


@pytest.fixture
async def web(handed):
    async with serving(handed) as web:
        yield web


@pytest.fixture
async def client(web):
    async with aiohttp.ClientSession(web.addresses[0]) as session:
        yield session


async def fetch(client, path, method="GET", **more):
    async with client.request(method, path, **more) as answer:
        return answer, await answer.read()


async def raw(web, request):
    """Bytes in, bytes out, until the server closes."""
    host, _, port = web.addresses[0].removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


async def test_metrics_are_served_in_the_text_format(client, handed):
    answer, body = await fetch(client, "/metrics")
    assert (answer.status, body) == (200, b"a 1\n")
    assert answer.headers.getall("Content-Type") == [TEXT]
    assert handed.carried == ["token"]


@pytest.mark.parametrize(
    ("accept", "form", "content_type"),
    [
        ({"Accept": OPENMETRICS}, Format.OPENMETRICS, f"{OPENMETRICS}; charset=utf-8; escaping=underscores"),
        ({"Accept": "text/plain;version=1.0.0;escaping=dots"}, Format.TEXT_1, TEXT_1),
        ([("Accept", "text/html"), ("Accept", OPENMETRICS)], Format.OPENMETRICS, None),
        ({"Accept": "text/html;q="}, Format.TEXT, TEXT),
    ],
)
async def test_the_format_is_what_the_scraper_accepts(client, handed, accept, form, content_type):
    answer, body = await fetch(client, "/metrics", headers=accept)
    assert (answer.status, body) == (200, b"a 1\n")
    assert handed.formats == [form]
    assert content_type in {None, answer.headers["Content-Type"]}
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"


async def test_metrics_wait_for_the_state_and_carry_nothing_until_then(client, handed):
    handed.loaded = False
    answer, body = await fetch(client, "/metrics")
    assert (answer.status, body) == (503, b"The state is not loaded yet.\n")
    assert answer.content_type == "text/plain"
    assert (handed.asked, handed.carried) == (0, [])


async def test_metrics_are_still_served_while_stopping(client, handed):
    handed.not_ready = "the collector is stopping"
    assert (await fetch(client, "/metrics"))[0].status == 200
    answer, body = await fetch(client, "/-/ready")
    assert (answer.status, body) == (503, b"Not ready: the collector is stopping.\n")


async def test_health_and_readiness_are_said(client, handed):
    answer, body = await fetch(client, "/-/healthy")
    assert (answer.status, body) == (200, b"Healthy.\n")
    answer, body = await fetch(client, "/-/ready")
    assert (answer.status, body) == (200, b"Ready.\n")
    handed.healthy = False
    assert (await fetch(client, "/-/healthy"))[0].status == 503


@pytest.mark.parametrize("accept", ["", f"Accept: {OPENMETRICS}\r\n", "Accept: text/plain;version=1.0.0\r\n"])
@pytest.mark.parametrize("encoding", ["", "Accept-Encoding: gzip\r\n"])
@pytest.mark.parametrize("path", PATHS)
async def test_head_is_a_get_without_its_body_and_carries_nothing(web, handed, path, accept, encoding):
    handed.body = b"a 1\n" * 1000
    request = f"{{}} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{accept}{encoding}\r\n"
    whole = await raw(web, request.format("GET").encode())
    handed.carried.clear()
    head = await raw(web, request.format("HEAD").encode())
    headers, _, body = whole.partition(b"\r\n\r\n")
    assert body
    without_date = [
        [line for line in text.split(b"\r\n") if not line.startswith(b"Date:")]
        for text in (headers + b"\r\n\r\n", head)
    ]
    assert without_date[0] == without_date[1]
    assert handed.carried == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_a_wrong_method_is_refused_and_the_right_ones_are_named(client, handed, path, method):
    answer, _ = await fetch(client, path, method)
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET,HEAD"
    assert handed.asked == 0


@pytest.mark.parametrize("path", ["/metric", "/metrics/", "/-/", "/-/reload/", "/favicon.ico", "/%2e%2e/etc/passwd"])
async def test_an_unknown_path_is_not_found(client, path):
    answer, body = await fetch(client, path)
    assert (answer.status, body, answer.content_type) == (404, b"Not Found.\n", "text/plain")


@pytest.mark.parametrize("path", [*PATHS, "/nothing"])
async def test_every_answer_is_guarded_and_names_no_version_of_its_server(client, path):
    answer, _ = await fetch(client, path)
    assert answer.headers["Server"] == "aom-collector"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("words", [b"\x16\x03\x01 hello", b"GET / HTTP/1.1\r\nno header", b"GET / HTTP/9.9"])
async def test_what_is_not_http_is_refused_without_a_word_in_the_log(web, caplog, handed, words):
    answer = await raw(web, words + b"\r\n\r\n")
    assert b" 400 " in answer.split(b"\r\n")[0]
    assert caplog.records == []
    assert handed.errors == []


async def test_an_unexpected_error_is_reported_once_and_the_server_goes_on(client, handed):
    broken = RuntimeError("broken")

    def fails():
        raise broken

    handed.on_carried = fails
    handed.facts = None
    answer, body = await fetch(client, "/")
    assert answer.status == 500
    assert b"Traceback" not in body
    assert len(handed.errors) == 1
    assert (await fetch(client, "/-/healthy"))[0].status == 200


async def hold(web, count):
    """Readers that ask for the page and then do not read."""
    host, _, port = web.addresses[0].removeprefix("http://").rpartition(":")
    held = []
    for _ in range(count):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)  # noqa: FBT003  the standard library's signature
        await asyncio.get_running_loop().sock_connect(sock, (host, int(port)))
        await asyncio.get_running_loop().sock_sendall(sock, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        held.append(sock)
    return held


async def until(condition):
    """Wait for something that only asking can tell."""
    async with asyncio.timeout(10):
        while not await condition():
            await asyncio.sleep(0.005)


async def test_the_forty_first_request_at_once_is_turned_away_and_others_come_in_again(web, client, handed):
    handed.body = b"x" * 30_000_000
    held = await hold(web, 40)
    await handed.was_asked(40)
    answer, body = await fetch(client, "/-/healthy")
    assert (answer.status, body) == (503, b"Too many requests at once.\n")
    for sock in held:
        sock.close()

    async def let_in():
        return (await fetch(client, "/-/healthy"))[0].status == 200

    await until(let_in)
    assert handed.carried == [], "none of them took the page"
    assert handed.errors == []


async def test_a_slow_reader_blocks_nobody_and_has_carried_nothing(web, client, handed):
    handed.body = b"x" * 30_000_000
    held = await hold(web, 3)
    await handed.was_asked(3)
    answer, body = await fetch(client, "/metrics")
    assert (answer.status, len(body)) == (200, 30_000_000)
    assert handed.carried == ["token"]
    for sock in held:
        sock.close()


async def test_a_reader_that_takes_too_long_is_cut_off(handed):
    handed.body = b"x" * 30_000_000
    async with serving(handed, patience=0.2) as web:
        (sock,) = await hold(web, 1)
        reader, writer = await asyncio.open_connection(sock=sock)
        await handed.was_asked(1)
        await asyncio.sleep(0.4)
        got = 0
        try:
            while piece := await reader.read(1 << 20):
                got += len(piece)
        except ConnectionResetError:
            pass
        assert got < 30_000_000
        assert handed.carried == []
        writer.close()


@pytest.mark.parametrize("size", [0, 1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 3_000_000])
async def test_a_page_of_any_size_arrives_whole(client, handed, size):
    handed.body = bytes(range(256)) * (size // 256) + b"y" * (size % 256)
    _, body = await fetch(client, "/metrics")
    assert body == handed.body
    assert handed.carried == ["token"]


async def test_one_connection_serves_scrape_after_scrape(web, handed):
    request = b"GET /metrics HTTP/1.1\r\nHost: x\r\n%s\r\n"
    answer = await raw(web, request % b"" * 2 + request % b"Connection: close\r\n")
    assert answer.count(b"a 1\n") == 3
    assert len(handed.carried) == 3
