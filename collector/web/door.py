"""The sockets that a server listens on, and how what goes through them is encrypted."""

from itertools import chain
from socket import socket
from ssl import SSLContext

from aiohttp import web

from collector.web.listen import bind, urls


class Door:
    """Opens once; the way it encrypts may change while it is open, for connections that are made from then on."""

    def __init__(self, runner: web.AppRunner) -> None:
        self._runner = runner
        self._sites: list[tuple[socket, web.SockSite]] = []
        self._scheme = "http"

    @property
    def addresses(self) -> list[str]:
        """What a person can open to get there."""
        return list(chain.from_iterable(urls(sock, self._scheme) for sock, _ in self._sites))

    async def open(self, listen: str, context: SSLContext | None) -> None:
        """Listen. Raises `ListenError`."""
        self._scheme = "https" if context else "http"
        for sock in bind(listen):
            self._sites.append(await self._site(sock, context))

    async def change(self, context: SSLContext | None) -> None:
        """Encrypt new connections in another way; none is turned away meanwhile."""
        self._scheme = "https" if context else "http"
        for place, (sock, site) in enumerate(self._sites):
            # Both listen on the same queue of the system's for a moment.
            self._sites[place] = await self._site(sock.dup(), context)
            await site.stop()

    async def _site(self, sock: socket, context: SSLContext | None) -> tuple[socket, web.SockSite]:
        site = web.SockSite(self._runner, sock, ssl_context=context)
        await site.start()
        return sock, site
