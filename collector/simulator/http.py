"""The simulator's HTTP face: the service's paths, headers and errors."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any, Self

from aiohttp import web

from collector.simulator.listing import Query, selected
from collector.simulator.world import DAY_MS, World

CMS = "/v1/{project_id}/cms"
EXECUTIONS = CMS + "/workflow/{workflow_id}/executions"
DETAIL = EXECUTIONS + "/{execution_id}/status"
LIST = CMS + "/workflow-list"
TOKENS = "/v3/auth/tokens"
READING_POSTS = {LIST, TOKENS}
TOKEN_LENGTH = 2048


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(str(status))
        self.status = status
        self.body = body


class Simulator:
    """AOM and IAM on one address.

    `clock`: the service's time in ms. `token`: one that is always good. `users`: names and passwords that get other
    tokens, each for a day; None: any do. `requests`: what was asked, by method, path template (the path where it has
    none) and status. `violations`: every request that would have changed something, as method and path.
    """

    def __init__(
        self,
        world: World,
        *,
        clock: Callable[[], int],
        token: str,
        project_id: str,
        region: str = "cn-north-4",
        users: Mapping[str, str] | None = None,
    ) -> None:
        self.world = world
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.violations: list[str] = []
        self.url = ""
        self.port = 0
        self._clock = clock
        self._token = token
        self._expiries: dict[str, int] = {}
        self._project_id = project_id
        self._region = region
        self._users = users
        self._runner: web.AppRunner | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; raises `OSError` where the address cannot be had."""
        app = web.Application(middlewares=[self._answer])
        app.router.add_get(EXECUTIONS, self._executions)
        app.router.add_post(EXECUTIONS, self._start_task)
        app.router.add_get(DETAIL, self._detail)
        app.router.add_post(LIST, self._list)
        app.router.add_post(TOKENS, self._issue)
        app.router.add_get("/v3/projects", self._projects)
        app.router.add_get("/v3/auth/projects", self._projects)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, handle_signals=False)
        self._runner = runner
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError:
            await self.close()
            raise
        bound = runner.addresses[0]
        name = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        self.port = bound[1]
        self.url = f"http://{name}:{self.port}"

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
        """Whatever the answer: write down that it was asked for, and give it the service's headers."""
        resource = request.match_info.route.resource
        template = request.path if resource is None else resource.canonical
        if request.method not in {"GET", "HEAD"} and template not in READING_POSTS:
            self.violations.append(f"{request.method} {request.path}")
        try:
            response = await handler(request)
        except Refusal as refusal:
            response = _json(refusal.body, refusal.status)
        except web.HTTPException as error:
            response = _gateway(error.status)
        self.requests[request.method, template, response.status] += 1
        response.headers["Date"] = formatdate(self._clock() / 1000, usegmt=True)
        response.headers["X-Request-Id"] = f"{self.requests.total():032x}"
        if "gzip" in request.headers.get("Accept-Encoding", "").lower():
            response.enable_compression(web.ContentCoding.gzip)
        return response

    def _authenticate(self, request: web.Request) -> None:
        """Refuse whoever has no right to this project: the only place that decides it."""
        token = request.headers.get("X-Auth-Token", "")
        if token != self._token and self._expiries.get(token, 0) <= self._clock():
            raise Refusal(401, {"error_code": "AOM.31009004", "error_message": "auth failed.", "http_code": "401"})
        if request.match_info.get("project_id", self._project_id) != self._project_id:
            raise Refusal(403, {"error_code": "AOM.0403", "error_msg": "no permission for this project."})

    def _workflow(self, request: web.Request) -> str:
        self._authenticate(request)
        workflow_id = request.match_info["workflow_id"]
        if workflow_id not in self.world.flows:
            raise Refusal(404, {"error_code": "AOM.30005001", "error_msg": "the workflow does not exist."})
        return workflow_id

    async def _executions(self, request: web.Request) -> web.Response:
        return _json(self.world.history(self._workflow(request), self._clock(), project_id=self._project_id))

    async def _start_task(self, request: web.Request) -> web.Response:
        """The service would start the task now; here it is a violation, and nothing happens."""
        return _json({"execution_id": f"synthetic-start-of-{self._workflow(request)}"})

    async def _detail(self, request: web.Request) -> web.Response:
        workflow_id, execution_id = self._workflow(request), request.match_info["execution_id"]
        record = self.world.detail(workflow_id, execution_id, self._clock(), project_id=self._project_id)
        if record is None:
            raise Refusal(404, {"error_code": "AOM.30005001", "error_msg": "the execution does not exist."})
        return _json(record)

    async def _list(self, request: web.Request) -> web.Response:
        self._authenticate(request)
        try:
            query = Query.of(await _body(request))
        except ValueError as error:
            raise Refusal(400, {"error_code": "AOM.30005001", "error_msg": str(error)}) from None
        return _json(selected(self.world, query, self._clock(), project_id=self._project_id))

    async def _issue(self, request: web.Request) -> web.Response:
        """A token that is good for a day."""
        name, password, scope = _signing_in(await _body(request))
        known = bool(name and password) if self._users is None else self._users.get(name) == password
        here = {"id": self._project_id, "name": self._region}
        if not known or any(scope.get(key, value) != value for key, value in here.items()):
            says = "The username or password is wrong, or the project is."
            raise Refusal(401, {"error": {"code": 401, "message": says, "title": "Unauthorized"}})
        now = self._clock()
        token = f"MIIsynthetic{len(self._expiries)}".ljust(TOKEN_LENGTH, "A")
        self._expiries[token] = now + DAY_MS
        body: dict[str, Any] = {
            "expires_at": _utc(now + DAY_MS),
            "issued_at": _utc(now),
            "methods": ["password"],
            "project": here,
            "user": {"name": name},
        }
        if request.query.get("nocatalog") != "true":
            body["catalog"] = [{"type": "aom", "endpoints": [{"region": self._region, "url": self.url}]}]
        response = _json({"token": body}, 201)
        response.headers["X-Subject-Token"] = token
        return response

    async def _projects(self, request: web.Request) -> web.Response:
        self._authenticate(request)
        here = request.query.get("name", self._region) == self._region
        return _json({"projects": [{"id": self._project_id, "name": self._region, "enabled": True}] if here else []})


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        found = json.loads(await request.read())
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refusal(400, {"error_code": "APIGW.0602", "error_msg": "the request is no JSON object."})
    return found


def _signing_in(asked: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """The user, the password and the project asked for, each empty where the body does not say it."""
    user = _inside(asked, "auth", "identity", "password", "user")
    return str(user.get("name", "")), str(user.get("password", "")), _inside(asked, "auth", "scope", "project")


def _inside(found: dict[str, Any], *keys: str) -> dict[str, Any]:
    for key in keys:
        inner = found.get(key)
        found = inner if isinstance(inner, dict) else {}
    return found


def _gateway(status: int) -> web.Response:
    """What the gateway says of a request that reaches no service; a wrong method is an unknown API to it."""
    if status in {404, 405}:
        says = "The API does not exist or has not been published in the environment"
        return _json({"error_code": "APIGW.0101", "error_msg": says}, 404)
    return _json({"error_code": "APIGW.0201", "error_msg": "Bad request"}, status)


def _utc(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _json(body: object, status: int = 200) -> web.Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return web.Response(status=status, text=text, content_type="application/json")
