"""The simulator's HTTP face: the service's paths, headers and errors.

The one place that authenticates is `_authenticate`.
"""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Self

from aiohttp import web

from collector.simulator.world import World

DAY_MS = 86_400_000
PAGE = 100


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(str(status))
        self.status = status
        self.body = body


class Simulator:
    """AOM and IAM on one address. `clock` gives ms; `violations` holds requests that would have changed something.

    `requests` counts what was asked: method, path template, status.
    """

    def __init__(self, world: World, *, clock: Callable[[], int], token: str, project_id: str) -> None:
        self.world = world
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.violations: list[str] = []
        self._clock = clock
        self._tokens = {token}
        self._project_id = project_id
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; raises `OSError` where the address cannot be had."""
        app = web.Application(middlewares=[self._answer])
        base = "/v1/{project_id}/cms"
        app.router.add_get(base + "/workflow/{workflow_id}/executions", self._executions)
        app.router.add_post(base + "/workflow/{workflow_id}/executions", self._start_task)
        app.router.add_get(base + "/workflow/{workflow_id}/executions/{execution_id}/status", self._detail)
        app.router.add_post(base + "/workflow-list", self._list)
        app.router.add_post("/v3/auth/tokens", self._token)
        app.router.add_get("/v3/projects", self._projects)
        app.router.add_get("/v3/auth/projects", self._projects)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, handle_signals=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound = self._runner.addresses[0]
        name = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        self.url = f"http://{name}:{bound[1]}"

    async def close(self) -> None:
        """Stop listening."""
        if self._runner:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @web.middleware
    async def _answer(self, request: web.Request, handler: Any) -> web.StreamResponse:  # noqa: ANN401  aiohttp's own type
        try:
            response: web.StreamResponse = await handler(request)
        except Refusal as refusal:
            response = _json(refusal.body, refusal.status)
        except web.HTTPException as error:
            says = {"error_msg": "The API does not exist or has not been published", "error_code": "APIGW.0101"}
            response = _json(says, 404 if error.status == 405 else error.status)  # noqa: PLR2004  the gateway knows no 405
        resource = request.match_info.route.resource
        template = resource.canonical if resource is not None else request.path
        self.requests[request.method, template, response.status] += 1
        response.headers["Date"] = datetime.fromtimestamp(self._clock() // 1000, UTC).strftime(
            "%a, %d %b %Y %H:%M:%S GMT"
        )
        response.enable_compression()
        return response

    def _authenticate(self, request: web.Request) -> None:
        """Refuse whoever has no right to this project."""
        if request.headers.get("X-Auth-Token") not in self._tokens:
            body = {"error_code": "AOM.31009004", "error_message": "auth failed.", "http_code": "401"}
            raise Refusal(401, body)
        project = request.match_info.get("project_id", self._project_id)
        if project != self._project_id:
            raise Refusal(403, {"error_code": "AOM.0403", "error_msg": "no permission for this project."})

    def _workflow(self, request: web.Request) -> str:
        self._authenticate(request)
        workflow_id = request.match_info["workflow_id"]
        if workflow_id not in self.world.flows:
            raise Refusal(404, {"error_code": "AOM.30005001", "error_msg": "the workflow does not exist."})
        return workflow_id

    async def _executions(self, request: web.Request) -> web.Response:
        workflow_id = self._workflow(request)
        return _json(self.world.history(workflow_id, self._clock(), project_id=self._project_id))

    async def _start_task(self, request: web.Request) -> web.Response:
        workflow_id = self._workflow(request)
        self.violations.append(f"POST {request.path}")
        return _json({"execution_id": f"started-{workflow_id}"})

    async def _detail(self, request: web.Request) -> web.Response:
        workflow_id = self._workflow(request)
        execution_id = request.match_info["execution_id"]
        records = self.world.history(workflow_id, self._clock(), project_id=self._project_id)
        for record in records:
            if record["execution_id"] == execution_id:
                return _json(record)
        raise Refusal(404, {"error_code": "AOM.30005001", "error_msg": "the execution does not exist."})

    async def _list(self, request: web.Request) -> web.Response:
        self._authenticate(request)
        asked = await _body(request)
        if asked.get("sort_field") not in ("create_time", "last_execution_start_time", "update_time"):
            raise Refusal(400, {"error_code": "AOM.30005001", "error_msg": "sort_field is mandatory."})
        page, size = int(asked.get("page", 0)), min(int(asked.get("size", 10)), PAGE)
        elements = self.world.listing(self._clock(), project_id=self._project_id)
        if asked["sort_field"] == "last_execution_start_time":
            elements.sort(key=lambda each: each["last_execution_start_time"], reverse=asked.get("sort_type") == "DESC")
        return _json({"elements": elements[page * size : (page + 1) * size], "total_elements": len(elements)})

    async def _token(self, request: web.Request) -> web.Response:
        asked = await _body(request)
        user = asked.get("auth", {}).get("identity", {}).get("password", {}).get("user", {})
        if not user.get("name") or not user.get("password"):
            raise Refusal(
                401, {"error": {"code": 401, "message": "The username or password is wrong.", "title": "Unauthorized"}}
            )
        token = f"MII-synthetic-{len(self._tokens)}"
        self._tokens.add(token)
        expires = datetime.fromtimestamp((self._clock() + DAY_MS) / 1000, UTC)
        body = {"token": {"expires_at": f"{expires:%Y-%m-%dT%H:%M:%S.%fZ}", "project": {"id": self._project_id}}}
        response = _json(body, 201)
        response.headers["X-Subject-Token"] = token
        return response

    async def _projects(self, request: web.Request) -> web.Response:
        self._authenticate(request)
        return _json({"projects": [{"id": self._project_id, "name": request.query.get("name", "cn-north-4")}]})


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        found = json.loads(await request.text())
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refusal(400, {"error_code": "APIGW.0602", "error_msg": "the request is no JSON object."})
    return found


def _json(body: object, status: int = 200) -> web.Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return web.Response(status=status, text=text, content_type="application/json")
