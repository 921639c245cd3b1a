"""Stands between Prometheus servers and collectors: an address that stays while collectors come and go."""

import asyncio
from collections.abc import Iterable
from typing import Self

from aiohttp import ClientError, ClientSession, web

PASSED_ON = ("Accept", "Accept-Encoding", "User-Agent", "X-Prometheus-Scrape-Timeout-Seconds")


class Relay:
    """`GET /{reader}/{job}` is a scrape of the collector at `behind[job]`; 502 while there is none.

    `carried`: the reader and the job of each page that went out whole, in order.
    """

    def __init__(self) -> None:
        self.behind: dict[str, str] = {}
        self.carried: list[tuple[str, str]] = []
        self.url = ""
        self._scraped = asyncio.Condition()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{reader}/{job}", self._pass_on)
        self._session = ClientSession(auto_decompress=False)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def _pass_on(self, request: web.Request) -> web.Response:
        job = request.match_info["job"]
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        try:
            async with self._session.get(f"{self.behind[job]}/metrics", headers=headers) as answer:
                page = await answer.read()
        except (KeyError, ClientError) as error:
            raise web.HTTPBadGateway from error
        if answer.status == web.HTTPOk.status_code:
            async with self._scraped:
                self.carried.append((request.match_info["reader"], job))
                self._scraped.notify_all()
        kept = {name: answer.headers[name] for name in ("Content-Type", "Content-Encoding") if name in answer.headers}
        return web.Response(status=answer.status, body=page, headers=kept)

    async def scrapes(self, job: str, readers: Iterable[str], *, since: int | None = None, within: float = 45) -> str:
        """Wait until every reader was given a page of a job since then (from now on); the reader that came first."""
        wanted = set(readers)
        start = len(self.carried) if since is None else since

        def order() -> list[str]:
            return [reader for reader, of in self.carried[start:] if of == job]

        try:
            async with asyncio.timeout(within), self._scraped:
                await self._scraped.wait_for(lambda: wanted <= set(order()))
        except TimeoutError:
            raise AssertionError(f"{job} was scraped by {order()} alone in {within} s") from None
        return order()[0]
