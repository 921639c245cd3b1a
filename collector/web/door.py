"""The sockets that a server listens on, and how what goes through them is encrypted."""

from socket import socket
from ssl import SSLContext

from aiohttp import web

from collector.web.listen import bind, urls


class Door:
    """Opens once; the way it encrypts may change while it is open, for connections that are made from then on."""

    def __init__(self, runner: web.AppRunner) -> None:
        self._runner = runner
        self._sites: list[tuple[socket, web.SockSite]] = []
        self.addresses: list[str] = []

    async def open(self, listen: str, context: SSLContext | None) -> None:
        """Listen. Raises `ListenError`."""
        for sock in bind(listen):
            await self._serve(sock, context)

    async def change(self, context: SSLContext | None) -> None:
        """Encrypt new connections in another way; none is turned away meanwhile."""
        old, self._sites, self.addresses = self._sites, [], []
        for sock, site in old:
            # Both listen on the same queue of the system's for a moment.
            await self._serve(sock.dup(), context)
            await site.stop()

    async def _serve(self, sock: socket, context: SSLContext | None) -> None:
        site = web.SockSite(self._runner, sock, ssl_context=context)
        await site.start()
        self._sites.append((sock, site))
        self.addresses += urls(sock, "https" if context else "http")
