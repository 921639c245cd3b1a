"""Which project is meant where the file names none: IAM is asked for it, once."""

import asyncio
import json
from pathlib import Path

import pytest
from aiohttp import web

from collector.aom import Budget
from collector.aom.projects import FUTILE
from collector.aom.standing import PAUSE
from collector.clock import Clock
from collector.errors import Reason, Refused, SourceError, Unavailable, Unreadable
from collector.simulator import Key, Simulator, world
from tests.aom.speaking import (
    KEYS_AUTH,
    PASSWORD_AUTH,
    PROJECT_ID,
    RECORD,
    TOKEN,
    TOKEN_AUTH,
    Hands,
    Iam,
    client,
    failed,
    served,
)

PROJECTS = "/v3/projects?name=cn-north-4"
ONE = {"projects": [{"id": "e" * 32, "name": "cn-north-4", "enabled": True}]}
WRONG = {"error_code": "APIGW.0301", "error_msg": "Incorrect IAM authentication information"}


class Service:
    """IAM's list of projects, and a history for whoever asks; `gate` holds the list back."""

    def __init__(self, listed: object = ONE, status: int = 200, **headers: str) -> None:
        self.listed, self.status, self.headers = listed, status, headers
        self.seen: list[tuple[str, str]] = []
        self.signed_with: list[str | None] = []
        self.gate: asyncio.Event | None = None

    @property
    def asked(self) -> int:
        return sum(path.startswith("/v3/") for _, path in self.seen)

    async def answer(self, request: web.Request) -> web.Response:
        self.seen.append((request.method, request.path_qs))
        self.signed_with.append(request.headers.get("X-Project-Id"))
        if not request.path.startswith("/v3/"):
            return web.json_response([RECORD])
        if self.gate:
            await self.gate.wait()
        body = self.listed if isinstance(self.listed, bytes) else json.dumps(self.listed).encode()
        return web.Response(body=body, status=self.status, headers=self.headers)


@pytest.mark.parametrize("auth", [KEYS_AUTH, TOKEN_AUTH])
async def test_the_project_of_the_region_s_name_is_looked_up_once(auth: str):
    service = Service()
    async with served(service.answer) as endpoint, client(endpoint, auth, project_id="") as aom:
        for _ in range(3):
            found = await aom.history("wf-1", known=b"")
            assert found.project_id == "e" * 32
    history = ("GET", f"/v1/{'e' * 32}/cms/workflow/wf-1/executions")
    assert service.seen == [("GET", PROJECTS), *[history] * 3]
    assert service.signed_with == [None, *["e" * 32 if auth == KEYS_AUTH else None] * 3]
    assert aom.codes("list_projects") == ["200"]


@pytest.mark.parametrize("auth", [KEYS_AUTH, f'token = "{TOKEN}"'])
async def test_the_service_accepts_how_it_is_asked(auth: str):
    clock = Clock()
    there = Simulator(
        world(7, workflows=1, start=clock.now()),
        clock=clock.now,
        token=TOKEN,
        project_id=PROJECT_ID,
        keys={"AKEXAMPLE": Key("canary-secret")},
    )
    async with there, client(there.url, auth, project_id="") as aom:
        assert (await aom.history("wf-00001", known=b"")).project_id == PROJECT_ID
        assert there.requests["GET", "/v3/projects", 200] == 1
        assert not there.signature_failures


async def test_a_project_that_the_file_names_is_not_looked_up_nor_is_that_of_a_password():
    service = Service()
    async with served(service.answer) as endpoint, client(endpoint, KEYS_AUTH) as aom:
        assert (await aom.history("wf-1", known=b"")).project_id == PROJECT_ID
    iam = Iam()
    async with served(iam.answer) as endpoint, client(endpoint, PASSWORD_AUTH, project_id="") as other:
        await other.history("wf-1", known=b"")
    assert service.asked == 0
    assert other.codes("list_projects") == []


async def test_many_that_wait_for_the_project_cost_one_look_up_and_one_that_gives_up_ends_it_for_nobody():
    service = Service()
    service.gate = asyncio.Event()
    async with served(service.answer) as endpoint, client(endpoint, KEYS_AUTH, project_id="", concurrency=64) as aom:
        waiting = [asyncio.create_task(aom.history("wf-1", known=b"")) for _ in range(64)]
        while not service.asked:
            await asyncio.sleep(0)
        waiting[0].cancel()
        service.gate.set()
        found = await asyncio.gather(*waiting, return_exceptions=True)
    assert [each.project_id for each in found[1:]] == ["e" * 32] * 63
    assert service.asked == 1


async def test_a_look_up_under_way_ends_with_the_client():
    service = Service()
    service.gate = asyncio.Event()
    async with served(service.answer) as endpoint:
        async with client(endpoint, KEYS_AUTH, project_id="") as aom:
            look = asyncio.create_task(aom.history("wf-1", known=b""))
            while not service.asked:
                await asyncio.sleep(0)
            look.cancel()
            await asyncio.gather(look, return_exceptions=True)
        assert not [task for task in asyncio.all_tasks() if "Flight" in repr(task)]
        service.gate.set()


