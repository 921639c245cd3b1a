"""The simulator's HTTP face: the service's paths, headers and errors."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from email.utils import formatdate
from types import MappingProxyType
from typing import Any, Self

from aiohttp import web

from collector.simulator import failures, iam, refusal
from collector.simulator.access import Access
from collector.simulator.glitches import Asked, shown
from collector.simulator.listening import Listening
from collector.simulator.listing import Query, selected
from collector.simulator.refusal import Refusal
from collector.simulator.signatures import Arrived, Key
from collector.simulator.trouble import LISTING, Trouble, Turn
from collector.simulator.world import DAY_MS, World

CMS = "/v1/{project_id}/cms"
EXECUTIONS = CMS + "/workflow/{workflow_id}/executions"
DETAIL = EXECUTIONS + "/{execution_id}/status"
LIST = CMS + "/workflow-list"
TOKENS = "/v3/auth/tokens"
READING_POSTS = {LIST, TOKENS}
# What strikes a request, where anything may.
TURN = web.RequestKey("turn", Turn)


class Simulator:
    """AOM and IAM on one address.

    `clock`: the service's time in ms. `token`: one that is always good; "" for none. `users`: names and passwords that
    get other tokens, each of `token_length` characters and good for `token_life` ms; None: any do. `keys`: the access
    keys whose signatures are good. `foreign_tokens`: tokens of another region; more may be added while it runs.
    `trouble`: what goes wrong with the histories, the details, the list and the tokens; None: nothing does.
    `requests`: what was asked, by method, path template (the path where it has none) and status (also where it was
    lost on its way). `violations`: every request that would have changed something, as method and path.
    """

    def __init__(
        self,
        world: World,
        *,
        clock: Callable[[], int],
        token: str = "",
        project_id: str,
        region: str = "cn-north-4",
        users: Mapping[str, str] | None = None,
        keys: Mapping[str, Key] = MappingProxyType({}),
        token_length: int = 2048,
        token_life: int = DAY_MS,
        foreign_tokens: Iterable[str] = (),
        trouble: Trouble | None = None,
    ) -> None:
        self.world = world
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.violations: list[str] = []
        self.trouble = Trouble(seed=0, rates={}) if trouble is None else trouble
        self.url = ""
        self.port = 0
        self._clock = clock
        self._access = Access(token=token, keys=keys, foreign_tokens=foreign_tokens)
        self._token_length = token_length
        self._token_life = token_life
        self._project = iam.Project(id=project_id, name=region)
        self._users = users
        self._listening = Listening()

    @property
    def foreign_tokens(self) -> set[str]:
        """The tokens of another region, to be read and added to."""
        return self._access.foreign_tokens

    @property
    def signature_failures(self) -> Counter[str]:
        """How many signatures did not hold, in all, by the access key they named."""
        return self._access.signature_failures

    def locked(self, access_key: str) -> bool:
        """Whether too many failures in a row closed a key for now."""
        return self._access.locked(access_key, self._clock())

    def expire_tokens(self) -> None:
        """Let every token that was issued die now."""
        self._access.expire(self._clock())

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
        await self._listening.start(app, host, port)
        self.url, self.port = self._listening.url, self._listening.port

    async def close(self) -> None:
        """Stop listening; harmless where nothing listens."""
        await self._listening.close()

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
        except Refusal as refused:
            response = self._refusing(refused)
        except web.HTTPException as error:
            response = self._refusing(refusal.unreached(error.status))
        self.requests[request.method, template, response.status] += 1
        response.headers["Date"] = formatdate(self._clock() / 1000, usegmt=True)
        response.headers["X-Request-Id"] = f"{self.requests.total():032x}"
        zipped = "gzip" in request.headers.get("Accept-Encoding", "").lower()
        turn = request.get(TURN)
        if turn and failures.breaks(response, turn, zipped=zipped):
            return await failures.send(request, response, turn, self.trouble, zipped=zipped)
        if zipped:
            response.enable_compression(web.ContentCoding.gzip)
        return response

    def _refusing(self, refused: Refusal) -> web.Response:
        """The answer to the request that is about to be counted, and has its number as its id."""
        response = _json(refusal.told(refused.body, f"{self.requests.total() + 1:032x}"), refused.status)
        response.headers.update(refused.headers)
        return response

    def _turn(self, request: web.Request, place: str) -> Turn:
        """What strikes a request that was let in; raises `Refusal` where the service itself fails."""
        turn = request[TURN] = self.trouble.turn(place)
        failures.fail(turn, self.trouble)
        return turn

    async def _authenticate(self, request: web.Request) -> None:
        """Refuse whoever has no right to this project: the only place that decides it.

        Where a request is signed and has a token as well, the signature counts.
        """
        project_id = request.match_info.get("project_id", "")
        if "Authorization" in request.headers:
            self._access.admit_signed(await _arrived(request), self._clock(), project_id=project_id)
        else:
            self._access.admit_token(request.headers.get("X-Auth-Token", ""), self._clock())
        if project_id not in {"", self._project.id}:
            raise refusal.service(403, "AOM.0403", "no permission for this project.")

    async def _workflow(self, request: web.Request) -> str:
        await self._authenticate(request)
        workflow_id = request.match_info["workflow_id"]
        if workflow_id not in self.world.flows:
            raise refusal.service(404, "AOM.30005001", "the workflow does not exist.")
        return workflow_id

    async def _executions(self, request: web.Request) -> web.Response:
        workflow_id = await self._workflow(request)
        turn = self._turn(request, workflow_id)
        asked = Asked(world=self.world, workflow_id=workflow_id, project_id=self._project.id, at=self._clock())
        return failures.replaced(_json(shown(asked, turn, self.trouble)), turn, self.trouble)

    async def _start_task(self, request: web.Request) -> web.Response:
        """The service would start the task now; here it is a violation, and nothing happens."""
        return _json({"execution_id": f"synthetic-start-of-{await self._workflow(request)}"})

    async def _detail(self, request: web.Request) -> web.Response:
        workflow_id, execution_id = await self._workflow(request), request.match_info["execution_id"]
        turn = self._turn(request, workflow_id)
        record = self.world.detail(workflow_id, execution_id, self._clock(), project_id=self._project.id)
        if record is None:
            raise refusal.service(404, "AOM.30005001", "the execution does not exist.")
        return failures.replaced(_json(record), turn, self.trouble)

    async def _list(self, request: web.Request) -> web.Response:
        await self._authenticate(request)
        try:
            query = Query.of(await _body(request))
        except ValueError as error:
            raise refusal.service(400, "AOM.30005001", str(error)) from None
        turn = self._turn(request, LISTING)
        page = selected(self.world, query, self._clock(), project_id=self._project.id)
        return failures.replaced(_json(page), turn, self.trouble)

    async def _issue(self, request: web.Request) -> web.Response:
        """A token by password."""
        asked = iam.sign_in(await _body(request))
        if not iam.known(asked, self._users, self._project):
            raise refusal.bad_sign_in()
        now = self._clock()
        life = self.trouble.life(self._token_life)
        token = self._access.issue(now, length=self._token_length, life=life)
        catalog = None if request.query.get("nocatalog") == "true" else self.url
        body = iam.issued(asked, self._project, now=now, expiry=now + self._token_life, catalog=catalog)
        response = _json(body, 201)
        response.headers["X-Subject-Token"] = token
        return response

    async def _projects(self, request: web.Request) -> web.Response:
        await self._authenticate(request)
        return _json(iam.projects(self._project, request.query.get("name", self._project.name)))


async def _arrived(request: web.Request) -> Arrived:
    """The request as a signature is checked against it: nothing in it decoded yet."""
    return Arrived(
        method=request.method,
        target=request.raw_path,
        headers=tuple(request.headers.items()),
        body=await request.read(),
    )


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        found = json.loads(await request.read())
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise refusal.gateway(400, "APIGW.0602", "the request is no JSON object.")
    return found


def _json(body: object, status: int = 200) -> web.Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return web.Response(status=status, text=text, content_type="application/json")
