"""A hostile service that quotes what it is sent: headers, signatures, tokens and passwords, in every form and place."""

import json
import random
from collections import Counter
from collections.abc import Callable

from aiohttp import web

from collector.simulator import Simulator
from collector.simulator.access import Access
from tests.flow.marks import ALPHABET, FORMS, Marks, written

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
    # Not as JSON writes it: what stands there is a form of its own.
    return web.json_response(body, status=status, headers=headers)


class _Access(Access):
    """Issues tokens that are marked."""

    marks: Marks

    def issue(self, now: int, *, length: int, life: int) -> str:
        token = "MII" + "".join(random.Random(len(self._expiries)).choices(ALPHABET, k=length - 3))
        self._expiries[token] = now + life
        return self.marks.add("issued token", token)


class Echoing(Simulator):
    """The simulator; what it refuses quotes what was sent, and so does every second answer that was good.

    `echoed`: how often each kind of a secret was quoted, and in which shape and form.
    """

    def __init__(self, *args: object, marks: Marks, keys: dict, token: str = "", **more: object) -> None:
        super().__init__(*args, keys=keys, token=token, **more)
        self._access = _Access(token=token, keys=keys, foreign_tokens=())
        self._access.marks = marks
        self.echoed: Counter[str] = Counter()
        self._number = 0

    @web.middleware
    async def _answer(self, request: web.Request, handler: Callable) -> web.StreamResponse:
        response = await super()._answer(request, handler)
        told = {kind: secret for kind, secret in (await sent(request)).items() if secret}
        if response.prepared or not told:
            return response
        self._number += 1
        if response.status < GOOD and self._number % 2:
            return response
        kind, secret = list(told.items())[self._number // 2 % len(told)]
        turn = self.echoed[kind]
        form, shape = FORMS[turn % len(FORMS)], list(SHAPES)[turn % len(SHAPES)]
        self.echoed.update((kind, form, shape))
        if response.status == web.HTTPUnauthorized.status_code:
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
