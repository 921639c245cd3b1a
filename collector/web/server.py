"""The HTTP server: a scrape never waits for a poll, a commit, or another scrape."""

import base64
import errno
import hashlib
import socket
from collections.abc import Awaitable, Callable

from aiohttp import web

from collector.errors import ListenError
from collector.web import overview as pages
from collector.web.overview import Overview

TEXT = "text/plain; version=0.0.4; charset=utf-8"
MOST_AT_ONCE = 40
GRACE = 1.0
_STYLE = base64.b64encode(hashlib.sha256(pages.STYLE.encode()).digest()).decode()
_SAFE = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE}'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Server": "aom-collector",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Web:
    """Serves what it is handed.

    `metrics` gives the page and a token, `carried` takes the token once the page has gone out whole. `ready` says why
    not, None when it is.
    """

    def __init__(
        self,
        *,
        metrics: Callable[[], tuple[bytes, object]],
        carried: Callable[[object], None],
        healthy: Callable[[], bool],
        ready: Callable[[], str | None],
        loaded: Callable[[], bool],
        overview: Callable[[], Overview],
    ) -> None:
        self._metrics = metrics
        self._carried = carried
        self._healthy = healthy
        self._ready = ready
        self._loaded = loaded
        self._overview = overview
        self._busy = 0
        self._runner: web.AppRunner | None = None
        self.addresses: list[str] = []

    async def start(self, listen: str) -> None:
        """Listen on `host:port`, `[v6]:port`, or `:port` for IPv4 and IPv6.

        Raises `ListenError` where it cannot be had.
        """
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/metrics", self._serve_metrics)
        app.router.add_get("/-/healthy", self._serve_healthy)
        app.router.add_get("/-/ready", self._serve_ready)
        app.router.add_get("/", self._serve_overview)
        app.on_response_prepare.append(_protect)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=GRACE, handle_signals=False)
        await self._runner.setup()
        host, _, port = listen.rpartition(":")
        await self._listen(listen, host.strip("[]"), int(port))

    async def close(self) -> None:
        """Stop listening; what is being sent has a moment to go out."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _listen(self, listen: str, host: str, port: int) -> None:
        assert self._runner is not None  # noqa: S101  start() made it
        hosts = [host] if host else ["0.0.0.0", "::"] if socket.has_ipv6 else ["0.0.0.0"]  # noqa: S104  asked for by ":port"
        for each in hosts:
            try:
                sock = _bind(each, port)
            except OSError as error:
                if host or each == hosts[0]:
                    says = f"cannot listen on {listen}: {_why(error)}"
                    raise ListenError(says) from None
                continue
            port = sock.getsockname()[1]
            await web.SockSite(self._runner, sock).start()
            shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(each, each)  # noqa: S104  what a person can open
            self.addresses.append(f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}")

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._busy >= MOST_AT_ONCE:
            return web.Response(status=503, text="Too many requests at once.\n")
        self._busy += 1
        try:
            return await handler(request)
        except web.HTTPException as error:
            allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            return web.Response(status=error.status, text=f"{error.reason}.\n", headers=allow)
        finally:
            self._busy -= 1

    async def _serve_metrics(self, request: web.Request) -> web.StreamResponse:
        if not self._loaded():
            return web.Response(status=503, text="The state is not loaded yet.\n")
        body, token = self._metrics()
        response = web.Response(body=body, headers={"Content-Type": choose(request.headers.get("Accept"))})
        await response.prepare(request)
        await response.write_eof()
        if request.method == "GET":
            self._carried(token)
        return response

    async def _serve_healthy(self, _: web.Request) -> web.Response:
        return web.Response(text="Healthy.\n") if self._healthy() else web.Response(status=503, text="Not turning.\n")

    async def _serve_ready(self, _: web.Request) -> web.Response:
        why = self._ready()
        return web.Response(text="Ready.\n") if why is None else web.Response(status=503, text=f"Not ready: {why}.\n")

    async def _serve_overview(self, _: web.Request) -> web.Response:
        return web.Response(text=pages.page(self._overview()), content_type="text/html")


def choose(_accept: str | None) -> str:
    """The content type to answer with; every scraper reads the text format 0.0.4."""
    return TEXT


async def _protect(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_SAFE)


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(128)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)  # noqa: FBT003  the standard library's signature
    return sock


def _why(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "the host name cannot be resolved"
    if error.errno == errno.EADDRINUSE:
        return "the port is in use by another program"
    return (error.strerror or "the system refuses it").lower()
