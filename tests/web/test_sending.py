"""How a page goes out: in slices, compressed where that is welcome, and never at the cost of others."""

import asyncio
import gc
import gzip
import os
import sys
import threading
import time
import zlib
from collections import Counter
from contextlib import asynccontextmanager

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.model import Format
from collector.web.body import SLICE, length, pressed, slices
from tests.web.served import Handed, serving

OPENMETRICS = "application/openmetrics-text"


@pytest.fixture
def handed():
    return Handed()


@pytest.fixture
async def web(handed):
    async with serving(handed) as web:
        yield web


@pytest.fixture
async def client(web):
    async with aiohttp.ClientSession(web.addresses[0], auto_decompress=False) as session:
        yield session


async def fetch(client, encoding="gzip", method="GET", **headers):
    headers["Accept-Encoding"] = encoding
    async with client.request(method, "/metrics", headers=headers) as answer:
        return answer, await answer.read()


@given(st.lists(st.binary(max_size=40), max_size=30), st.integers(1, 50))
def test_slices_are_the_pieces_put_together_and_all_but_the_last_are_full(pieces, size):
    made = list(slices(pieces, size))
    assert b"".join(made) == b"".join(pieces)
    assert all(len(each) == size for each in made[:-1])
    assert all(0 < len(each) <= size for each in made[-1:])


@pytest.mark.parametrize("size", [0, 1, 256 * 1024, 1024 * 1024, 1024 * 1024 + 1, 3_000_000])
async def test_a_compressed_page_of_any_size_arrives_whole(client, handed, size):
    handed.pieces = [os.urandom(min(7000, size - at)) for at in range(0, size, 7000)]
    answer, body = await fetch(client)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) == len(body)
    assert gzip.decompress(body) == b"".join(handed.pieces)
    press = zlib.decompressobj(31)
    press.decompress(body)
    assert press.eof, "it is one whole member"
    assert press.unused_data == b"", "and nothing else"
    assert handed.carried == ["token"]


async def test_a_page_is_compressed_only_where_that_is_welcome(client, handed):
    handed.body = b"a 1\n" * 1000
    for encoding in ("identity", "gzip;q=0", "br", ""):
        answer, body = await fetch(client, encoding)
        assert (answer.headers.get("Content-Encoding"), body) == (None, handed.body)
        assert answer.headers["Vary"] == "Accept, Accept-Encoding"
    answer, body = await fetch(client, "br;q=1, gzip;q=0.5")
    assert len(body) < len(handed.body)
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"


async def test_the_page_is_always_the_newest_when_nobody_else_asks(client, handed):
    for body in (b"a 1\n", b"a 2\n"):
        handed.body = body
        assert gzip.decompress((await fetch(client))[1]) == body
    assert handed.asked == 2


async def test_scrapers_of_one_moment_share_the_work_and_a_format_is_never_anothers(client, handed):
    handed.pieces = [b"x" * 1_000_000] * 40
    answers = await asyncio.gather(*(fetch(client) for _ in range(5)), fetch(client, Accept=OPENMETRICS))
    assert [answer.status for answer, _ in answers] == [200] * 6
    assert all(gzip.decompress(body) == b"".join(handed.pieces) for _, body in answers)
    assert handed.formats.count(Format.TEXT) < 5
    assert handed.formats.count(Format.OPENMETRICS) == 1
    assert len(handed.carried) == 6


async def test_who_shares_a_page_carries_its_own_token(client, handed):
    handed.pieces, handed.token = [b"x" * 1_000_000] * 40, "old"
    first = asyncio.create_task(fetch(client))
    await handed.was_asked(1)
    handed.token = "new"
    await asyncio.gather(first, fetch(client))
    assert handed.carried == ["old"] * 2
    await fetch(client)
    assert handed.carried == ["old"] * 2 + ["new"]


