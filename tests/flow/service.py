"""A scripted service on real HTTP: each workflow answers what the test puts there."""

import asyncio
import json
from collections import Counter
from typing import Self

from aiohttp import web

from tests.flow.collector_process import PROJECT


class Service:
    """`answers[workflow]` is a list of records, a `web.Response` factory, or bytes.

    `listed`: the elements of the workflow list, or the status of its refusal. `list_waits`: what it waits for.
    """

    def __init__(self) -> None:
        self.answers: dict[str, object] = {}
        self.listed: list[dict] | int = []
        self.list_waits: asyncio.Event | None = None
        self.token = "good"
        self.asked: Counter[str] = Counter()
        self.posted = 0
        self._runner: web.AppRunner | None = None
        self._seen = asyncio.Condition()
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get(f"/v1/{PROJECT}/cms/workflow/{{workflow}}/executions", self._answer)
        app.router.add_post(f"/v1/{PROJECT}/cms/workflow-list", self._list)
        app.router.add_post("/{any:.*}", self._post)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        workflow = request.match_info["workflow"]
        async with self._seen:
            self.asked[workflow] += 1
            self._seen.notify_all()
        if request.headers.get("X-Auth-Token") != self.token:
            body = {"error_code": "AOM.31009004", "error_message": "auth failed.", "http_code": "401"}
            return web.json_response(body, status=401)
        answer = self.answers.get(workflow, [])
        if callable(answer):
            return await answer(request)
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return web.Response(body=body, content_type="application/json")

    async def _list(self, _: web.Request) -> web.Response:
        async with self._seen:
            self.asked["list"] += 1
            self._seen.notify_all()
        if self.list_waits:
            await self.list_waits.wait()
        if isinstance(self.listed, int):
            return web.json_response({"error_code": "AOM.0403", "error_msg": "no permission"}, status=self.listed)
        return web.json_response({"elements": self.listed, "total_elements": len(self.listed)})

    async def _post(self, _: web.Request) -> web.Response:
        self.posted += 1
        return web.json_response({"execution_id": "started"})

    async def looks(self, workflow: str, more: int = 2, *, within: float = 60.0) -> None:
        """Wait until the workflow was asked for `more` times from now."""
        wanted = self.asked[workflow] + more
        async with asyncio.timeout(within), self._seen:
            await self._seen.wait_for(lambda: self.asked[workflow] >= wanted)


def record(execution: str, status: str, begin: float, end: float | None = None, nodes: list | None = None) -> dict:
    """One execution record; times in seconds since the epoch, sent as ms."""
    return {
        "execution_id": execution,
        "status": status,
        "begin_time": round(begin * 1000),
        "end_time": 0 if end is None else round(end * 1000),
        "execution_result_list": nodes or [],
    }


def node(name: str, status: str, begin: float, end: float | None = None, run: str | None = None) -> dict:
    return {
        "node_id": name,
        "status": status,
        "begin_time": round(begin * 1000),
        "end_time": 0 if end is None else round(end * 1000),
        "function_execution_id": run,
    }
