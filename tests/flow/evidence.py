"""All that a collector shows, by channel, while every kind of trouble happens to it."""

import re
import signal
import sqlite3
import sys
from collections import ChainMap
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import aiohttp

from collector.clock import Clock
from collector.simulator import KINDS, Agency, Machine, Trouble, World
from collector.simulator.life import Step
from collector.simulator.trouble import FAILURES, GLITCHES, Kind
from collector.simulator.world import Flow
from tests.flow.collector_process import PROJECT, Running, started
from tests.flow.echoing import SHAPES, Echoing
from tests.flow.marked import Marked
from tests.flow.marks import FORMS, Marks

ROOT = Path(__file__).parents[2]
RATES = dict.fromkeys(GLITCHES, 0.1) | dict.fromkeys(FAILURES, 0.04) | {Kind.EARLY_EXPIRY: 0.5}
LIMIT = "limit:2000,time:1 second"
"""One that leaves time to look."""
ACCEPTS = {
    "text 0.0.4": "text/plain; version=0.0.4",
    "text 1.0.0": "text/plain; version=1.0.0; escaping=allow-utf-8",
    "OpenMetrics": "application/openmetrics-text; version=1.0.0",
}
PAGES = ("/", "/?project=token", "/-/healthy", "/-/ready", "/api/v1/workflows", "/nowhere")
COMMANDS = (
    "check", "check --config bad.toml", "check --config broken.toml", "check --config unended.toml",
    "check --config bad-web.toml", "check --config other-state.toml", "run --config bad.toml",
    "run --config other-state.toml", "state", "state --json", "state --backup copy.db", "health",
    "doctor", "doctor --json", "once --record saved.jsonl",
)  # fmt: skip
QUOTED = {"token": 1.0, "access key": 1.0, "security token": 1.0, "signature": 1.0, "way": 0.25}
"""What is sent again and again, and how often it is to be quoted beside the others. A refused password is not."""

Evidence = dict[str, str | bytes]


def world(start: int, *, name: str) -> World:
    """Workflows that end all the time; `name` is part of their ids and names."""
    steps = tuple(Step(f"step-{n}", f"第 {n} 步", 0.05, 0.1) for n in range(5))
    scripts = (*("success",) * 4, "fail", "cancel", "timeout", "retry")
    flows = (Flow(id=f"wf-{n}{name}", name=f"流程 {n} {name}", steps=steps, period=1, scripts=scripts) for n in (1, 2))
    return World(seed=1, start=start, flows={flow.id: flow for flow in flows}, kept=8)


def service(made: World, marked: Marked, agency: Agency, trouble: Trouble | None = None) -> Echoing:
    """A hostile service that takes every secret that is good."""
    return Echoing(
        made, marks=marked.marks, tokens=marked.tokens, keys=ChainMap(marked.keys, agency), clock=Clock().now,
        project_id=PROJECT, users={"someone": marked.password}, token_length=400, token_life=20_000, trouble=trouble,
    )  # fmt: skip


async def gathered(folder: Path, marks: Marks, *, leaks: str = "", echoes: int, within: float = 90) -> Evidence:
    """Run it, and look everywhere. `leaks`: a secret that is shown on purpose, in every channel.

    `echoes`: how often the service quotes each kind of a secret at least, before the first run is ended; that takes
    `within` seconds at most.
    """
    clock = Clock()
    marked = Marked(folder, marks)
    agency = Agency(clock=clock.now)
    trouble = Trouble(seed=5, rates=RATES, relief=0, slow=0.2, huge=1 << 21, pause=0.05, limit=LIMIT)
    made = world(clock.now(), name=leaks)
    told: Evidence = {}
    async with (
        Machine(agency, clock=clock.now) as machine,
        service(made, marked, agency, trouble) as there,
    ):
        environment = {
            "PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1", "COLUMNS": "400",
            "LENT_AT": machine.url, "LEAKS": leaks,
            **marked.environment(there.url),
        }  # fmt: skip

        def run(*arguments: str):
            return started(sys.executable, "-m", "tests.flow.leaky", *arguments, folder=folder, **environment)

        def quoted(times: int) -> Callable[[], bool]:
            wanted = {kind: there.echoed[kind] + times * share for kind, share in QUOTED.items()}
            return lambda: all(there.echoed[kind] >= most for kind, most in wanted.items())

        for log_format in ("json", "logfmt", "console"):
            marked.configure(there.url, tuple(made.flows), log_format=log_format)
            async with run("run") as running:
                address = (await running.says(r"(https://127\.0\.0\.1:\d+)"))[1]
                if log_format == "json":
                    await there.until(quoted(echoes), within=within)
                    if not leaks:
                        await there.until(lambda: set(trouble.occurred) >= set(KINDS), within=within)
                    told |= await _pages(address, marked)
                    told |= await _beside(folder, run)
                elif leaks:
                    await running.says(r"collector\.bug")
                else:
                    await there.until(quoted(2), within=within)
                await _end(running, dump=log_format == "json")
            text = "\n".join(running.lines)
            if log_format == "json":
                text, _, told["dump of all threads"] = text.partition("Fatal Python error")
                told |= _files(folder)
            told[f"log, {log_format}"] = "\n".join(line for line in text.splitlines() if "collector.bug" not in line)
            told[f"traceback, {log_format}"] = text[text.index("collector.bug") :][:20_000]
    assert set(there.echoed) >= {*QUOTED, "password", *FORMS, *(SHAPES if echoes >= len(SHAPES) else ())}
    return told


