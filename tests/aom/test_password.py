"""Signing in with a password: one sign-in for all that wait, renewed in time, and once on a refusal."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from collector.aom import Budget, password
from collector.config import Secret
from collector.errors import Reason, Refused, Unavailable, Unreadable
from collector.model import Renewed
from tests.aom.speaking import PASSWORD_AUTH, PROJECT_ID, Hands, Iam, answers, client, failed, served

MANY = 500


async def test_a_token_is_fetched_as_documented_and_used_until_it_is_old():
    iam = Iam()
    async with served(iam.answer) as endpoint, client(endpoint, PASSWORD_AUTH) as aom:
        for _ in range(3):
            assert len((await aom.history("wf-1", known=b"")).records) == 1
    assert iam.seen[0] == ("POST", "/v3/auth/tokens?nocatalog=true")
    assert iam.bodies == [
        {
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {
                        "user": {"name": "someone", "password": "canary-password", "domain": {"name": "somewhere"}}
                    },
                },
                "scope": {"project": {"id": PROJECT_ID}},
            }
        }
    ]
    assert aom.codes("create_token") == ["201"]


async def test_the_project_comes_from_the_answer_where_the_file_names_none():
    iam = Iam()
    iam.project_id = "f" * 32
    async with served(iam.answer) as endpoint, client(endpoint, PASSWORD_AUTH, project_id="") as aom:
        found = await aom.history("wf-1", known=b"")
    assert found.project_id == "f" * 32
    assert iam.seen[1][1] == f"/v1/{'f' * 32}/cms/workflow/wf-1/executions"
    assert iam.bodies[0]["auth"]["scope"] == {"project": {"name": "cn-north-4"}}


async def test_when_the_token_expires_is_told():
    iam = Iam(life=3600)
    async with served(iam.answer) as endpoint, client(endpoint, PASSWORD_AUTH) as aom:
        await aom.history("wf-1", known=b"")
    (renewed,) = [fact for fact in aom.facts if isinstance(fact, Renewed)]
    assert renewed == Renewed(project="prod", expires_at=1_767_225_600_000 + 3_600_000)


async def test_a_token_of_forty_kilobytes_passes_both_ways():
    iam = Iam(length=40_000)
    async with served(iam.answer) as endpoint, client(endpoint, PASSWORD_AUTH) as aom:
        assert len((await aom.history("wf-1", known=b"")).records) == 1


async def test_five_hundred_that_wait_for_the_first_token_cost_one_sign_in():
    iam = Iam()
    iam.gate = asyncio.Event()
    async with served(iam.answer) as endpoint, client(endpoint, PASSWORD_AUTH, concurrency=MANY) as aom:
        waiting = [asyncio.create_task(aom.history("wf-1", known=b"")) for _ in range(MANY)]
        while not iam.issued:
            await asyncio.sleep(0)
        iam.gate.set()
        assert len(await asyncio.gather(*waiting)) == MANY
    assert (iam.issued, iam.asked) == (1, MANY)


async def test_five_hundred_whose_token_died_cost_one_sign_in_and_all_succeed():
    iam = Iam()
    async with served(iam.answer) as endpoint, client(endpoint, PASSWORD_AUTH, concurrency=MANY) as aom:
        await aom.history("wf-1", known=b"")
        iam.good.clear()
        found = await asyncio.gather(*(aom.history("wf-1", known=b"") for _ in range(MANY)))
        assert all(len(each.records) == 1 for each in found)
    assert iam.issued == 2


async def test_a_sign_in_that_fails_fails_all_that_wait_once():
    iam = Iam()
    iam.gate = asyncio.Event()
    iam.down = 10**9
    async with served(iam.answer) as endpoint, client(endpoint, PASSWORD_AUTH, concurrency=MANY) as aom:
        waiting = [asyncio.create_task(aom.history("wf-1", known=b"")) for _ in range(MANY)]
        while not iam.issued:
            await asyncio.sleep(0)
        iam.gate.set()
        found = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(each) for each in found} == {Unavailable}
    assert iam.issued <= 4 * 3, "each of four attempts shares its sign-in"


async def test_one_that_gives_up_waiting_ends_nobody_else_s_sign_in():
    iam = Iam()
    iam.gate = asyncio.Event()
    async with served(iam.answer) as endpoint, client(endpoint, PASSWORD_AUTH) as aom:
        first, second = (asyncio.create_task(aom.history("wf-1", known=b"")) for _ in range(2))
        while not iam.issued:
            await asyncio.sleep(0)
        first.cancel()
        iam.gate.set()
        assert len((await second).records) == 1
    assert iam.issued == 1


async def test_a_late_refusal_of_the_old_token_does_not_cost_the_new_one():
    iam = Iam()
    async with served(iam.answer) as endpoint, client(endpoint, PASSWORD_AUTH) as aom:
        await aom.history("wf-1", known=b"")
        iam.good.clear()
        iam.late = asyncio.Event()
        late = asyncio.create_task(aom.history("wf-late", known=b""))
        while iam.asked < 2:
            await asyncio.sleep(0)
        await aom.history("wf-1", known=b"")
        iam.late.set()
        assert len((await late).records) == 1
    assert iam.issued == 2


async def test_a_sign_in_under_way_ends_with_the_client():
    iam = Iam()
    iam.gate = asyncio.Event()
    async with served(iam.answer) as endpoint:
        async with client(endpoint, PASSWORD_AUTH) as aom:
            look = asyncio.create_task(aom.history("wf-1", known=b""))
            while not iam.issued:
                await asyncio.sleep(0)
            look.cancel()
            await asyncio.gather(look, return_exceptions=True)
        ours = [task for task in asyncio.all_tasks() if "_signed_in" in repr(task)]
        assert ours == []
        iam.gate.set()


async def test_what_is_forbidden_is_no_reason_to_sign_in_again():
    iam = Iam()
    iam.forbidden = True
    async with served(iam.answer) as endpoint, client(endpoint, PASSWORD_AUTH) as aom:
        assert (await failed(aom, Refused)).reason is Reason.FORBIDDEN
    assert (iam.issued, iam.asked) == (1, 1)


async def test_looks_that_wait_behind_a_refused_new_token_go_on_with_the_next():
    iam = Iam()

    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("X-Auth-Token", "").startswith("MII1x"):
            await asyncio.sleep(0.05)
            return web.json_response({"error_code": "APIGW.0307"}, status=401)
        return await iam.answer(request)

    async with served(answer) as endpoint, client(endpoint, PASSWORD_AUTH) as aom:
        found = await asyncio.gather(*(aom.history("wf-1", known=b"") for _ in range(4)))
    assert [len(each.records) for each in found] == [1] * 4
    assert iam.issued == 2


async def test_a_workflow_that_is_always_refused_does_not_cost_the_others_their_token():
    clock, iam = Hands(), Iam()

    async def answer(request: web.Request) -> web.Response:
        if "/wf-bad/" in request.path:
            return web.json_response({"error_code": "AOM.31009004", "error_message": "auth failed."}, status=401)
        return await iam.answer(request)

    async with served(answer) as endpoint, client(endpoint, PASSWORD_AUTH, clock=clock) as aom:
        for _ in range(20):
            assert len((await aom.history("wf-good", known=b"")).records) == 1
            with pytest.raises(Refused):
                await aom.history("wf-bad", known=b"")
        assert iam.issued <= 3
        iam.good.clear()
        clock.move(password.FUTILE)
        assert len((await aom.history("wf-good", known=b"")).records) == 1


async def test_iam_need_not_say_401_to_be_left_alone():
    for status in (400, 403, 404):
        asked = []
        refuse = answers(b'{"error": {"code": 403, "message": "no"}}', status)

        async def answer(request: web.Request, asked=asked, refuse=refuse) -> web.Response:
            asked.append(request.path)
            return await refuse(request)

        async with served(answer) as endpoint, client(endpoint, PASSWORD_AUTH) as aom:
            for _ in range(10):
                await failed(aom)
        assert len(asked) == 2


async def test_a_rest_that_iam_asks_for_while_nobody_waits_is_kept_by_all():
    clock, iam, busy, looked = Hands(), Iam(life=1000), [], asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        if busy and request.path == "/v3/auth/tokens":
            busy.append(request.path)
            await looked.wait()
            return web.json_response({}, status=429, headers={"Retry-After": "600"})
        return await iam.answer(request)

    async with served(answer) as endpoint, client(endpoint, PASSWORD_AUTH, clock=clock, poll_deadline=30.0) as aom:
        await aom.history("wf-1", known=b"")
        busy.append("from now on")
        clock.move(850)
        await aom.history("wf-1", known=b"")
        looked.set()
        while aom.codes("create_token") != ["201", "429"]:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0)
        assert (await failed(aom, Unavailable)).reason is Reason.THROTTLED
    assert len(busy) == 2


async def test_a_password_file_is_read_again_after_a_refusal_whatever_its_time_says(tmp_path: Path):
    file, iam = tmp_path / "password", Iam()
    file.write_text("canary-passwordA")
    stamp = file.stat().st_mtime_ns
    iam.password_refused = True
    auth = f'username = "someone"\npassword_file = "{file}"\ndomain = "somewhere"'
    async with served(iam.answer) as endpoint, client(endpoint, auth) as aom:
        await failed(aom, Refused)
        file.write_text("canary-passwordB")
        os.utime(file, ns=(stamp, stamp))
        iam.password_refused = False
        await aom.history("wf-1", known=b"")
    assert iam.bodies[-1]["auth"]["identity"]["password"]["user"]["password"] == "canary-passwordB"


async def test_a_token_is_renewed_ahead_of_its_end_while_nobody_waits():
    clock, iam = Hands(), Iam(life=1000)
    async with served(iam.answer) as endpoint, client(endpoint, PASSWORD_AUTH, clock=clock) as aom:
        await aom.history("wf-1", known=b"")
        clock.move(1000 * password.RENEWED_AFTER - 5)
        await aom.history("wf-1", known=b"")
        assert iam.issued == 1
        iam.gate = asyncio.Event()
        clock.move(10)
        await aom.history("wf-1", known=b"")  # with the old token: IAM has not answered yet
        iam.gate.set()
        while len([fact for fact in aom.facts if isinstance(fact, Renewed)]) < 2:
            await asyncio.sleep(0)
        clock.move(500)
        await aom.history("wf-1", known=b"")
    assert iam.issued == 2


async def test_a_renewal_that_fails_costs_nothing_while_the_old_token_lives_and_is_not_tried_at_every_look():
    clock, iam = Hands(), Iam(life=1000)
    async with served(iam.answer) as endpoint, client(endpoint, PASSWORD_AUTH, clock=clock) as aom:
        await aom.history("wf-1", known=b"")
        iam.down = 10**9
        clock.move(850)
        await aom.history("wf-1", known=b"")
        while aom.codes("create_token") != ["201", "503"]:
            await asyncio.sleep(0)
        await asyncio.sleep(0)  # whoever signed in learns it
        for _ in range(5):
            await aom.history("wf-1", known=b"")
        clock.move(password.AGAIN_AFTER)
        await aom.history("wf-1", known=b"")
        while aom.codes("create_token") != ["201", "503", "503"]:
            await asyncio.sleep(0)
        clock.move(200)
        assert (await failed(aom, Unavailable)).reason is Reason.SERVER


async def test_a_wrong_password_is_tried_twice_and_then_left_alone_for_five_minutes():
    clock, iam = Hands(), Iam()
    iam.password_refused = True
    async with served(iam.answer) as endpoint, client(endpoint, PASSWORD_AUTH, clock=clock) as aom:
        for tries in (1, 2):
            error = await failed(aom, Refused)
            assert "The username or password is wrong." in str(error)
            assert iam.issued == tries
        for _ in range(3):
            error = await failed(aom, Refused)
            assert error.reason is Reason.AUTH
            assert "left alone for another" in str(error)
        assert iam.issued == 2
        clock.move(301)
        iam.password_refused = False
        assert len((await aom.history("wf-1", known=b"")).records) == 1


async def test_another_password_ends_the_pause_at_once(tmp_path: Path):
    clock, iam = Hands(), Iam()
    file = tmp_path / "password"
    file.write_text("old")
    auth = f'username = "someone"\npassword_file = "{file}"\ndomain = "somewhere"'
    iam.password_refused = True
    async with served(iam.answer) as endpoint, client(endpoint, auth, clock=clock) as aom:
        for _ in range(3):
            await failed(aom, Refused)
        iam.password_refused = False
        file.write_text("newer")
        assert len((await aom.history("wf-1", known=b"")).records) == 1
    assert iam.bodies[-1]["auth"]["identity"]["password"]["user"]["password"] == "newer"


async def test_new_tokens_that_are_refused_do_not_make_a_storm_of_sign_ins():
    clock, iam = Hands(), Iam()
    iam.tokens_refused = True
    async with served(iam.answer) as endpoint, client(endpoint, PASSWORD_AUTH, clock=clock) as aom:
        for _ in range(10):
            assert (await failed(aom, Refused)).reason is Reason.AUTH
        assert iam.issued == 2
        clock.move(301)
        iam.tokens_refused = False
        assert len((await aom.history("wf-1", known=b"")).records) == 1


async def test_projects_of_one_user_share_the_pause():
    clock, iam = Hands(), Iam()
    iam.password_refused = True
    budget = Budget(1000, clock=clock)
    async with (
        served(iam.answer) as endpoint,
        client(endpoint, PASSWORD_AUTH, clock=clock, budget=budget) as one,
        client(endpoint, PASSWORD_AUTH, clock=clock, budget=budget, name="other") as other,
    ):
        await failed(one, Refused)
        await failed(other, Refused)
        await failed(one, Refused)
        assert "left alone" in str(await failed(other, Refused))
    assert iam.issued == 2


@pytest.mark.parametrize(
    ("body", "headers", "says"),
    [
        (b"{}", {}, "lacks a token"),
        (b"[]", {"X-Subject-Token": "t"}, "no JSON object"),
        (b"<html>", {"X-Subject-Token": "t"}, "no JSON object"),
        (b'{"token": {"project": {"id": 7}}}', {"X-Subject-Token": "t"}, "lacks the project"),
        (b'{"token": {"project": "x"}}', {"X-Subject-Token": "t"}, "lacks the project"),
        (b'{"token": []}', {"X-Subject-Token": "t"}, "lacks the project"),
    ],
)
async def test_an_answer_of_iam_s_that_is_none_is_said(body: bytes, headers: dict, says: str):
    answer = answers(body, 201, **headers)
    async with served(answer) as endpoint, client(endpoint, PASSWORD_AUTH, project_id="") as aom:
        error = await failed(aom, Unreadable)
    assert says in str(error)
    assert "create_token" in str(error)


@pytest.mark.parametrize("times", [{}, {"issued_at": "soon", "expires_at": "x"}, {"issued_at": 5, "expires_at": None}])
async def test_a_token_that_does_not_say_how_long_it_lives_lives_a_day(times: dict):
    clock, issued = Hands(), 0

    async def handler(request):
        nonlocal issued
        if request.path == "/v3/auth/tokens":
            issued += 1
            return web.json_response({"token": times}, status=201, headers={"X-Subject-Token": f"t{issued}"})
        return web.json_response([])

    async with served(handler) as endpoint, client(endpoint, PASSWORD_AUTH, clock=clock) as aom:
        await aom.history("wf-1", known=b"")
        clock.move(password.DAY * password.RENEWED_AFTER - 60)
        await aom.history("wf-1", known=b"")
        assert issued == 1
        clock.move(password.DAY * (1 - password.RENEWED_AFTER) + 120)
        await aom.history("wf-1", known=b"")
        assert issued == 2
    assert {fact.expires_at for fact in aom.facts if isinstance(fact, Renewed)} == {None}


async def test_no_token_is_seen_in_what_is_told():
    iam = Iam()
    async with served(iam.answer) as endpoint, client(endpoint, PASSWORD_AUTH) as aom:
        await aom.history("wf-1", known=b"")
        (token,) = iam.good
        told = repr(aom.facts) + repr(vars(aom)) + repr(vars(aom._client)) + repr(aom._client._credential._token)  # noqa: SLF001
    assert token not in told
    assert "canary" not in told


def test_what_is_secret_is_no_part_of_its_repr():
    assert "canary" not in repr(replace(password.Token("canary", "p", 0.0, 0.0), worked=True))
    assert "canary" not in repr(Secret("canary"))
