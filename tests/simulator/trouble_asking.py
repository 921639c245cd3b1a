"""Somebody who asks a troubled simulator, over real HTTP and on the bare wire."""

import asyncio
import gzip
import json
import zlib
from collections import Counter
from contextlib import asynccontextmanager

from collector.simulator import Trouble, World
from collector.simulator.story import FLOWS
from tests.simulator.asking import EXECUTIONS, PROJECT, START, TOKEN, serving

PODS = "wf-restart-pods"
RELEASE = "wf-release-payment"
TEMPLATE = "/v1/{project_id}/cms/workflow/{workflow_id}/executions"
# A connection of its own for every request: on one that was used before, a client may quietly ask again.
ALONE = {"Connection": "close", "Accept-Encoding": "identity"}
ZIPPED = ALONE | {"Accept-Encoding": "gzip"}


def only(*kinds, rate=1.0, seed=5, relief=0, **more):
    """Nothing but these kinds, on every request where nothing else is said."""
    return Trouble(seed=seed, rates=dict.fromkeys(kinds, rate), relief=relief, **more)


def small(*, kept=8, seed=7):
    return World(seed=seed, start=START, flows={flow.id: flow for flow in FLOWS}, kept=kept)


@asynccontextmanager
async def troubled(trouble, *, told=None, **more):
    async with serving(told or small(), trouble=trouble, **more) as hand:
        hand.trouble = trouble
        yield hand


async def look(hand, workflow_id=PODS, *, headers=ALONE):
    """The answer to one look, and its body as it came."""
    return await hand.ask("GET", EXECUTIONS.format(workflow_id), headers=headers)


async def seen(hand, workflow_id=PODS):
    """What one look that is answered shows."""
    response, body = await look(hand, workflow_id)
    assert response.status == 200
    assert response.content_type == "application/json"
    return json.loads(body)


def true(hand, workflow_id=PODS, *, at=None):
    """What a service without trouble would show."""
    return hand.simulator.world.history(workflow_id, at or hand.now, project_id=PROJECT)


async def open_look(hand, workflow_id=PODS, *, headers=ALONE):
    """A look on a connection of its own, whose answer nobody has read yet."""
    reader, writer = await asyncio.open_connection("127.0.0.1", hand.simulator.port)
    lines = [f"GET {EXECUTIONS.format(workflow_id)} HTTP/1.1", "Host: synthetic", f"X-Auth-Token: {TOKEN}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    return reader, writer


async def wire(hand, workflow_id=PODS, *, headers=ALONE):
    """All the bytes that come until the connection ends, and whether it was reset."""
    reader, writer = await open_look(hand, workflow_id, headers=headers)
    got, reset = b"", False
    try:
        async with asyncio.timeout(20):
            while piece := await reader.read(65_536):
                got += piece
    except ConnectionResetError:
        reset = True
    writer.close()
    return got, reset


def parted(got):
    """Status line, headers by small name, and what came of the body."""
    head, _, body = got.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return first, {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}, body


def unzipped(body):
    """The part of a gzip stream that can be read, and whether it is whole."""
    reading = zlib.decompressobj(wbits=31)
    return reading.decompress(body), reading.eof


def zipped(text):
    return gzip.compress(text, mtime=0)


def flat(root):
    """The elements of an answer, however they are wrapped."""
    if isinstance(root, dict):
        root = next(value for value in root.values() if isinstance(value, list))
    return [inner for element in root for inner in (flat(element) if isinstance(element, list) else [element])]


def bag(records):
    return Counter(json.dumps(record, sort_keys=True) for record in records)


async def until(happened):
    """Wait for what no event tells."""
    async with asyncio.timeout(10):
        while not happened():
            await asyncio.sleep(0.001)
