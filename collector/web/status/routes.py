"""The answers to who asks for the page or the JSON. All that takes time is done in one thread at a time."""

import asyncio
import gzip
from collections.abc import Callable

from aiohttp import web

from collector.web.accept import accepts_gzip
from collector.web.facts import Facts
from collector.web.status import told
from collector.web.status.page import render
from collector.web.status.query import API, PAGE, Query
from collector.web.status.selection import select
from collector.web.status.view import View

MOST_WAITING = 10
"""Requests for page or JSON at once at most, so that however many ask for these, scrapes have their turn."""
_LEVEL = 1


class Routes:
    """Answers from what it is handed: `facts`, whether there are any (`loaded`), and why the collector is not ready."""

    def __init__(
        self, *, facts: Callable[[], Facts], loaded: Callable[[], bool], ready: Callable[[], str | None]
    ) -> None:
        self._facts = facts
        self._loaded = loaded
        self._ready = ready
        # Of many threads that compute, each would keep the loop waiting in turn.
        self._turn = asyncio.Lock()
        self._waiting = 0

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Take the requests for the page and the JSON."""
        router.add_get("/", self._serve_page)
        router.add_get("/api/v1/workflows", self._serve_workflows)

    async def _serve_page(self, request: web.Request) -> web.Response:
        not_ready = self._ready()

        def make(facts: Facts) -> tuple[int, bytes]:
            # A form sends all its fields, also those that nobody filled in.
            asked = [(name, value) for name, value in request.query.items() if value]
            query, faults = Query.read(asked, PAGE)
            return 200, render(View.of(facts, query, faults, not_ready=not_ready))

        return await self._made(request, "text/html", make)

    async def _serve_workflows(self, request: web.Request) -> web.Response:
        if not self._loaded():
            return web.Response(status=503, text="The state is not loaded yet.\n")

        def make(facts: Facts) -> tuple[int, bytes]:
            query, faults = Query.read(request.query.items(), API)
            return (400, told.faults(faults)) if faults else (200, told.workflows(facts, query, select(facts, query)))

        return await self._made(request, "application/json", make)

    async def _made(
        self, request: web.Request, content_type: str, make: Callable[[Facts], tuple[int, bytes]]
    ) -> web.Response:
        pressed = accepts_gzip(request.headers.get("Accept-Encoding"))

        def body(facts: Facts) -> tuple[int, bytes]:
            status, made = make(facts)
            return status, gzip.compress(made, _LEVEL) if pressed else made

        if self._waiting >= MOST_WAITING:
            return web.Response(status=503, text="Too many requests at once.\n")
        self._waiting += 1
        try:
            async with self._turn:
                status, made = await asyncio.to_thread(body, self._facts())
        finally:
            self._waiting -= 1
        headers = {"Vary": "Accept-Encoding"} | ({"Content-Encoding": "gzip"} if pressed else {})
        charset = "utf-8" if content_type == "text/html" else None
        return web.Response(status=status, body=made, content_type=content_type, charset=charset, headers=headers)
