"""A real Prometheus, for tests that look at the collector through its eyes."""

import asyncio
import json
import os
import re
import shutil
import time
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.flow.collector_process import fetch

PROMETHEUS = os.environ.get("PROMETHEUS") or shutil.which("prometheus")
PROMTOOL = os.environ.get("PROMTOOL") or shutil.which("promtool")
PROMETHEUS_NEWER = os.environ.get("PROMETHEUS_NEWER")  # another version, beside the machine's own

needs_prometheus = pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is not installed")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
needs_newer = pytest.mark.skipif(PROMETHEUS_NEWER is None, reason="PROMETHEUS_NEWER names no newer prometheus")

LISTENING = re.compile(r'"Listening on".* address=(127\.0\.0\.1:\d+)')
READY = re.compile(r"Server is ready to receive web requests")
COMPLAINT = re.compile(r"\blevel=(?:warn|error|fatal)", re.IGNORECASE)


class Server:
    """A running Prometheus: where it listens, and what it has said so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.address = ""
        self.lines: list[str] = []
        self._process = process
        self._said = asyncio.Condition()
        self.reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for line in self._process.stderr:
            async with self._said:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self._said.notify_all()
        async with self._said:
            self._said.notify_all()

    async def started(self, *, within: float = 30) -> None:
        """Wait until it answers."""
        async with asyncio.timeout(within), self._said:
            await self._said.wait_for(lambda: (self._find(LISTENING) and self._find(READY)) or self.reader.done())
        listening = self._find(LISTENING)
        assert listening, f"Prometheus never listened: {self.lines}"
        assert self._find(READY), f"Prometheus never was ready: {self.lines}"
        self.address = f"http://{listening[1]}"

    def complaints(self) -> list[str]:
        """What it has warned of so far. When it is told to stop, it warns of that."""
        return [line for line in self.lines if COMPLAINT.search(line)]

    def _find(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        return next((found for line in self.lines if (found := pattern.search(line))), None)


@asynccontextmanager
async def prometheus(
    target: str,
    folder: Path,
    *,
    binary: str | None = None,
    interval: str = "1s",
    jobs: dict[str, str] | None = None,
    rules: str = "groups: []\n",
):
    """A Prometheus that scrapes a target and keeps exemplars; yields the server, ready to answer.

    `binary`: the program; the machine's own where none is named. `folder` may be shared by none. `jobs`: the paths it
    scrapes, by the job's name. `rules`: its rule file, evaluated every second.
    """
    folder.mkdir(exist_ok=True)
    scraped = target.removeprefix("http://")
    (folder / "rules.yml").write_text(rules)
    (folder / "prometheus.yml").write_text(
        f"global: {{scrape_interval: {interval}, scrape_timeout: {interval}, evaluation_interval: 1s}}\n"
        "rule_files: [rules.yml]\n"
        "scrape_configs:\n"
    )
    with (folder / "prometheus.yml").open("a") as file:
        for job, path in (jobs or {"aom": "/metrics"}).items():
            file.write(f"  - job_name: {job}\n    metrics_path: {path}\n")
            file.write(f"    static_configs: [{{targets: ['{scraped}']}}]\n")
    async with running(folder, binary=binary) as server:
        yield server


@asynccontextmanager
async def running(folder: Path, *, binary: str | None = None, flags: tuple[str, ...] = ()):
    """A Prometheus with the `prometheus.yml` of a folder; yields the server, ready to answer."""
    process = await asyncio.create_subprocess_exec(
        binary or PROMETHEUS,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        "--web.listen-address=127.0.0.1:0",
        "--enable-feature=exemplar-storage",
        *flags,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    server = Server(process)
    try:
        await server.started()
        yield server
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await server.reader


async def asked(server: Server, path: str) -> dict:
    """What its API answers, under `data`."""
    answer = json.loads(await fetch(f"{server.address}/api/v1/{path}"))
    assert answer["status"] == "success", answer
    assert not answer.get("warnings"), answer
    assert not answer.get("infos"), answer
    return answer["data"]


async def query(server: Server, expression: str) -> list[dict]:
    """The series that an expression yields now."""
    return (await asked(server, f"query?query={quote(expression)}"))["result"]


async def exemplars(server: Server, selector: str) -> list[dict]:
    """The series of a selector that have exemplars from the last hour, with these."""
    now = time.time()
    return await asked(server, f"query_exemplars?query={quote(selector)}&start={now - 3600:.3f}&end={now + 3600:.3f}")


async def targets(server: Server) -> list[dict]:
    """What it scrapes, and how that goes."""
    return (await asked(server, "targets"))["activeTargets"]


async def troubles(server: Server) -> list[str]:
    """Whatever it holds against what it scraped, so far: its warnings, and why scrapes failed."""
    return server.complaints() + [each["lastError"] for each in await targets(server) if each["lastError"]]


async def holds(server: Server, expression: str, value: float, *, within: float = 30) -> list[dict]:
    """Wait until every result of a query has a value."""
    found: list[dict] = []
    try:
        async with asyncio.timeout(within):
            while True:
                found = await query(server, expression)
                if found and all(float(each["value"][1]) == value for each in found):
                    return found
                await asyncio.sleep(0.3)  # Prometheus does not tell when it has scraped
    except TimeoutError:
        raise AssertionError(f"{expression} never was {value}: {found}; {await troubles(server)}") from None
