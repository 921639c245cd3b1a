"""Who gets in: keys with their locks, and tokens as IAM gives them. On real HTTP."""

import json

import pytest

from collector.simulator import demo_world
from collector.simulator.iam import sign_in
from tests.simulator.asking import ACCESS_KEY, CMS, EXECUTIONS, KEYS, PROJECT, SORTED, START, TEMPORARY, TOKEN, serving
from tests.simulator.vendor import signed

PATH = EXECUTIONS.format("wf-backup-nightly")
BODY = json.dumps(SORTED).encode()
LIST = CMS + "/workflow-list"
MINUTE = 60_000


@pytest.fixture
async def hand():
    async with serving(demo_world(START)) as asking:
        yield asking


def host(hand):
    return hand.simulator.url.removeprefix("http://")


async def send(hand, method="GET", path=PATH, body=b"", **how):
    target, headers = signed(method, host(hand), path, body=body, at=hand.now, **how)
    return await hand.send(method, target, headers, body)


async def says(hand, **how):
    """What the gateway says to a request it refuses."""
    status, body = await send(hand, **how)
    assert status == 401
    assert body["error_code"] == "APIGW.0301"
    return body["error_msg"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", PATH, b""),
        ("POST", LIST, BODY),
        ("GET", "/v3/projects", b""),
        ("GET", "/v3/auth/projects", b""),
    ],
)
async def test_a_signature_opens_what_a_token_opens(hand, method, path, body):
    assert (await send(hand, method, path, body))[0] == 200
    status, refused = await send(hand, method, path, body, secret="wrong")
    assert (status, refused["error_code"]) == (401, "APIGW.0301")
    query = [("name", "cn-north-4")]
    assert (await send(hand, method, path, body, query=query))[0] == 200


@pytest.mark.parametrize("path", ["/v3/projects", "/v3/auth/projects"])
async def test_the_list_of_projects_needs_no_project(hand, path):
    status, found = await send(hand, path=path, query=[("name", "cn-north-4")], headers={"X-Project-Id": None})
    assert (status, [each["id"] for each in found["projects"]]) == (200, [PROJECT])


async def test_the_gateways_answer_names_the_request(hand):
    target, headers = signed("GET", host(hand), PATH, secret="wrong")
    url = hand.simulator.url + target
    async with hand.session.get(url, headers=headers) as response:
        body = await response.json()
        assert body == {
            "error_msg": "Incorrect IAM authentication information: verify aksk signature fail",
            "error_code": "APIGW.0301",
            "request_id": response.headers["X-Request-Id"],
        }
    status, body = await hand.json("GET", PATH, token="wrong")
    assert (status, "request_id" in body) == (401, False)


async def test_what_was_changed_on_its_way_is_refused(hand):
    query = [("x_enterprise_project_id", "0")]
    target, headers = signed("GET", host(hand), PATH, query=query)
    assert (await hand.send("GET", target, headers))[0] == 200
    assert (await hand.send("GET", target[:-1] + "1", headers))[0] == 401
    assert (await hand.send("GET", PATH, headers))[0] == 401
    assert (await hand.send("GET", target.replace("nightly", "weekly"), headers))[0] == 401
    assert (await hand.send("GET", target, headers, b"x"))[0] == 401
    assert (await hand.send("GET", target, headers | {"Content-Type": "text/plain"}))[0] == 401
    assert (await hand.send("GET", target, headers))[0] == 200
    target, headers = signed("POST", host(hand), LIST, body=BODY)
    assert (await hand.send("POST", target, headers, BODY))[0] == 200
    assert (await hand.send("POST", target, headers, BODY.replace(b"DESC", b"ASC")))[0] == 401
    assert hand.simulator.signature_failures == {ACCESS_KEY: 6}


async def test_a_signed_header_that_arrives_twice_is_refused(hand):
    target, headers = signed("GET", host(hand), PATH)
    status, body = await hand.send("GET", target, [*headers.items(), ("X-Project-Id", "f" * 32)])
    assert (status, "x-project-id is sent more than once" in body["error_msg"]) == (401, True)


async def test_a_signed_query_is_what_arrived_undecoded(hand):
    query = [("name", "a b+c/d%20é&=~"), ("empty", ""), ("name2", "x")]
    status, found = await send(hand, path="/v3/projects", query=query)
    assert (status, found) == (200, {"projects": []})


async def test_an_authorization_that_is_no_signature_is_the_gateways_business(hand):
    status, body = await hand.json("GET", PATH, headers={"Authorization": "Basic c3ludGhldGlj"})
    assert (status, body["error_code"]) == (401, "APIGW.0301")
    assert "malformed" in body["error_msg"]
    assert not hand.simulator.signature_failures


async def test_a_sixth_failure_in_a_row_locks_the_key_for_five_minutes(hand):
    for _ in range(5):
        assert "verify aksk signature fail" in await says(hand, secret="wrong")
    assert not hand.simulator.locked(ACCESS_KEY)
    assert "verify aksk signature fail" in await says(hand, secret="wrong")
    assert hand.simulator.locked(ACCESS_KEY)
    assert "AK access failed to reach the limit" in await says(hand)
    hand.now += 5 * MINUTE - 1
    assert "AK access failed to reach the limit" in await says(hand, secret="wrong")
    assert hand.simulator.signature_failures == {ACCESS_KEY: 7}
    hand.now += 1
    assert not hand.simulator.locked(ACCESS_KEY)
    assert "verify aksk signature fail" in await says(hand, secret="wrong"), "it counts anew"
    assert (await send(hand))[0] == 200


