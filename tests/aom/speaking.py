"""A client and the servers it speaks with, for the tests of the service's side."""

import subprocess
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from collector.aom import Aom, Budget
from collector.clock import Clock
from collector.config import Project, parse
from collector.errors import SourceError
from collector.model import Fact, Requested

PROJECT_ID = "0123456789abcdef0123456789abcdef"
TOKEN = "canary-token-5f3a"
RECORD = {"execution_id": "e1", "status": "success", "begin_time": 1_700_000_000_000, "end_time": 1_700_000_001_000}
TOKEN_AUTH = f'token = "{TOKEN}"'
KEYS_AUTH = 'access_key = "AKEXAMPLE"\nsecret_key = "canary-secret"'
PASSWORD_AUTH = 'username = "someone"\npassword = "canary-password"\ndomain = "somewhere"'
CANARIES = (TOKEN, "AKEXAMPLE", "canary-secret", "canary-password")


def project(
    endpoint: str,
    signs: str = TOKEN_AUTH,
    *,
    project_id: str = PROJECT_ID,
    found: Path | None = None,
    **changes: Any,
) -> Project:
    """The settings of one project; `found`: a profile to look for a credential in."""
    text = f"""
    [[project]]
    name = "prod"
    region = "cn-north-4"
    project_id = "{project_id}"
    endpoint = "{endpoint}"
    iam_endpoint = "{endpoint}"
    max_requests_per_second = 1000
    [project.auth]
    {signs}
    """
    environ = {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(found)} if found else {}
    return replace(parse(text, base=Path("/"), environ=environ).projects[0], **changes)


@asynccontextmanager
async def served(handler: Callable[[web.Request], Any], tls: Any = None):
    """One handler for every request; yields the base address."""
    app = web.Application(handler_args={"max_field_size": 65536, "max_line_size": 65536})
    app.router.add_route("*", "/{any:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "localhost" if tls else "127.0.0.1", 0, ssl_context=tls).start()
    host = "https://localhost" if tls else "http://127.0.0.1"
    try:
        yield f"{host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Speaker(Aom):
    """A client that keeps the facts it tells."""

    def __init__(self, project: Project, *, clock: Clock | None = None, budget: Budget | None = None) -> None:
        clock = clock or Clock()
        self.facts: list[Fact] = []
        super().__init__(project, budget=budget or Budget(1000, clock=clock), clock=clock, emit=self.facts.append)

    def codes(self, operation: str = "list_executions") -> list[str]:
        """The outcomes of its requests so far."""
        asked = (fact for fact in self.facts if isinstance(fact, Requested))
        return [fact.code for fact in asked if fact.operation == operation]


@asynccontextmanager
async def client(
    endpoint: str, signs: str = TOKEN_AUTH, *, clock: Clock | None = None, budget: Budget | None = None, **changes: Any
):
    aom = Speaker(project(endpoint, signs, **changes), clock=clock, budget=budget)
    try:
        yield aom
    finally:
        await aom.close()


async def failed(aom: Aom, kind: type[SourceError] = SourceError) -> SourceError:
    """The error of a look that fails; it is one line, and no secret is in it or behind it."""
    with pytest.raises(kind) as caught:
        await aom.history("wf-1", known=b"")
    error = caught.value
    shown = str(error) + repr(error) + repr(error.__cause__) + repr(error.__context__)
    assert not any(canary in shown for canary in CANARIES)
    assert "\n" not in str(error)
    return error


async def refused(handler: Callable[[web.Request], Any], **changes: Any) -> SourceError:
    async with served(handler) as endpoint, client(endpoint, **changes) as aom:
        return await failed(aom)


def answers(body: bytes, status: int = 200, **headers: str) -> Callable[[web.Request], Any]:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=body, status=status, headers=headers)

    return handler


def certificate(folder: Path) -> tuple[Path, Path]:
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout",
            key,
            "-out",
            cert,
        ],
        check=True,
        capture_output=True,
    )
    return key, cert


class Hands(Clock):
    """A clock whose hands a test can move ahead (seconds), both or the wall clock alone."""

    __slots__ = ("ahead", "wrong")

    def __init__(self) -> None:
        object.__setattr__(self, "ahead", 0.0)
        object.__setattr__(self, "wrong", 0.0)

    def now(self) -> int:
        return super().now() + round((self.ahead + self.wrong) * 1000)

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    def move(self, seconds: float) -> None:
        object.__setattr__(self, "ahead", self.ahead + seconds)

    def mistake(self, seconds: float) -> None:
        object.__setattr__(self, "wrong", seconds)


class Iam:
    """A service that knows tokens of its own making and keys by name, answers one record, and counts what it did.

    `good`: tokens that are accepted. `issued`: how many sign-ins there were. `asked`: requests for a history.
    """

    def __init__(self, *, life: float = 86_400.0, length: int = 100) -> None:
        self.life, self.length = life, length
        self.good: set[str] = set()
        self.issued = self.asked = self.at_once = self.most_at_once = 0
        self.password_refused = False
        self.tokens_refused = False
        self.forbidden = False
        self.down = 0
        self.project_id: str | None = PROJECT_ID
        self.seen: list[tuple[str, str]] = []
        self.bodies: list[object] = []
        self.gate: Any = None
        self.late: Any = None

    async def answer(self, request: web.Request) -> web.Response:
        self.seen.append((request.method, request.path_qs))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if request.path == "/v3/auth/tokens":
                return await self._sign_in(request)
            return await self._history(request)
        finally:
            self.at_once -= 1

    async def _sign_in(self, request: web.Request) -> web.Response:
        self.issued += 1
        self.bodies.append(await request.json())
        if self.gate:
            await self.gate.wait()
        if self.down:
            self.down -= 1
            return web.json_response({"error_code": "APIGW.0613", "error_msg": "IAM is away"}, status=503)
        if self.password_refused:
            error = {"code": 401, "message": "The username or password is wrong.", "title": "Unauthorized"}
            return web.json_response({"error": error}, status=401)
        token = f"MII{self.issued}".ljust(self.length, "x")
        self.good.add(token)
        begin = datetime(2026, 1, 1, tzinfo=UTC)
        body = {
            "issued_at": f"{begin:%Y-%m-%dT%H:%M:%S.%f}Z",
            "expires_at": f"{begin + timedelta(seconds=self.life):%Y-%m-%dT%H:%M:%S.%f}Z",
            "project": {"id": self.project_id, "name": "cn-north-4"},
        }
        return web.json_response({"token": body}, status=201, headers={"X-Subject-Token": token})

    async def _history(self, request: web.Request) -> web.Response:
        self.asked += 1
        token = request.headers.get("X-Auth-Token")
        refused = token not in self.good or self.tokens_refused
        if self.late and "wf-late" in request.path:
            await self.late.wait()
        if refused:
            body = {"error_code": "AOM.31009004", "error_message": "auth failed.", "http_code": "401"}
            return web.json_response(body, status=401)
        return web.json_response([RECORD], status=403 if self.forbidden else 200)
