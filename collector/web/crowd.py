"""Everybody who is connected: nobody stays for ever without asking for something, and there are never too many.

A connection takes one of the descriptors that the state and the service need too. So where one more would be too many,
the one that has been silent for longest goes: first of those that never asked for anything, then of the others. Whoever
is being answered stays.
"""

import asyncio
import logging
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from socket import socket
from ssl import SSLContext

from aiohttp import web

SILENCE = 75.0
"""Seconds in which a request has to be there whole, since the connection was made or the last answer went out.

Longer than the minute that lies between two scrapes, so that scrapers keep their connection.
"""
HANDSHAKE = 10.0
FAREWELL = 1.0
MOST = 256
SHARE = 4
"""At most one in so many of the descriptors that this process may have is a connection."""

# Strangers who speak something else than HTTP are no event of ours.
_SILENT = logging.Logger("silent", logging.CRITICAL + 1)  # noqa: LOG001  one that no configuration reaches


class Guest(web.RequestHandler):
    """One connection; tells the crowd when it is made and when it is over."""

    __slots__ = ("_crowd",)

    def __init__(self, crowd: "Crowd", server: web.Server, *, silence: float) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=silence,
            access_log=_SILENT,
            logger=_SILENT,
        )
        self._crowd = crowd

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It can ask now."""
        super().connection_made(transport)
        if self.transport:
            self._crowd.came(self, self.transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """It is over, whoever ended it."""
        self._crowd.left(self)
        super().connection_lost(exc)


class Crowd:
    """The connections that are open; `silence` as `SILENCE`, `most` at once."""

    def __init__(self, *, silence: float = SILENCE, most: int | None = None) -> None:
        self._silence = silence
        self._most = most or _most()
        # How to end each, the longest silent first.
        self._new: dict[web.RequestHandler, Callable[[], object]] = {}
        self._known: dict[web.RequestHandler, Callable[[], object]] = {}
        self._answered: set[web.RequestHandler] = set()
        self._arriving: set[asyncio.Task[None]] = set()

    def welcome(self, sock: socket, server: web.Server, context: SSLContext | None) -> None:
        """Take an accepted connection to a server, and encrypt it where there is a context."""
        here = len(self._new) + len(self._known) + len(self._answered)
        if here >= self._most and not self._sent_away():
            sock.close()
            return
        guest = Guest(self, server, silence=self._silence)
        task = asyncio.create_task(self._connect(guest, sock, context))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)
        self._new[guest] = task.cancel

    def came(self, guest: web.RequestHandler, transport: asyncio.Transport) -> None:
        """A connection can be spoken through."""
        self._new[guest] = transport.abort

    def left(self, guest: web.RequestHandler) -> None:
        """A connection is over."""
        self._new.pop(guest, None)
        self._known.pop(guest, None)

    @contextmanager
    def answering(self, guest: web.RequestHandler) -> Iterator[None]:
        """While it is being answered, a connection stays."""
        self.left(guest)
        self._answered.add(guest)
        try:
            yield
        finally:
            self._answered.discard(guest)
            if guest.transport:
                self._known[guest] = guest.transport.abort

    async def close(self) -> None:
        """Break off whatever is still being encrypted; the rest is the server's to end."""
        for task in self._arriving:
            task.cancel()
        await asyncio.gather(*self._arriving, return_exceptions=True)

    def _sent_away(self) -> bool:
        for silent in (self._new, self._known):
            for guest in silent:
                silent.pop(guest)()
                return True
        return False

    async def _connect(self, guest: Guest, sock: socket, context: SSLContext | None) -> None:
        limits = {"ssl_handshake_timeout": HANDSHAKE, "ssl_shutdown_timeout": FAREWELL} if context else {}
        try:
            # Strangers who do not speak TLS, or not in time, are no event of ours.
            with suppress(OSError):
                await asyncio.get_running_loop().connect_accepted_socket(lambda: guest, sock, ssl=context, **limits)
        finally:
            if not guest.transport:
                self.left(guest)
                sock.close()


def _most() -> int:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if limit == resource.RLIM_INFINITY else max(1, min(MOST, limit // SHARE))
