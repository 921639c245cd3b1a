"""The simulator on real HTTP: the service's paths, headers, errors and habits."""

import gzip
import json
import socket
from email.utils import parsedate_to_datetime

import pytest

from collector.simulator import Simulator, demo_world, world
from tests.simulator.asking import CMS, EXECUTIONS, PROJECT, SORTED, START, TOKEN, serving


@pytest.fixture
async def hand():
    async with serving(demo_world(START)) as asking:
        yield asking


async def test_a_history_is_the_worlds_as_compact_json(hand):
    response, body = await hand.ask("GET", EXECUTIONS.format("wf-backup-nightly"))
    expected = hand.simulator.world.history("wf-backup-nightly", hand.now, project_id=PROJECT)
    assert response.status == 200
    assert response.content_type == "application/json"
    assert body.decode() == json.dumps(expected, ensure_ascii=False, separators=(",", ":"))
    assert expected[0]["project_id"] == PROJECT
    assert expected[0]["workflow_id"] == "wf-backup-nightly"


async def test_an_answer_that_did_not_change_is_the_same_bytes_zipped_or_not(hand):
    for headers in ({}, {"Accept-Encoding": "gzip"}):
        hand.now = START + 5_000_000
        _, before = await hand.ask("GET", EXECUTIONS.format("wf-release-frontend"), headers=headers)
        hand.now += 400
        _, after = await hand.ask("GET", EXECUTIONS.format("wf-release-frontend"), headers=headers)
        assert before == after


@pytest.mark.parametrize("accepted", ["gzip", "deflate, gzip;q=0.9", "GZIP"])
async def test_gzip_where_it_is_accepted(hand, accepted):
    plain, text = await hand.ask("GET", EXECUTIONS.format("wf-backup-nightly"))
    zipped, body = await hand.ask("GET", EXECUTIONS.format("wf-backup-nightly"), headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in plain.headers
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == text
    assert len(body) < len(text)


async def test_the_date_is_the_services_own(hand):
    hand.now = START + 86_400_000
    response, _ = await hand.ask("GET", EXECUTIONS.format("wf-backup-nightly"))
    assert parsedate_to_datetime(response.headers["Date"]).timestamp() * 1000 == hand.now
    again, _ = await hand.ask("GET", EXECUTIONS.format("wf-backup-nightly"))
    assert len({response.headers["X-Request-Id"], again.headers["X-Request-Id"]}) == 2


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", EXECUTIONS.format("wf-backup-nightly")),
        ("GET", EXECUTIONS.format("no-such")),
        ("POST", EXECUTIONS.format("wf-backup-nightly")),
        ("GET", EXECUTIONS.format("wf-backup-nightly") + "/x/status"),
        ("POST", CMS + "/workflow-list"),
        ("GET", "/v3/projects"),
        ("GET", "/v3/auth/projects"),
    ],
)
async def test_without_a_good_token_nothing_is_told(hand, method, path, token):
    status, body = await hand.json(method, path, token=token)
    assert status == 401
    assert body == {"error_code": "AOM.31009004", "error_message": "auth failed.", "http_code": "401"}


async def test_another_project_is_forbidden(hand):
    status, body = await hand.json("GET", f"/v1/{'f' * 32}/cms/workflow/wf-backup-nightly/executions")
    assert (status, body["error_code"]) == (403, "AOM.0403")


async def test_an_unknown_workflow_or_execution_is_not_found_by_the_service(hand):
    for path in (EXECUTIONS.format("no-such"), EXECUTIONS.format("wf-backup-nightly") + "/no-such/status"):
        status, body = await hand.json("GET", path)
        assert (status, body["error_code"]) == (404, "AOM.30005001")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/v2/x"),
        ("GET", CMS + "/workflow-list"),
        ("DELETE", EXECUTIONS.format("wf-backup-nightly")),
    ],
)
async def test_an_unknown_path_is_not_found_by_the_gateway(hand, method, path):
    status, body = await hand.json(method, path)
    assert (status, body["error_code"]) == (404, "APIGW.0101")


