"""A hostile service that quotes what it is sent: headers, signatures, tokens and passwords, in every form and place."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aiohttp import web

from collector.simulator import Key, Simulator, World
from collector.simulator.access import Access
from tests.flow.marks import FORMS, Marks, mark, written

GOOD = 300
SHAPES: dict[str, Callable[[str], web.Response]] = {
    "sentence": lambda told: _refusing(403, {"error_code": "AOM.0403", "error_msg": f"no permission for {told}"}),
    "code": lambda told: _refusing(404, {"error_code": told, "error_msg": "not found"}),
    "inner sentence": lambda told: _refusing(429, {"error": {"message": told, "code": "APIGW.0308"}}),
    "page": lambda told: web.Response(status=500, text=f"<html>{told}</html>", content_type="text/html"),
    "redirect": lambda told: web.Response(
        status=302, headers={"Location": f"https://{told[:60]}.example/{told[:999]}?token={told[:999]}#{told[:99]}"}
    ),
    "good error": lambda told: _refusing(200, {"error_code": {"code": told}, "error_msg": told}),
    "request id": lambda told: _refusing(400, {"error_msg": "bad"}, {"X-Request-Id": told[:999]}),
    "inner request id": lambda told: _refusing(409, {"error_msg": "bad", "request_id": [told], "trace_id": told}),
    "coding": lambda told: web.Response(text="[]", headers={"Content-Encoding": told[:99]}),
    "reason": lambda told: web.Response(status=404, reason=told[:999], text=told),
    "waiting": lambda told: _refusing(503, {"error_msg": "away"}, {"Retry-After": told[:40], "Date": told[:999]}),
    "status": lambda told: _refusing(200, [{"execution_id": "echo", "status": told, "begin_time": told}]),
    "cut sentence": lambda told: _refusing(403, {"message": "." * 190 + told}),
    "cut code": lambda told: _refusing(404, {"errorCode": "." * 50 + told}),
}


def _refusing(status: int, body: object, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response(body, status=status, headers=headers)


class _Access(Access):
    """Takes several tokens, and issues some that are marked."""

    def __init__(self, marks: Marks, tokens: Iterable[str], keys: Mapping[str, Key]) -> None:
        super().__init__(token="", keys=keys, foreign_tokens=())
        self._marks = marks
        self._tokens = frozenset(tokens)

    def issue(self, now: int, *, length: int, life: int) -> str:
        token = self._marks.add("issued token", mark(f"issued token {len(self._expiries)}", length))
        self._expiries[token] = now + life
        return token

    def admit_token(self, token: str, now: int) -> None:
        if token not in self._tokens:
            super().admit_token(token, now)


class Echoing(Simulator):
    """The simulator; what it refuses quotes what was sent, and so does every second answer that was good.

    `echoed`: how often each kind of a secret was quoted, and in which shape and form. `spares`: how paths end that are
    answered as the simulator does.
    """

    spares: tuple[str, ...] = ()

    def __init__(self, world: World, *, marks: Marks, tokens: Iterable[str], keys: Mapping[str, Key], **more: Any):
        super().__init__(world, keys=keys, **more)
        self._access = _Access(marks, tokens, keys)
        self._marks = marks
        self.echoed: Counter[str] = Counter()
        self._number = 0
        self._answered = asyncio.Condition()

    async def until(self, wanted: Callable[[], bool], *, within: float) -> None:
        """Wait for answers until it is so."""
        try:
            async with asyncio.timeout(within), self._answered:
                await self._answered.wait_for(wanted)
        except TimeoutError:
            raise AssertionError(f"{self.echoed} {self.trouble.occurred} in {within} s") from None

    @web.middleware
    async def _answer(self, request: web.Request, handler: Callable) -> web.StreamResponse:
        response = await super()._answer(request, handler)
        told = {kind: secret for kind, secret in (await sent(request)).items() if secret}
        if not response.prepared and told and not request.path.endswith(self.spares):
            self._number += 1
            if response.status >= GOOD or self._number % 2 == 0:
                kind, secret = list(told.items())[self._number // 3 % len(told)]
                response = self._echo(response.status, kind, secret)
        async with self._answered:
            self._answered.notify_all()
        return response

    def _echo(self, status: int, kind: str, secret: str) -> web.Response:
        self._marks.add(kind, secret)
        turn = self.echoed[kind]
        form, shape = FORMS[turn % len(FORMS)], list(SHAPES)[turn % len(SHAPES)]
        self.echoed.update((kind, form, shape))
        if status == web.HTTPUnauthorized.status_code:
            return _refusing(401, {"error_code": "APIGW.0301", "error_msg": f"wrong: {written(secret, form)}"})
        return SHAPES[shape](written(secret, form))


async def sent(request: web.Request) -> dict[str, str]:
    """The secrets of a request, by kind."""
    signed = request.headers.get("Authorization", "")
    found = {
        "token": request.headers.get("X-Auth-Token", ""),
        "security token": request.headers.get("X-Security-Token", ""),
        "access key": signed.partition("Access=")[2].partition(",")[0],
        "signature": signed.partition("Signature=")[2],
        "way": request.headers.get("Proxy-Authorization", "").removeprefix("Basic "),
        "metadata token": request.headers.get("X-Metadata-Token", ""),
    }
    if request.path.endswith("/auth/tokens"):
        found["password"] = json.loads(await request.read())["auth"]["identity"]["password"]["user"]["password"]
    return found
