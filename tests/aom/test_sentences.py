"""What an operator reads when something between the collector and the service is wrong."""

import asyncio
import gzip
import json
import re
import ssl
import subprocess
import sys
import zlib
from contextlib import AsyncExitStack
from functools import cache
from pathlib import Path

import pytest
from aiohttp import web

from collector.aom import Budget
from collector.aom.instance import Instance
from collector.clock import Clock
from collector.config import Secret
from collector.simulator import Key, Simulator, world
from tests.aom.speaking import (
    KEYS_AUTH,
    PROJECT_ID,
    RECORD,
    TOKEN,
    Hands,
    Speaker,
    answers,
    certificate,
    client,
    failed,
    served,
)

DOCUMENT = Path(__file__).parents[2] / "deploy" / "docs" / "troubleshooting.md"
WORKFLOW = "wf-00001"
GZIP = {"Content-Encoding": "gzip"}
BOMB = 1 << 30
HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"


def simulator(clock: Clock) -> Simulator:
    return Simulator(
        world(7, workflows=1, start=clock.now()),
        clock=clock.now,
        token=TOKEN,
        project_id=PROJECT_ID,
        keys={"AKEXAMPLE": Key("canary-secret")},
        foreign_tokens={"token-of-another-region"},
    )


@cache
def bomb(size: int = BOMB) -> bytes:
    """One gibibyte of spaces, compressed."""
    block = b" " * (1 << 24)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    check = 0
    for _ in range(size >> 24):
        check = zlib.crc32(block, check)
    # After a full flush a block stands for itself, so that one can follow another.
    return HEAD + packed * (size >> 24) + b"\x03\x00" + check.to_bytes(4, "little") + size.to_bytes(4, "little")