async def test_one_execution_is_told_as_an_object(hand):
    newest = (await hand.json("GET", EXECUTIONS.format("wf-backup-nightly")))[1][0]
    path = EXECUTIONS.format("wf-backup-nightly") + f"/{newest['execution_id']}/status"
    status, detail = await hand.json("GET", path)
    assert status == 200
    assert detail == newest


async def test_starting_a_task_is_a_violation_and_starts_nothing(hand):
    path = EXECUTIONS.format("wf-backup-nightly")
    before = await hand.json("GET", path)
    assert hand.simulator.violations == []
    status, body = await hand.json("POST", path)
    assert (status, list(body)) == (200, ["execution_id"])
    assert hand.simulator.violations == [f"POST {path}"]
    assert await hand.json("GET", path) == before


async def test_whatever_would_change_something_is_a_violation_even_where_it_is_refused(hand):
    attempts = [
        ("POST", EXECUTIONS.format("wf-backup-nightly"), "wrong"),
        ("POST", EXECUTIONS.format("wf-backup-nightly") + "/x/terminate", TOKEN),
        ("PUT", CMS + "/workflow/wf-backup-nightly/trigger/action", TOKEN),
        ("DELETE", CMS + "/workflow/wf-backup-nightly", TOKEN),
    ]
    for method, path, token in attempts:
        status, _ = await hand.json(method, path, token=token)
        assert status in {401, 404}
    assert hand.simulator.violations == [f"{method} {path}" for method, path, _ in attempts]


async def test_reading_is_no_violation(hand):
    await hand.json("POST", CMS + "/workflow-list", body=SORTED)
    await hand.json("POST", CMS + "/workflow-list", token="wrong")
    await hand.sign_in()
    await hand.ask("HEAD", EXECUTIONS.format("wf-backup-nightly"))
    assert hand.simulator.violations == []


async def test_what_was_asked_is_counted_by_path_template_and_status(hand):
    for workflow_id in ("wf-backup-nightly", "wf-scale-search", "no-such"):
        await hand.ask("GET", EXECUTIONS.format(workflow_id))
    await hand.ask("GET", "/nowhere")
    template = "/v1/{project_id}/cms/workflow/{workflow_id}/executions"
    assert hand.simulator.requests == {
        ("GET", template, 200): 2,
        ("GET", template, 404): 1,
        ("GET", "/nowhere", 404): 1,
    }


async def test_the_list_is_paged_and_sorted_by_the_last_begin():
    async with serving(world(1, workflows=230, start=START)) as hand:
        pages = []
        for page in range(4):
            status, answer = await hand.json("POST", CMS + "/workflow-list", body=SORTED | {"page": page, "size": 100})
            assert (status, answer["total_elements"]) == (200, 230)
            pages.append(answer["elements"])
        assert [len(page) for page in pages] == [100, 100, 30, 0]
        begins = [element["last_execution_start_time"] for page in pages for element in page]
        assert begins == sorted(begins, reverse=True)
        assert len({element["id"] for page in pages for element in page}) == 230
        assert all(element["project_id"] == PROJECT for element in pages[0])
        _, rising = await hand.json("POST", CMS + "/workflow-list", body=SORTED | {"sort_type": "ASC"})
        assert [each["id"] for each in rising["elements"]] == [each["id"] for each in pages[2][:-11:-1]]


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ({"type": "cron"}, lambda each: each["type"] == "cron"),
        ({"search": "备份"}, lambda each: "备份" in each["name"]),
        ({"status": "waitApproval"}, lambda each: each["status"] == "waitApproval"),
    ],
)
async def test_the_list_can_be_filtered(hand, filters, kept):
    _, whole = await hand.json("POST", CMS + "/workflow-list", body=SORTED | {"size": 100})
    _, some = await hand.json("POST", CMS + "/workflow-list", body=SORTED | {"size": 100} | filters)
    assert some["elements"] == [each for each in whole["elements"] if kept(each)]
    assert 0 < some["total_elements"] == len(some["elements"]) < whole["total_elements"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sort_field": "last_execution_start_time"},
        {"sort_type": "DESC"},
        SORTED | {"sort_field": "name"},
        SORTED | {"sort_field": ["name"]},
        SORTED | {"sort_type": "desc"},
        SORTED | {"size": 101},
        SORTED | {"size": 0},
        SORTED | {"page": -1},
        SORTED | {"page": "1"},
        SORTED | {"page": True},
        [],
        "text",
    ],
)
async def test_a_list_that_is_asked_for_wrongly_is_a_bad_request(hand, body):
    status, answer = await hand.json("POST", CMS + "/workflow-list", body=body)
    assert status == 400
    assert answer["error_code"] in {"AOM.30005001", "APIGW.0602"}