async def test_a_good_signature_ends_a_row_of_failures(hand):
    for _ in range(3):
        for _ in range(5):
            await says(hand, secret="wrong")
        assert (await send(hand))[0] == 200
    assert hand.simulator.signature_failures == {ACCESS_KEY: 15}


async def test_a_lock_closes_one_key_alone(hand):
    for _ in range(6):
        await says(hand, secret="wrong")
    own = {"X-Security-Token": KEYS[TEMPORARY].security_token}
    assert (await send(hand, access_key=TEMPORARY, headers=own))[0] == 200
    assert not hand.simulator.locked(TEMPORARY)
    assert (await hand.json("GET", PATH))[0] == 200, "tokens are not touched"


async def test_an_unknown_key_is_counted_and_cannot_be_locked(hand):
    for _ in range(8):
        assert "ak:NOBODY,err:ak not exist" in await says(hand, access_key="NOBODY", secret="any")
    assert hand.simulator.signature_failures == {"NOBODY": 8}
    assert not hand.simulator.locked("NOBODY")


async def test_whatever_is_wrong_with_a_request_counts_towards_the_lock(hand):
    for headers in [{"X-Sdk-Date": "20200101T000000Z"}, {"X-Project-Id": "f" * 32}, {"X-Security-Token": "x"}] * 2:
        await says(hand, headers=headers)
    assert hand.simulator.locked(ACCESS_KEY)


async def test_a_signature_counts_where_there_is_a_token_too(hand):
    assert (await send(hand, headers={"X-Auth-Token": "wrong"}))[0] == 200
    assert (await send(hand, headers={"X-Auth-Token": TOKEN}, secret="wrong"))[0] == 401


async def test_a_simulator_without_keys_knows_none():
    async with serving(demo_world(START), keys={}) as hand:
        assert "ak not exist" in await says(hand)


async def test_a_simulator_without_a_token_takes_no_empty_one():
    async with serving(demo_world(START), token="") as hand:
        assert (await hand.json("GET", PATH, token=""))[0] == 401
        assert (await hand.json("GET", PATH, token="", headers={"X-Auth-Token": ""}))[0] == 401
        assert (await send(hand))[0] == 200


@pytest.mark.parametrize("length", [2048, 8190, 40_000])
async def test_a_token_of_any_length_opens_the_project(length):
    async with serving(demo_world(START), token_length=length) as hand:
        status, token, _ = await hand.sign_in()
        assert (status, len(token)) == (201, length)
        assert (await hand.json("GET", PATH, token=token))[0] == 200
        assert (await hand.json("POST", LIST, token=token, body=SORTED))[0] == 200
        assert (await hand.json("GET", PATH, token=token + "A"))[0] == 401


async def test_a_token_lives_as_long_as_it_was_told_to():
    async with serving(demo_world(START), token_life=10 * MINUTE) as hand:
        _, token, body = await hand.sign_in()
        assert body["token"]["issued_at"] == "2023-11-14T22:14:20.000000Z"
        assert body["token"]["expires_at"] == "2023-11-14T22:24:20.000000Z"
        hand.now += 10 * MINUTE - 1
        assert (await hand.json("GET", PATH, token=token))[0] == 200
        hand.now += 1
        status, body = await hand.json("GET", PATH, token=token)
        assert (status, body["error_code"]) == (401, "AOM.31009004")


async def test_every_issued_token_can_be_made_to_die_and_new_ones_live(hand):
    tokens = [(await hand.sign_in())[1] for _ in range(2)]
    hand.simulator.expire_tokens()
    for token in tokens:
        status, body = await hand.json("GET", PATH, token=token)
        assert (status, body["error_code"]) == (401, "AOM.31009004")
    assert (await hand.json("GET", PATH))[0] == 200, "the one that is always good"
    _, later, _ = await hand.sign_in()
    assert later not in tokens
    assert (await hand.json("GET", PATH, token=later))[0] == 200


async def test_a_token_that_died_does_not_come_back_by_being_made_to_die_again(hand):
    _, token, _ = await hand.sign_in()
    hand.simulator.expire_tokens()
    hand.now += 1
    hand.simulator.expire_tokens()
    hand.now -= 1
    assert (await hand.json("GET", PATH, token=token))[0] == 401


async def test_a_token_of_another_region_must_be_updated():
    async with serving(demo_world(START), foreign_tokens={"of-elsewhere"}) as hand:
        status, body = await hand.json("GET", PATH, token="of-elsewhere")
        assert (status, body["error_code"], "request_id" in body) == (401, "APIGW.0307", True)
        _, token, _ = await hand.sign_in()
        hand.simulator.foreign_tokens.add(token)
        assert (await hand.json("POST", LIST, token=token, body=SORTED))[1]["error_code"] == "APIGW.0307"
        assert (await hand.json("GET", "/v3/projects", token=token))[1]["error_code"] == "APIGW.0307"


async def test_how_many_tokens_were_issued_can_be_seen(hand):
    await hand.sign_in()
    await hand.sign_in(id=PROJECT)
    await hand.sign_in("wrong")
    issued = {
        status: count for (_, path, status), count in hand.simulator.requests.items() if path == "/v3/auth/tokens"
    }
    assert issued == {201: 2, 401: 1}


def test_a_password_is_in_no_repr():
    user = {"name": "operator", "password": "very-secret"}
    asked = sign_in({"auth": {"identity": {"password": {"user": user}}}})
    assert asked.password == "very-secret"
    assert "very-secret" not in repr(asked)
