"""A real collector process, for tests that look at it from outside."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

PROJECT = "0123456789abcdef0123456789abcdef"
CONFIGURATION = """
[collector]
listen = "127.0.0.1:0"
state = "sqlite:state.db"
interval = "500ms"
first_zero = "{first_zero}"
history = "{history}"
log_format = "logfmt"

[[project]]
name = "prod"
region = "cn-north-4"
project_id = "{project}"
endpoint = "{endpoint}"
iam_endpoint = "{endpoint}"
max_requests_per_second = 200

[project.auth]
{auth}
"""


def configuration(
    folder: Path,
    endpoint: str,
    workflows: tuple[str, ...],
    *,
    token: str = "good",
    history: str = "ignore",
    first_zero: str = "1s",
    auth: str | None = None,
    project: str = PROJECT,
    more: str = "",
) -> Path:
    """A collector.toml in a folder."""
    signs = f'method = "token"\ntoken = "{token}"' if auth is None else auth
    text = CONFIGURATION.format(endpoint=endpoint, auth=signs, history=history, first_zero=first_zero, project=project)
    text += "".join(f'\n[[project.workflow]]\nid = "{workflow}"\n' for workflow in workflows)
    path = folder / "collector.toml"
    path.write_text(text + more, "utf-8")
    return path


def clean_environment() -> dict[str, str]:
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"PYTHONUNBUFFERED": "1"}


def collector(*arguments: str, folder: Path, **environment: str):
    """`python -m collector …` in a folder; ended by its id when the test is over."""
    return started(sys.executable, "-m", "collector", *arguments, folder=folder, **environment)


@asynccontextmanager
async def started(*command: str | Path, folder: Path, **environment: str):
    """Any command that ends up as a collector; likewise."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=clean_environment() | environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    running = Running(process)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await running.drained()


class Running:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._said = asyncio.Condition()
        self._readers = [asyncio.create_task(self._read(stream)) for stream in (process.stdout, process.stderr)]

    async def _read(self, stream: asyncio.StreamReader) -> None:
        async for line in stream:
            async with self._said:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self._said.notify_all()
        async with self._said:
            self._said.notify_all()

    async def drained(self) -> None:
        await asyncio.gather(*self._readers)

    async def says(self, pattern: str, *, within: float = 60.0) -> re.Match[str]:
        """Wait for a line that matches."""

        def found() -> re.Match[str] | None:
            return next((match for line in self.lines if (match := re.search(pattern, line))), None)

        async with asyncio.timeout(within), self._said:
            await self._said.wait_for(lambda: found() or all(reader.done() for reader in self._readers))
        match = found()
        assert match, f"{pattern!r} was never said: {self.lines}"
        return match

    async def address(self) -> str:
        return (await self.says(r"(http://127\.0\.0\.1:\d+)"))[1]

    async def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), 10)

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


async def fetch(url: str) -> str:
    return (await asyncio.to_thread(lambda: urlopen(url, timeout=10).read())).decode()


class Page:
    """One scrape, by sample."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                assert key not in self.samples, f"{key} stands twice"
                self.samples[key] = sample.value

    def get(self, name: str, /, **labels: str) -> float | None:
        found = [v for (n, pairs), v in self.samples.items() if n == name and labels.items() <= dict(pairs).items()]
        assert len(found) <= 1, f"{name} {labels} is not one sample"
        return found[0] if found else None

    def total(self, name: str, /, **labels: str) -> float:
        return sum(v for (n, pairs), v in self.samples.items() if n == name and labels.items() <= dict(pairs).items())


async def scrape(address: str) -> Page:
    return Page(await fetch(f"{address}/metrics"))


async def eventually(address: str, wanted: Callable[[Page], bool], *, within: float = 60.0) -> Page:
    """Scrape until the page is as wanted."""
    page = None
    try:
        async with asyncio.timeout(within):
            while True:
                page = await scrape(address)
                if wanted(page):
                    return page
                await asyncio.sleep(0.1)  # the page can only be asked, it does not tell
    except TimeoutError:
        shown = "\n".join(line for line in (page.text if page else "").splitlines() if line.startswith("aom_workflow"))
        raise AssertionError(f"the page never came to be as wanted:\n{shown[:6000]}") from None