@pytest.mark.parametrize(
    ("listed", "status", "kind", "says"),
    [
        ({"projects": []}, 200, Refused, "the credential has no project of the name 'cn-north-4'; set project_id"),
        (
            {"projects": [{"id": "a" * 32, "name": "cn-north-4_dev"}]},
            200,
            Refused,
            "the credential has no project of the name 'cn-north-4'; set project_id",
        ),
        (
            {"projects": [{"id": "b" * 32}, {"id": "a" * 32, "name": "cn-north-4"}]},
            200,
            Refused,
            f"the credential has 2 projects ({'a' * 32}, {'b' * 32}) of the name 'cn-north-4'; set project_id",
        ),
        ({"projects": [{"id": "../x"}]}, 200, Unreadable, "no id of 32 letters and digits; set project_id"),
        ({"projects": {}}, 200, Unreadable, "no list of projects; set project_id"),
        ({"projects": [7]}, 200, Unreadable, "no list of projects; set project_id"),
        (b"<html>", 200, Unreadable, "no JSON object; set project_id"),
        (
            {"error": {"code": 403, "message": "no"}},
            403,
            Refused,
            "let the credential list projects, or set project_id",
        ),
        ({}, 404, Refused, "let the credential list projects, or set project_id"),
    ],
)
@pytest.mark.parametrize("auth", [KEYS_AUTH, TOKEN_AUTH])
async def test_what_cannot_be_looked_up_says_what_to_set_and_is_not_asked_for_at_every_look(
    auth: str, listed: object, status: int, kind: type[SourceError], says: str
):
    service, clock = Service(listed, status), Hands()
    async with served(service.answer) as endpoint, client(endpoint, auth, project_id="", clock=clock) as aom:
        for _ in range(3):
            error = await failed(aom, kind)
            assert says in str(error)
            assert str(error).startswith(f"project 'prod': list_projects at {endpoint}: ")
        assert service.seen == [("GET", PROJECTS)]
        service.listed, service.status = ONE, 200
        clock.move(FUTILE + 1)
        assert (await aom.history("wf-1", known=b"")).project_id == "e" * 32


async def test_a_key_that_is_refused_at_the_look_up_is_left_alone_like_any_other():
    service, clock = Service(WRONG, 401), Hands()
    budget = Budget(1000, clock=clock)
    async with (
        served(service.answer) as endpoint,
        client(endpoint, KEYS_AUTH, project_id="", clock=clock, budget=budget) as one,
        client(endpoint, KEYS_AUTH, project_id="", clock=clock, budget=budget, name="other") as other,
    ):
        await asyncio.gather(*(failed(one, Refused) for _ in range(5)), *(failed(other, Refused) for _ in range(5)))
        error = await failed(other, Refused)
        assert (error.reason, service.asked) == (Reason.AUTH, 2)
        assert "left alone" in str(error)
        service.listed, service.status = ONE, 200
        clock.move(PAUSE + 1)
        assert (await one.history("wf-1", known=b"")).project_id == "e" * 32


async def test_another_key_in_the_profile_is_taken_within_the_same_look(tmp_path: Path):
    clock, profile = Clock(), tmp_path / "credentials"
    keys = {"AKFIRST": Key("canary-secret")}
    there = Simulator(world(7, workflows=1, start=clock.now()), clock=clock.now, project_id=PROJECT_ID, keys=keys)
    profile.write_text("[basic]\nak = AKFIRST\nsk = canary-secret\n")
    async with there, client(there.url, "", project_id="", found=profile) as aom:
        await aom.history("wf-00001", known=b"")
        keys.clear()
        keys["AKSECOND"] = Key("canary-secret-2", "canary-token-2")
        profile.write_text("[basic]\nak = AKSECOND\nsk = canary-secret-2\nsecurity_token = canary-token-2\n")
        await aom.history("wf-00001", known=b"")
        assert not there.signature_failures, "it is read again when it changes"
        assert there.requests["GET", "/v3/projects", 200] == 1


async def test_a_file_with_a_newer_token_is_read_again_at_the_look_up(tmp_path: Path):
    file, asked = tmp_path / "token", []
    file.write_text("canary-old")

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.headers["X-Auth-Token"])
        if asked == ["canary-old"]:
            file.write_text("canary-new")
            return web.json_response({"error": {"code": 401, "message": "no"}}, status=401)
        return web.json_response(ONE if request.path == "/v3/projects" else [RECORD])

    async with served(answer) as endpoint, client(endpoint, f'token_file = "{file}"', project_id="") as aom:
        await aom.history("wf-1", known=b"")
    assert asked == ["canary-old", "canary-new", "canary-new"]


async def test_a_look_up_that_may_pass_is_made_again_within_the_look():
    service = Service({}, 503)

    async def answer(request: web.Request) -> web.Response:
        answered = await service.answer(request)
        if service.asked == 2:
            service.listed, service.status = ONE, 200
        return answered

    async with served(answer) as endpoint, client(endpoint, KEYS_AUTH, project_id="") as aom:
        assert (await aom.history("wf-1", known=b"")).project_id == "e" * 32
    assert aom.codes("list_projects") == ["503", "503", "200"]


async def test_a_rest_that_the_look_up_is_asked_for_is_kept():
    service = Service({}, 429, **{"Retry-After": "600"})
    async with served(service.answer) as endpoint, client(endpoint, KEYS_AUTH, project_id="", poll_deadline=30) as aom:
        for _ in range(3):
            assert (await failed(aom, Unavailable)).reason is Reason.THROTTLED
    assert service.asked == 1