async def test_when_one_who_shares_the_work_leaves_the_others_still_get_it(client, handed):
    handed.pieces = [b"x" * 1_000_000] * 40
    first = asyncio.create_task(fetch(client))
    await handed.was_asked(1)
    second = asyncio.create_task(fetch(client))
    first.cancel()
    _, body = await second
    assert gzip.decompress(body) == b"".join(handed.pieces)
    assert handed.carried == ["token"]
    assert handed.errors == []


async def test_a_page_that_cannot_be_made_is_an_error_and_the_next_one_is_tried_anew(client, handed):
    handed.pieces = [None]
    answer, _ = await fetch(client)
    assert (answer.status, len(handed.errors)) == (500, 1)
    handed.pieces = None
    assert (await fetch(client))[0].status == 200


async def longest_pause(work):
    """The longest that the loop did not turn while the work was done, in CPU seconds of this thread, and its result."""
    task, longest = asyncio.ensure_future(work), 0.0
    while not task.done():
        began = time.thread_time()
        await asyncio.sleep(0)
        longest = max(longest, time.thread_time() - began)
    return longest, task.result()


@asynccontextmanager
async def another_process(web, encoding):
    """A reader that scrapes from another process, as fast as it goes, once it is told to; it says how much came."""
    program = (
        "import socket,sys;input();s=socket.create_connection(('127.0.0.1',int(sys.argv[1])));"
        "s.sendall(('GET /metrics HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n'"
        "'Accept-Encoding: '+sys.argv[2]+'\\r\\n\\r\\n').encode());n=0\n"
        "while d:=s.recv(1<<20):n+=len(d)\n"
        "print(n)"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, web.addresses[0].rpartition(":")[2], encoding),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    # Neither the start of a process nor the collection of other tests' garbage is the server's work.
    gc.collect()
    gc.disable()
    try:
        yield process.communicate(b"\n")
    finally:
        gc.enable()
        await process.wait()


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_a_huge_page_never_keeps_the_loop_for_itself(web, handed, encoding):
    line = b'aom_workflow_node_runs_total{project="prod",workflow_id="%d",workflow="nightly",status="success"} %d\n'
    handed.pieces = [b"".join(line % (at, each) for each in range(100)) for at in range(3800)]
    async with another_process(web, encoding) as scraped:
        longest, (size, _) = await longest_pause(scraped)
    assert int(size) > 38_000_000 or encoding == "gzip"
    assert handed.carried == ["token"]
    assert longest < 0.02


class Watched(list):
    """Pieces that note at which turn of the loop each of them was last taken."""

    def __init__(self, pieces):
        super().__init__(pieces)
        self.turn = 0

    def __iter__(self):
        self.taken = Counter()
        for piece in super().__iter__():
            self.taken[self.turn] += len(piece)
            yield piece


async def test_even_a_reader_that_takes_everything_at_once_leaves_room_for_others(client, handed):
    handed.pieces = pieces = Watched([b"x" * 64 * 1024] * 300)
    reading = asyncio.create_task(fetch(client, "identity"))
    while not reading.done():
        pieces.turn += 1
        await asyncio.sleep(0)
    assert len(reading.result()[1]) == 300 * 64 * 1024
    assert max(pieces.taken.values()) <= 2 * SLICE


async def test_very_many_pieces_are_counted_in_turns():
    pieces = Watched([b"ab"] * 100_000)
    counting = asyncio.create_task(length(pieces))
    while not counting.done():
        pieces.turn += 1
        await asyncio.sleep(0)
    assert counting.result() == 200_000
    assert max(pieces.taken.values()) < 50_000


async def test_compression_is_the_work_of_another_thread_and_is_done_bit_by_bit():
    threads = set()

    def pieces():
        for _ in range(8):
            threads.add(threading.get_ident())
            yield b"x" * 1024 * 1024

    made = await pressed(pieces())
    assert threading.get_ident() not in threads
    assert len(made) >= 8
    assert gzip.decompress(b"".join(made)) == b"x" * 8 * 1024 * 1024
