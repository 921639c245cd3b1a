"""The metadata service of one machine, on real HTTP: its tokens, and the keys of its agency."""

from collections import Counter
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Self

from aiohttp import web

from collector.simulator.iam import Agency

TOKEN = "/meta-data/latest/api/token"  # noqa: S105  a path
KEYS = "/openstack/latest/securitykey"
NO_AGENCY = "Please configure Cloud Service Agency first"
LONGEST_LIFE = 21_600


class Machine:
    """A machine that is lent the keys of `agency`; None: nobody gave it one.

    `clock`: the machine's time in ms. `version`: 2 gives tokens and wants one, 1 knows none. `down`: a status that
    every answer has while it is not 0. `requests`: what was asked, by method, path and status.
    """

    def __init__(self, agency: Agency | None, *, clock: Callable[[], int], version: int = 2) -> None:
        self.agency = agency
        self.version = version
        self.down = 0
        self.url = ""
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self._clock = clock
        self._tokens: set[str] = set()
        self._given = 0
        self._runner: web.AppRunner | None = None

    def forget_tokens(self) -> None:
        """Let every token die that was given."""
        self._tokens.clear()

    async def start(self) -> None:
        """Listen on a free port of this machine alone."""
        app = web.Application(middlewares=[self._answer])
        app.router.add_put(TOKEN, self._token)
        app.router.add_get(KEYS, self._keys)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, handle_signals=False)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        """Stop listening; harmless where nothing listens."""
        runner, self._runner = self._runner, None
        if runner:
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @web.middleware
    async def _answer(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        response: web.StreamResponse
        try:
            response = web.Response(status=self.down) if self.down else await handler(request)
        except web.HTTPException as error:
            response = web.Response(status=error.status)
        self.requests[request.method, request.path, response.status] += 1
        response.headers["Date"] = formatdate(self._clock() / 1000, usegmt=True)
        return response

    async def _token(self, request: web.Request) -> web.Response:
        life = request.headers.get("X-Metadata-Token-Ttl-Seconds", "")
        if self.version == 1:
            return web.Response(status=404)
        if not life.isdecimal() or not 1 <= int(life) <= LONGEST_LIFE or "X-Forwarded-For" in request.headers:
            return web.Response(status=400)
        self._given += 1
        token = f"synthetic-metadata-token-{self._given}"
        self._tokens.add(token)
        return web.Response(text=token)

    async def _keys(self, request: web.Request) -> web.Response:
        if self.version > 1 and request.headers.get("X-Metadata-Token", "") not in self._tokens:
            return web.Response(status=401, text="the metadata token is missing or no longer good")
        if self.agency is None:
            return web.Response(status=401, text=NO_AGENCY)
        return web.json_response({"credential": self.agency.lend()})
