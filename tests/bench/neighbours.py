"""One healthy project alone, and beside four sick ones: does it notice them?

    python -m tests.bench.neighbours [--looks 600]

The sick ones answer 401, answer 429, never answer, or do not offer the interface. Each project has a server and a
credential of its own; in a third run all five share one access key, and with it its rate. Every project comes to as
many looks as asked for. It holds where the healthy one's lateness (start of a look after its due time) has a p99 under
a second and of at most twice what it was alone; looks are handed out ten times a second, so that less than a tenth of a
second is no lateness. The answers are synthetic.
"""

import asyncio
import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import structlog
from aiohttp import web

from collector.app import App
from collector.clock import Clock
from collector.config import parse
from collector.log import Lines
from collector.model import Fact, Polled
from collector.store import Memory

NAME = web.AppKey("name", str)
TICK = 0.1
HEALTHY = "healthy"
SICK = ("refused", "throttled", "hanging", "not-offered")
RUNS = {"alone": ((HEALTHY,), False), "beside": ((HEALTHY, *SICK), False), "one key": ((HEALTHY, *SICK), True)}
FILE = """
[collector]
listen = "127.0.0.1:0"
state = "memory:"
interval = "500ms"
"""
PROJECT = """
[[project]]
name = "{name}"
region = "cn-north-4"
project_id = "0123456789abcdef0123456789abcdef"
endpoint = "{endpoint}"
max_requests_per_second = 200
concurrency = {concurrency}
timeout = "1s"
poll_deadline = "2s"
[project.auth]
access_key = "{key}"
secret_key = "synthetic"
"""
WORKFLOW = '[[project.workflow]]\nid = "wf-{number}"\n'


class Heard(Lines):
    """Keeps the lateness of every look, by project, in the place of a log."""

    def __init__(self, names: tuple[str, ...], looks: int) -> None:
        super().__init__(structlog.get_logger())
        self.late: dict[str, list[float]] = {name: [] for name in names}
        self.enough = asyncio.Event()
        self._looks = looks

    def __call__(self, fact: Fact) -> None:
        if isinstance(fact, Polled):
            self.late[fact.key.project].append(fact.lateness)
            if min(map(len, self.late.values())) >= self._looks:
                self.enough.set()


async def answer(request: web.Request) -> web.StreamResponse:
    """What each project's server says, by the name in its address."""
    name = request.app[NAME]
    if name == "refused":
        return web.json_response({"error_code": "APIGW.0301", "error_msg": "verify aksk signature fail"}, status=401)
    if name == "throttled":
        return web.json_response({"error_code": "APIGW.0308", "error_msg": "throttled"}, status=429)
    if name == "not-offered":
        return web.json_response({"error_code": "APIGW.0101", "error_msg": "no such API"}, status=404)
    if name == "hanging":
        await asyncio.Event().wait()
    now = round(time.time() * 1000)
    record = {"execution_id": "e1", "status": "success", "begin_time": now - 9000, "end_time": now - 5000}
    return web.Response(body=json.dumps([record]).encode(), content_type="application/json")


async def serve(stack: AsyncExitStack, name: str) -> str:
    """A server on a free port; returns its address."""
    app = web.Application()
    app[NAME] = name
    app.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


async def run(names: tuple[str, ...], *, one_key: bool, looks: int) -> dict[str, list[float]]:
    """The lateness of every look, in seconds, by project."""
    text = FILE
    async with AsyncExitStack() as stack:
        for name in names:
            endpoint = await serve(stack, name)
            # As many at once as may be: the worst that a project can do to its neighbours.
            concurrency = 4 if name == HEALTHY else 64
            key = "SYNTHETIC" if one_key else f"SYNTHETIC-{name}"
            text += PROJECT.format(name=name, endpoint=endpoint, concurrency=concurrency, key=key)
            text += "".join(WORKFLOW.format(number=number) for number in range(20 if name == HEALTHY else 100))
        heard = Heard(names, looks)
        clock = Clock()
        app = App(parse(text, base=Path(), environ={}), clock=clock, lines=heard, store=Memory(clock=clock))
        await app.start()
        try:
            await asyncio.wait_for(heard.enough.wait(), 300)
        finally:
            await app.stop()
    return heard.late


def p99(late: list[float]) -> float:
    """The value that one in a hundred exceeds, in seconds."""
    return sorted(late)[round(0.99 * (len(late) - 1))]


async def measured(looks: int) -> dict[str, dict[str, list[float]]]:
    """Every run's lateness by project."""
    return {what: await run(names, one_key=shared, looks=looks) for what, (names, shared) in RUNS.items()}


def verdict(found: dict[str, dict[str, list[float]]]) -> bool:
    """Whether the healthy project noticed nothing."""
    alone = max(p99(found["alone"][HEALTHY]), TICK)
    return all(p99(late[HEALTHY]) < 1 and p99(late[HEALTHY]) <= 2 * alone for late in found.values())


def table(found: dict[str, dict[str, list[float]]]) -> Iterator[str]:
    """What was measured, line by line."""
    yield f"{'run':<8} {'project':<12} {'looks':>6} {'p50 s':>7} {'p99 s':>7} {'worst s':>8} {'to alone':>9}"
    alone = max(p99(found["alone"][HEALTHY]), TICK)
    for what, late in found.items():
        for name, each in late.items():
            ratio = f"{p99(each) / alone:>9.2f}" if name == HEALTHY else ""
            middle = sorted(each)[len(each) // 2]
            yield f"{what:<8} {name:<12} {len(each):>6} {middle:>7.3f} {p99(each):>7.3f} {max(each):>8.3f} {ratio}"


if __name__ == "__main__":
    options = ArgumentParser(description="One healthy project beside four sick ones.")
    options.add_argument("--looks", type=int, default=600, help="looks of every project in every run")
    results = asyncio.run(measured(options.parse_args().looks))
    print(*table(results), sep="\n")  # noqa: T201  a command for people
    print("holds" if (holds := verdict(results)) else "DOES NOT HOLD")  # noqa: T201  likewise
    sys.exit(0 if holds else 1)
