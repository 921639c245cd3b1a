"""A real Alertmanager, and somebody who is told."""

import asyncio
import os
import re
import shutil
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import pytest
from aiohttp import web

ALERTMANAGER = os.environ.get("ALERTMANAGER") or shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
ALERTMANAGER_NEWER = os.environ.get("ALERTMANAGER_NEWER")

needs_alertmanager = pytest.mark.skipif(ALERTMANAGER is None, reason="prometheus-alertmanager is not installed")


class Receiver:
    """A webhook on a free port; keeps the alerts that it is told of, and what it is sent as a chat is (at `chat`)."""

    def __init__(self) -> None:
        self.alerts: list[dict[str, Any]] = []
        self.messages: list[dict[str, str]] = []
        self.url = ""
        self._told = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/", self._take)
        app.router.add_post("/chat", self._read)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        message = await request.json()
        async with self._told:
            self.alerts += message["alerts"]
            self._told.notify_all()
        return web.Response()

    async def _read(self, request: web.Request) -> web.Response:
        message = await request.json()
        async with self._told:
            self.messages += message["attachments"]
            self._told.notify_all()
        return web.Response(text="ok")

    async def read(self, number: int, *, within: float = 30) -> dict[str, str]:
        """Wait for so many messages; yields the last of them, with its `title` and `text`."""
        async with asyncio.timeout(within), self._told:
            await self._told.wait_for(lambda: len(self.messages) >= number)
        return self.messages[number - 1]

    async def told(self, *, within: float = 60, **labels: str) -> dict[str, Any]:
        """Wait for a firing alert with these labels."""

        def found() -> dict[str, Any] | None:
            firing = (alert for alert in self.alerts if alert["status"] == "firing")
            return next((alert for alert in firing if labels.items() <= alert["labels"].items()), None)

        async with asyncio.timeout(within), self._told:
            await self._told.wait_for(found)
        return found()


@asynccontextmanager
async def alertmanager(folder: Path, configuration: str, *, binary: str | None = None):
    """A running Alertmanager with this configuration; yields its host and port."""
    folder.mkdir(exist_ok=True)
    (folder / "alertmanager.yml").write_text(configuration, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        binary or ALERTMANAGER,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        "--web.listen-address=127.0.0.1:0",
        "--cluster.listen-address=",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    lines: list[str] = []
    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def read() -> None:
        async for line in process.stderr:
            lines.append(line.decode("utf-8", "replace"))
            found = re.search(r"Listening on.*address=(127\.0\.0\.1:\d+)", lines[-1])
            if found and not listening.done():
                listening.set_result(found[1])
        if not listening.done():
            listening.set_exception(AssertionError(f"Alertmanager never listened: {lines}"))

    reader = asyncio.create_task(read())
    try:
        yield await asyncio.wait_for(listening, 30)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await reader