async def test_a_body_that_is_no_json_is_a_bad_request(hand):
    url = hand.simulator.url + CMS + "/workflow-list"
    for body in (b"", b"{", b"\xff\xfe{"):
        async with hand.session.post(url, data=body, headers={"X-Auth-Token": TOKEN}) as response:
            assert response.status == 400


async def test_a_password_gets_a_token_for_a_day(hand):
    status, token, body = await hand.sign_in()
    assert status == 201
    assert token.startswith("MII")
    assert 1024 < len(token) < 40_960
    assert body["token"]["project"]["id"] == PROJECT
    assert body["token"]["issued_at"] == "2023-11-14T22:14:20.000000Z"
    assert body["token"]["expires_at"] == "2023-11-15T22:14:20.000000Z"
    path = EXECUTIONS.format("wf-backup-nightly")
    assert (await hand.json("GET", path, token=token))[0] == 200
    hand.now += 86_399_999
    assert (await hand.json("GET", path, token=token))[0] == 200
    hand.now += 1
    assert (await hand.json("GET", path, token=token))[0] == 401
    assert (await hand.json("GET", path))[0] == 200


async def test_a_second_token_does_not_revoke_the_first(hand):
    _, one, _ = await hand.sign_in()
    _, other, _ = await hand.sign_in(id=PROJECT)
    assert one != other
    for token in (one, other):
        assert (await hand.json("GET", "/v3/auth/projects", token=token))[0] == 200


async def test_a_token_comes_with_the_catalogue_unless_it_is_declined(hand):
    catalog = (await hand.sign_in())[2]["token"]["catalog"]
    assert [each["url"] for each in catalog[0]["endpoints"]] == [hand.simulator.url]
    assert "catalog" not in (await hand.sign_in(query="?nocatalog=true"))[2]["token"]


@pytest.mark.parametrize(
    "wrong",
    [{"password": "wrong"}, {"password": ""}, {"account": ""}, {"name": "cn-south-1"}, {"id": "f" * 32}],
    ids=str,
)
async def test_a_wrong_password_or_project_gets_no_token(hand, wrong):
    status, token, body = await hand.sign_in(**wrong)
    assert (status, token, body["error"]["code"]) == (401, None, 401)
    assert "synthetic-password" not in str(body)


@pytest.mark.parametrize("body", [{}, {"auth": None}, {"auth": {"identity": {"password": []}}}])
async def test_a_sign_in_of_another_shape_gets_no_token(hand, body):
    assert (await hand.json("POST", "/v3/auth/tokens", body=body))[0] == 401


async def test_a_project_is_found_by_its_region(hand):
    _, found = await hand.json("GET", "/v3/projects?name=cn-north-4")
    assert [project["id"] for project in found["projects"]] == [PROJECT]
    assert (await hand.json("GET", "/v3/projects?name=cn-south-1"))[1] == {"projects": []}
    assert (await hand.json("GET", "/v3/auth/projects"))[1] == found


async def test_it_says_where_it_listens_and_closes_for_good():
    async with Simulator(demo_world(START), clock=lambda: START, token=TOKEN, project_id=PROJECT) as simulator:
        assert simulator.url == f"http://127.0.0.1:{simulator.port}"
        socket.create_connection(("127.0.0.1", simulator.port)).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", simulator.port))
    await simulator.close()


async def test_a_port_in_use_is_an_os_error_and_another_may_be_tried(hand):
    other = Simulator(demo_world(START), clock=lambda: START, token=TOKEN, project_id=PROJECT)
    with pytest.raises(OSError, match="in use"):
        await other.start(port=hand.simulator.port)
    await other.start()
    assert other.port != hand.simulator.port
    await other.close()
