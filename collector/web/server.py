"""The HTTP server: a scrape never waits for a poll, a commit, or another scrape."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from aiohttp import web, web_response

from collector.errors import CollectorError, ConfigError
from collector.model import Format
from collector.web.accept import accepts_gzip, choose
from collector.web.body import length, pressed, slices
from collector.web.crowd import SILENCE, Crowd
from collector.web.door import Door
from collector.web.entrance import Entrance, Refusal, is_foreign
from collector.web.facts import Facts
from collector.web.status import POLICY, Routes

MOST_AT_ONCE = 40
GRACE = 1.0
PATIENCE = 30.0
_SAFE = {
    "Server": "aom-collector",
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
# What is not HTTP at all is answered by the library itself, which would tell its version and Python's.
web_response.SERVER_SOFTWARE = ""  # type: ignore[attr-defined]  # no option of its own

Page = tuple[Iterable[bytes], object]
"""A page in pieces that can be gone through again and again, in any thread; and its token."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Web:
    """Serves what it is handed.

    `metrics` gives the page in pieces and a token, `carried` takes the token once the page has gone out whole. `ready`
    says why not, None when it is; `loaded`: there is a page to serve. `facts` gives what the status page tells, at
    once. `reload` says what it changed, None where nobody may ask for it; it raises `ConfigError`. `on_error` hears of
    errors that nobody expected.
    `patience`: seconds a reader has for a whole page; `silence`: those in which a connection has to ask for one.
    `most`: connections at once, else as many as the descriptors of this process allow.
    """

    def __init__(
        self,
        *,
        metrics: Callable[[Format], Page],
        carried: Callable[[object], None],
        healthy: Callable[[], bool],
        ready: Callable[[], str | None],
        loaded: Callable[[], bool],
        facts: Callable[[], Facts],
        reload: Callable[[], Awaitable[str | None]],
        on_error: Callable[[BaseException], None] | None = None,
        patience: float = PATIENCE,
        silence: float = SILENCE,
        most: int | None = None,
    ) -> None:
        self._metrics = metrics
        self._carried = carried
        self._healthy = healthy
        self._ready = ready
        self._loaded = loaded
        self._status = Routes(facts=facts, loaded=loaded, ready=ready)
        self._reload = reload
        self._on_error = on_error or _say
        self._patience = patience
        self._busy = 0
        self._pressing: dict[Format, asyncio.Task[Page]] = {}
        self._entrance = Entrance()
        self._configuring = asyncio.Lock()
        self._runner: web.AppRunner | None = None
        self._crowd = Crowd(silence=silence, most=most)
        self._door = Door(self._crowd)

    @property
    def addresses(self) -> list[str]:
        """Where it listens, as URLs."""
        return self._door.addresses

    async def start(self, listen: str, config: Path | None = None) -> None:
        """Listen on `host:port`, `[v6]:port`, or `:port` for IPv4 and IPv6; port 0 is any free one.

        `config`: the web configuration. Raises `ConfigError` where it is bad, `ListenError` where the address cannot
        be had.
        """
        await asyncio.to_thread(self._entrance.take, config)
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/metrics", self._serve_metrics)
        app.router.add_get("/-/healthy", self._serve_healthy)
        app.router.add_get("/-/ready", self._serve_ready)
        app.router.add_route("POST", "/-/reload", self._serve_reload)
        app.router.add_route("PUT", "/-/reload", self._serve_reload)
        self._status.add_to(app.router)
        app.on_response_prepare.append(self._dress)
        self._runner = web.AppRunner(app, shutdown_timeout=GRACE, handle_signals=False)
        await self._runner.setup()
        if self._runner.server:
            self._door.open(listen, self._runner.server, self._entrance.context)

    async def configure(self, config: Path | None) -> None:
        """Go by another web configuration. Raises `ConfigError`, and then all stays as it was."""
        async with self._configuring:
            await asyncio.to_thread(self._entrance.take, config)
            self._door.change(self._entrance.context)

    async def refresh(self) -> bool:
        """Take what changed in the files of the web configuration; says whether anything did.

        Raises `ConfigError` once for the same faults, and then all stays as it was.
        """
        async with self._configuring:
            if not self._entrance.changed() or not await asyncio.to_thread(self._entrance.again):
                return False
            self._door.change(self._entrance.context)
            return True

    async def close(self) -> None:
        """Stop listening; what is being sent has a moment to go out."""
        await self._door.close()
        if self._runner is not None:
            await self._runner.cleanup()
        pressing = list(self._pressing.values())
        for task in pressing:
            task.cancel()
        await asyncio.gather(*pressing, return_exceptions=True)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        with self._crowd.answering(request.protocol):
            return await self._admitted(request, handler)

    async def _admitted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        # Whoever may not come in learns nothing, not even what there is to be asked.
        refusal = await self._entrance.refusal(request)
        if refusal is not None:
            return refusal
        if self._busy >= MOST_AT_ONCE:
            return web.Response(status=503, text="Too many requests at once.\n")
        self._busy += 1
        try:
            return await handler(request)
        except web.HTTPException as error:
            allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            return web.Response(status=error.status, text=f"{error.reason}.\n", headers=allow)
        except ConnectionError:
            raise  # the reader left; the server just closes its side
        except Exception as error:  # noqa: BLE001  a fault of ours is said once, and the server goes on
            self._on_error(error)
            return web.Response(status=500, text="An error nobody expected; the log has it.\n")
        finally:
            self._busy -= 1

    async def _serve_metrics(self, request: web.Request) -> web.StreamResponse:
        if not self._loaded():
            return web.Response(status=503, text="The state is not loaded yet.\n")
        choice = choose(_joined(request, "Accept"))
        headers = {"Content-Type": choice.content_type, "Vary": "Accept, Accept-Encoding"}
        if accepts_gzip(_joined(request, "Accept-Encoding")):
            pieces, token = await self._pressed(choice.format)
            headers["Content-Encoding"] = "gzip"
        else:
            pieces, token = self._metrics(choice.format)
        response = web.StreamResponse(headers=headers)
        response.content_length = await length(pieces)
        if request.method == "HEAD":
            return response
        await self._send(request, response, pieces)
        self._carried(token)
        return response

    async def _pressed(self, form: Format) -> Page:
        """The page compressed; who asks while that is being done for another gets the same."""
        task = self._pressing.get(form)
        if task is None:
            task = self._pressing[form] = asyncio.create_task(self._press(form))
        return await task

    async def _press(self, form: Format) -> Page:
        try:
            pieces, token = self._metrics(form)
            return await pressed(pieces), token
        finally:
            del self._pressing[form]

    async def _send(self, request: web.Request, response: web.StreamResponse, pieces: Iterable[bytes]) -> None:
        """Send a whole page, slice by slice as the reader takes them; a reader that is too slow is cut off."""
        transport = request.transport
        if transport is None:
            raise ConnectionResetError
        # Without a buffer on our side, sent means handed to the system.
        transport.set_write_buffer_limits(0)
        try:
            async with asyncio.timeout(self._patience):
                await response.prepare(request)
                for part in slices(pieces):
                    await response.write(part)
                    await asyncio.sleep(0)  # a reader as fast as we are must not keep the loop for itself
                await response.write_eof()
        except TimeoutError:
            transport.abort()
            raise ConnectionResetError from None
        if transport.is_closing():
            raise ConnectionResetError

    async def _serve_healthy(self, _: web.Request) -> web.Response:
        return web.Response(text="Healthy.\n") if self._healthy() else web.Response(status=503, text="Not turning.\n")

    async def _serve_ready(self, _: web.Request) -> web.Response:
        why = self._ready()
        return web.Response(text="Ready.\n") if why is None else web.Response(status=503, text=f"Not ready: {why}.\n")

    async def _serve_reload(self, request: web.Request) -> web.Response:
        if is_foreign(request):
            return web.Response(status=403, text="Another site asked for this, and may not.\n")
        try:
            changes = await self._reload()
        except ConfigError as error:
            return web.Response(status=400, text=f"{error}\n")
        except CollectorError as error:
            return web.Response(status=503, text=f"{error}\n")
        if changes is None:
            return web.Response(status=403, text="Reloading over HTTP is off: set collector.lifecycle.\n")
        return web.Response(text=f"Reloaded: {changes}.\n")

    async def _dress(self, _: web.Request, response: web.StreamResponse) -> None:
        # What is expected, and is not known, is refused by the library before anybody is asked who it is.
        if isinstance(response, Refusal | web.HTTPExpectationFailed):
            del response.headers["Server"]
            return
        response.headers.update(_SAFE)
        response.headers.update(self._entrance.headers)


def _joined(request: web.Request, name: str) -> str | None:
    """A header that may be there several times, as if it were there once."""
    return ", ".join(request.headers.getall(name)) if name in request.headers else None


def _say(error: BaseException) -> None:
    logging.getLogger(__name__).error("a request could not be answered", exc_info=error)
