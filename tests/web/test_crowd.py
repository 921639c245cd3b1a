"""Connections that stay silent: they have a deadline, they are never too many, and who asks is answered beside them."""

import asyncio
import time
from pathlib import Path

import aiohttp
import pytest

from collector.web import crowd
from tests.web.certificates import Authority
from tests.web.served import Handed, serving

SLOW = b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: a"
REQUEST = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def tls(tmp_path: Path) -> Path:
    Authority(tmp_path).sign("server", "IP:127.0.0.1")
    path = tmp_path / "web.yml"
    path.write_text("tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n", "utf-8")
    return path


async def connected(address: str) -> Streams:
    host, _, port = address.partition("://")[2].rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def closed(streams: Streams) -> bool:
    """Whether the other side has gone, as far as is known by now."""
    reader, _ = streams
    try:
        async with asyncio.timeout(0.05):
            return not await reader.read(1)
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


async def asks(streams: Streams) -> bytes:
    reader, writer = streams
    writer.write(REQUEST)
    async with asyncio.timeout(10):
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(len("Healthy.\n"))
    return head.split(b"\r\n")[0]


async def ended(streams: Streams) -> None:
    """Wait until the other side has closed it."""
    reader, _ = streams
    async with asyncio.timeout(10):
        try:
            await reader.read()
        except ConnectionResetError:
            return


@pytest.mark.parametrize("sent", [b"", SLOW], ids=["nothing", "half a header"])
async def test_who_asks_for_nothing_in_time_is_sent_away(sent: bytes):
    async with serving(silence=0.2) as web:
        streams = await connected(web.addresses[0])
        streams[1].write(sent)
        await ended(streams)
        streams[1].close()


async def test_a_header_that_comes_byte_by_byte_wins_no_time():
    async with serving(silence=0.5) as web:
        reader, writer = await connected(web.addresses[0])
        began, gone = time.monotonic(), asyncio.create_task(reader.read())
        writer.write(SLOW)
        while not gone.done():
            writer.write(b"a")
            await asyncio.wait([gone], timeout=0.05)
            assert time.monotonic() - began < 10
        assert gone.exception() or gone.result() == b"", "not answered, but closed"
        writer.close()


async def test_a_connection_that_never_comes_to_be_encrypted_has_a_deadline(tls: Path, monkeypatch):
    monkeypatch.setattr(crowd, "HANDSHAKE", 0.2)
    async with serving(config=tls) as web:
        for sent in (b"", b"\x16\x03\x01"):
            streams = await connected(web.addresses[0])
            streams[1].write(sent)
            await ended(streams)
            streams[1].close()


async def test_where_they_are_too_many_the_oldest_that_never_asked_goes_first_and_then_the_longest_silent():
    async with serving(most=3) as web:
        address = web.addresses[0]
        first, second, third = [await connected(address) for _ in range(3)]
        assert await asks(first) == b"HTTP/1.1 200 OK"
        fourth = await connected(address)
        await ended(second)
        assert not await closed(third)
        for each in (third, fourth):
            assert await asks(each) == b"HTTP/1.1 200 OK"
        fifth = await connected(address)
        await ended(first)
        assert [await closed(each) for each in (third, fourth, fifth)] == [False] * 3
        for _, writer in (first, second, third, fourth, fifth):
            writer.close()


async def test_who_is_being_answered_stays_and_where_all_are_the_newcomer_goes():
    handed, gate = Handed(), asyncio.Event()

    async def slowly() -> str:
        handed.reloads += 1
        await gate.wait()
        return "nothing"

    handed.reload = slowly
    async with serving(handed, most=2) as web, aiohttp.ClientSession(web.addresses[0]) as session:
        asked = [asyncio.create_task(session.post("/-/reload")) for _ in range(2)]
        async with asyncio.timeout(10):
            while handed.reloads < 2:
                await asyncio.sleep(0.01)
        for _ in range(3):
            newcomer = await connected(web.addresses[0])
            await ended(newcomer)
            newcomer[1].close()
        gate.set()
        assert [(await each).status for each in asked] == [200, 200]
        later = await connected(web.addresses[0])
        assert await asks(later) == b"HTTP/1.1 200 OK"
        later[1].close()


@pytest.mark.parametrize("encrypted", [False, True], ids=["http", "https"])
async def test_a_flood_of_silent_connections_turns_no_scrape_away(tls: Path, *, encrypted: bool):
    async with serving(config=tls if encrypted else None, most=8) as web:
        flood = []
        async with aiohttp.ClientSession(web.addresses[0]) as session:
            for _ in range(5):
                flood += [await connected(web.addresses[0]) for _ in range(20)]
                async with session.get("/metrics", ssl=not encrypted) as answer:
                    assert answer.status == 200
        for each in flood[:-8]:
            await ended(each)
        for _, writer in flood:
            writer.close()


async def test_whoever_is_still_being_encrypted_does_not_hold_up_the_end(tls: Path):
    async with serving(config=tls) as web:
        streams = await connected(web.addresses[0])
        await asyncio.sleep(0)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    await ended(streams)
    streams[1].close()