async def _hang(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(5)
    return web.Response()


async def _bomb(_: web.Request) -> web.Response:
    return web.Response(body=bomb(), headers=GZIP)


def test_the_bomb_is_one():
    smaller = bomb(BOMB >> 5)
    assert gzip.decompress(smaller) == b" " * (BOMB >> 5)
    assert bomb()[:1000] == smaller[:1000]
    assert len(bomb()) < 1 << 21


def refuses(status: int, code: str, says: str, **headers: str):
    return answers(json.dumps({"error_code": code, "error_msg": says}).encode(), status, **headers)


ANSWERS = {
    "HTML login page": answers(b"<!DOCTYPE html><title>Please log in</title>"),
    "empty body": answers(b""),
    "gzip bomb of 1 GiB": _bomb,
    "cut-off gzip": answers(gzip.compress(b"[" + b'{"execution_id": "e"},' * 500 + b"{}]")[:-20], **GZIP),
    "redirect to another host": answers(b"", 302, Location="https://login.example/?next=x"),
    "no permission": refuses(403, "AOM.0403", "no permission"),
    "region without the interface": refuses(404, "APIGW.0101", "The API does not exist"),
    "too many requests": refuses(429, "APIGW.0308", "throttled", **{"Retry-After": "600"}),
    "server that hangs": _hang,
}
NOWHERE = {
    "proxy down": {"proxy": Secret("http://user:canary-password@127.0.0.1:9"), "endpoint": "http://aom.invalid"},
    "server down": {"endpoint": "http://127.0.0.1:9"},
    "name that does not resolve": {"endpoint": "http://aom.invalid"},
}
MACHINES = {
    "no credential": None,
    "machine without an agency": answers(b"Please configure Cloud Service Agency first", 401),
}
PROJECTS = {
    "no project of the region's name": answers(b'{"projects": []}'),
    "two projects of the region's name": answers(
        json.dumps({"projects": [{"id": each * 32, "name": "cn-north-4"} for each in "ab"]}).encode()
    ),
    "no permission to list projects": answers(b'{"error": {"code": 403, "message": "You are not authorized"}}', 403),
}
SIGNED = {
    "wrong key": KEYS_AUTH.replace("canary-secret", "canary-wrong"),
    "wrong region's token": 'token = "token-of-another-region"',
    "clock 20 minutes off": KEYS_AUTH,
}


async def speaker(case: str, folder: Path, stack: AsyncExitStack) -> Speaker:
    """A client in that situation."""
    clock = Hands()
    enter = stack.enter_async_context
    if case in NOWHERE:
        return await enter(client(**NOWHERE[case]))
    if case in MACHINES:
        handler = MACHINES[case]
        address = await enter(served(handler)) if handler else "http://127.0.0.1:9"
        budget = Budget(1000, clock=clock, instance=Instance(clock=clock, address=address))
        return await enter(client("http://aom.invalid", 'method = "metadata"', clock=clock, budget=budget))
    if case in PROJECTS:
        return await enter(client(await enter(served(PROJECTS[case])), project_id=""))
    if case in SIGNED:
        there = await enter(simulator(Clock()))
        clock.mistake(-1200 if "clock" in case else 0)
        return await enter(client(there.url, SIGNED[case], clock=clock))
    if case in ANSWERS:
        return await enter(client(await enter(served(ANSWERS[case])), timeout=0.2 if "hangs" in case else 30.0))
    assert case == "self-signed certificate"
    key, cert = certificate(folder)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    return await enter(client(await enter(served(answers(b"[]"), tls))))


async def said(case: str, folder: Path) -> str:
    """The sentence that a look ends with, addresses and ids that change taken out."""
    async with AsyncExitStack() as stack:
        sentence = str(await failed(await speaker(case, folder, stack)))
    sentence = re.sub(r"https?://(?:127\.0\.0\.1:\d+|localhost:\d+|aom\.invalid)", "{endpoint}", sentence)
    return re.sub(r"[0-9a-f]{32}", "{id}", sentence)


def documented() -> dict[str, str]:
    """The table of the documentation: what is wrong, and what the collector says."""
    rows = (re.fullmatch(r"\| ([^|]+) \| `(.+)` \| .+ \|", line) for line in DOCUMENT.read_text("utf-8").splitlines())
    return {row[1]: row[2] for row in rows if row}


def test_the_table_of_the_documentation_is_read():
    assert len(documented()) >= 21


@pytest.mark.parametrize("case", documented())
async def test_each_fault_is_said_as_the_documentation_has_it(case: str, tmp_path: Path):
    assert await said(case, tmp_path) == documented()[case]


async def test_whoever_is_redirected_to_sees_neither_request_nor_credential():
    seen = []

    async def elsewhere(request: web.Request) -> web.Response:
        seen.append(dict(request.headers))
        return web.json_response([RECORD])

    async with served(elsewhere) as other:
        for status in (301, 302, 303, 307, 308):
            for auth in ((), (KEYS_AUTH,)):
                async with (
                    served(answers(b"", status, Location=f"{other}/v1")) as here,
                    client(here, *auth) as aom,
                ):
                    await failed(aom)
    assert seen == []


MEASURE = """
import asyncio, json, resource, sys
from collector.errors import SourceError
from tests.aom.speaking import client

async def main(small, bomb):
    async with client(small) as aom:
        await aom.history("wf-1", known=b"")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with client(bomb) as aom:
        try:
            await aom.history("wf-1", known=b"")
        except SourceError as error:
            reason = str(error.reason)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([reason, (after - before) * 1024]))

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_bomb_of_a_gibibyte_costs_less_than_64_mebibytes():
    async with served(answers(b"[]")) as small, served(_bomb) as large:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", MEASURE, small, large, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
        )
        out, _ = await process.communicate()
    reason, grown = json.loads(out)
    assert reason == "oversize"
    assert grown < 64 << 20


@pytest.mark.parametrize("told", [0, 100, 64 << 20, (64 << 20) + 1])
async def test_a_stream_that_lies_about_its_length_is_refused_for_what_it_is(told: int):
    packed = gzip.compress(b" " * (1 << 20))[:-4] + told.to_bytes(4, "little")
    async with served(answers(packed, **GZIP)) as endpoint, client(endpoint) as aom:
        assert "cut off or damaged" in str(await failed(aom))
