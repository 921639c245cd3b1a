"""The sockets that a server listens on, and how what goes through them is encrypted."""

import asyncio
from itertools import chain
from socket import socket
from ssl import SSLContext

from aiohttp import web

from collector.web.crowd import Crowd
from collector.web.listen import bind, urls

BREATH = 0.1
"""Seconds to wait where the system has no descriptor left for whoever comes next."""


class Door:
    """Opens once; the way it encrypts may change while it is open, for connections that are made from then on."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._context: SSLContext | None = None
        self._open: list[tuple[socket, asyncio.Task[None]]] = []

    @property
    def addresses(self) -> list[str]:
        """What a person can open to get there."""
        scheme = "https" if self._context else "http"
        return list(chain.from_iterable(urls(sock, scheme) for sock, _ in self._open))

    def open(self, listen: str, server: web.Server, context: SSLContext | None) -> None:
        """Listen for a server. Raises `ListenError`."""
        self._context = context
        for sock in bind(listen):
            sock.settimeout(0)
            self._open.append((sock, asyncio.create_task(self._let_in(sock, server))))

    def change(self, context: SSLContext | None) -> None:
        """Encrypt new connections in another way; none is turned away meanwhile."""
        self._context = context

    async def close(self) -> None:
        """Let nobody in any more, nor whoever has not come in yet."""
        for _, task in self._open:
            task.cancel()
        await asyncio.gather(*(task for _, task in self._open), return_exceptions=True)
        for sock, _ in self._open:
            sock.close()
        await self._crowd.close()

    async def _let_in(self, sock: socket, server: web.Server) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(sock)
            except ConnectionAbortedError:  # gone already
                continue
            except OSError:
                await asyncio.sleep(BREATH)
                continue
            self._crowd.welcome(connection, server, self._context)
            await asyncio.sleep(0)  # however many come at once, the loop is not theirs alone
