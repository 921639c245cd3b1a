"""A Unix socket beside the state, for whoever may read the state: health, what the state holds, and a copy of it."""

import asyncio
import errno
import os
import socket
import stat
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

from collector.errors import CollectorError, ListenError

GRACE = 1.0
BACKLOG = 16
LONGEST = 100
"""Bytes of a path that every system takes for a socket's."""
_OURS = stat.S_IRUSR | stat.S_IWUSR


class Private:
    """Serves what it is handed: `holdings` as JSON, `backup` as bytes; both may raise `StateError`."""

    def __init__(
        self,
        *,
        healthy: Callable[[], bool],
        holdings: Callable[[], Awaitable[bytes]],
        backup: Callable[[], Awaitable[bytes]],
    ) -> None:
        self._healthy = healthy
        self._holdings = holdings
        self._backup = backup
        self._runner: web.AppRunner | None = None
        self._path: Path | None = None
        self._inode = 0

    async def start(self, path: Path) -> None:
        """Listen at a path, in place of a socket that a killed process left. Raises `ListenError`.

        Only for who holds the state's lock: nobody else can be listening there then.
        """
        try:
            sock = await asyncio.to_thread(_bind, path)
        except OSError as error:
            why = error.strerror or error
            says = f"no private socket at {path}, so state and health cannot ask this collector: {why}"
            raise ListenError(says) from None
        self._inode = _inode(path)
        self._path = path
        app = web.Application()
        app.router.add_get("/healthy", self._serve_healthy)
        app.router.add_get("/holdings", self._serve_holdings)
        app.router.add_get("/backup", self._serve_backup)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=GRACE, handle_signals=False)
        await self._runner.setup()
        await web.SockSite(self._runner, sock).start()

    async def close(self) -> None:
        """Stop listening, and take the socket away unless it is somebody else's by now."""
        if self._runner is not None:
            await self._runner.cleanup()
        if self._path is not None and _inode(self._path) == self._inode:
            self._path.unlink(missing_ok=True)

    async def _serve_healthy(self, _: web.Request) -> web.Response:
        well = self._healthy()
        return web.Response(status=200 if well else 503, text="healthy" if well else "not turning")

    async def _serve_holdings(self, _: web.Request) -> web.Response:
        return await _answered(self._holdings())

    async def _serve_backup(self, _: web.Request) -> web.Response:
        return await _answered(self._backup())


async def _answered(work: Awaitable[bytes]) -> web.Response:
    try:
        return web.Response(body=await work)
    except CollectorError as error:
        return web.Response(status=503, text=str(error))


@contextmanager
def reached(path: Path) -> Iterator[str]:
    """The address of a socket, short enough for the system however long its path is (on Linux)."""
    if len(os.fsencode(path)) <= LONGEST or sys.platform != "linux":
        yield os.fspath(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _bind(path: Path) -> socket.socket:
    """A socket that listens at a path; at no moment can anybody else connect to it."""
    if path.exists() and not path.is_socket():
        raise FileExistsError(errno.EEXIST, "something else stands there")
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as name:
        draft = Path(name) / "s"
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with reached(draft) as address:
                sock.bind(address)
            draft.chmod(_OURS)
            sock.listen(BACKLOG)
            draft.rename(path)
        except BaseException:
            sock.close()
            raise
    return sock


def _inode(path: Path) -> int:
    try:
        return path.lstat().st_ino
    except OSError:
        return 0
