"""One life of the real collector process, to be ended in one way or another."""

import asyncio
import ctypes
import os
import re
import signal
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from collector.failpoint import VARIABLE

ROOT = Path(__file__).parents[2]
PR_SET_PDEATHSIG = 1
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
FAILPOINT = re.compile(r"failpoint ([a-z-]+)")


class Life:
    """A running `aom-collector run`; `hit`: the failpoint that ended it. What it says is kept in `lines`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.lines: list[str] = []
        self.hit: str | None = None
        self.address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._met = asyncio.Event()
        self._process = process
        self._ended = asyncio.create_task(self._read())

    async def _read(self) -> int:
        assert self._process.stdout is not None
        async for raw in self._process.stdout:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            self.lines.append(line)
            if not self.address.done() and (found := ADDRESS.search(line)):
                self.address.set_result(found[0])
            if found := FAILPOINT.fullmatch(line):
                self.hit = found[1]
                self._met.set()
        self._met.set()
        return await self._process.wait()

    async def over(self, *, within: float) -> bool:
        """Wait for its end, at most so many seconds; says whether it ended."""
        done, _ = await asyncio.wait({self._ended}, timeout=within)
        return bool(done)

    async def met(self, failpoint: str) -> bool:
        """Wait until it comes to a failpoint or ends; says whether it is the one meant."""
        await self._met.wait()
        return self.hit == failpoint

    async def ended(self) -> int:
        """Wait for its end; returns its exit status, or the negative number of the signal."""
        return await asyncio.shield(self._ended)

    async def begun(self) -> str | None:
        """Wait for its address, None where it ends before it has one."""
        await asyncio.wait({self.address, self._ended}, return_when=asyncio.FIRST_COMPLETED)
        return self.address.result() if self.address.done() else None

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self._send(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to stop."""
        self._send(signal.SIGTERM)

    def reload(self) -> None:
        """Ask it to read its file again."""
        self._send(signal.SIGHUP)

    def _send(self, number: int) -> None:
        # Not by the process' own method, which may take its exit status away from who waits for it.
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, number)


def _with_us() -> None:
    """Let the new process die with us, however we end."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@asynccontextmanager
async def living(folder: Path, *, failpoint: str | None = None):
    """A collector on the `collector.toml` in a folder; killed by its id at the end, where it still lives.

    `failpoint`: the order that its environment gives it.
    """
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    environment |= {"PYTHONPATH": str(ROOT)} | ({VARIABLE: failpoint} if failpoint else {})
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "collector", "run",
        cwd=folder, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        preexec_fn=_with_us,
    )  # fmt: skip
    life = Life(process)
    try:
        yield life
    finally:
        life.kill()
        await life.ended()
        if not life.address.done():
            life.address.cancel()
