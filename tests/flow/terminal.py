"""A command on a terminal of a given size, as a person has it."""

import asyncio
import fcntl
import os
import pty
import struct
import sys
import termios
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from tests.flow.collector_process import clean_environment


class Terminal:
    """What a command wrote so far is `shown`."""

    def __init__(self, ours: int, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.shown = ""
        self._ours = ours
        self._wrote = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while True:
            try:
                part = await asyncio.to_thread(os.read, self._ours, 65536)
            except OSError:  # the other end is closed
                part = b""
            async with self._wrote:
                self.shown += part.decode("utf-8", "replace")
                self._wrote.notify_all()
            if not part:
                return

    async def shows(self, text: str, *, after: int = 0, within: float = 30.0) -> None:
        """Wait for a text; `after`: how much was shown before counts for nothing."""
        async with asyncio.timeout(within), self._wrote:
            await self._wrote.wait_for(lambda: text in self.shown[after:] or self._reader.done())
        assert text in self.shown[after:], self.shown[-4000:]

    async def ends(self) -> int:
        """Wait for its end, and for all that it wrote until then."""
        status = await asyncio.wait_for(self.process.wait(), 20)
        await self._reader
        return status

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


@asynccontextmanager
async def terminal(
    *arguments: str, folder: Path, columns: int = 80, lines: int = 24, log: IO[str] | None = None, **environment: str
):
    """`python -m collector …` on a terminal, standard error in `log` if that is given; ended by its id at the end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "collector", *arguments, cwd=folder,
        env=clean_environment() | {"TERM": "xterm"} | environment, stdin=theirs, stdout=theirs, stderr=log or theirs,
    )  # fmt: skip
    os.close(theirs)
    screen = Terminal(ours, process)
    try:
        yield screen
    finally:
        if process.returncode is None:
            process.kill()
        await screen.ends()
        os.close(ours)