async def _end(running: Running, *, dump: bool) -> None:
    """Stop it; with a dump of what all its threads do."""
    assert await running.stop(signal.SIGABRT if dump else signal.SIGTERM) == (-signal.SIGABRT if dump else 0)
    await running.drained()


async def _pages(address: str, marked: Marked) -> Evidence:
    """Everything that is served, whoever asks, a reload of a good and of a bad file included."""
    told: Evidence = {}
    file = marked.folder / "collector.toml"
    good = file.read_text("utf-8")
    async with aiohttp.ClientSession() as session:

        async def ask(channel: str, path: str, method: str = "GET", **headers: str) -> int:
            headers = {"Authorization": marked.basic} | headers
            async with session.request(method, address + path, headers=headers, ssl=False) as answer:
                head = "".join(f"{name}: {value}\n" for name, value in answer.headers.items())
                told[channel] = f"{answer.status} {answer.reason}\n{head}\n{await answer.text()}"
                return answer.status

        for name, accept in ACCEPTS.items():
            await ask(f"/metrics, {name}", "/metrics", Accept=accept)
        for path in PAGES:
            await ask(path, path)
        await ask("HEAD", "/metrics", "HEAD")
        assert await ask("401, nobody", "/metrics", Authorization="") == 401
        assert await ask("401, a wrong password", "/", Authorization=marked.basic[:-6]) == 401
        assert await ask("a good reload", "/-/reload", "POST") == 200
        for name in ("bad.toml", "broken.toml", "unended.toml"):
            file.write_text((marked.folder / name).read_text("utf-8"), "utf-8")
            assert await ask(f"a reload of {name}", "/-/reload", "POST") == 400
        file.write_text(good, "utf-8")
    return told


async def _beside(folder: Path, run: Callable) -> Evidence:
    """What the commands say beside a running collector, and what its private socket does."""
    told: Evidence = {}
    async with run("each", *COMMANDS) as running:
        status = await running.process.wait()
        await running.drained()
        assert status == 0, running.lines[-20:]
    parts = re.split(r"^=== (.*)$", "\n".join(running.lines), flags=re.MULTILINE)
    for command, said in zip(parts[1::2], parts[2::2], strict=True):
        told[command] = f"{told.get(command, '')}{said}"
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(folder / "state.db.sock"))) as session:
        for what in ("healthy", "holdings", "backup"):
            async with session.get(f"http://localhost/{what}") as answer:
                told[f"private socket, {what}"] = f"{answer.headers}".encode() + await answer.read()
    return told


def _files(folder: Path) -> Evidence:
    """What stands on the disk, the state as its pages are and as its rows are."""
    told: Evidence = {"state.db and its log": b"".join(path.read_bytes() for path in folder.glob("state.db*[bl]"))}
    for name in ("copy.db", "saved.jsonl", "events.jsonl"):
        told[name] = (folder / name).read_bytes()
    with suppress(sqlite3.Error):
        connection = sqlite3.connect(folder / "copy.db")
        told["rows of the state"] = "\n".join(connection.iterdump())
        connection.close()
    return told
