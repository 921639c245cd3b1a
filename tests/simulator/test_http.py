import gzip
import socket

import aiohttp
import pytest

from collector.simulator import Simulator, demo_world

T0 = 1_800_000_000_000
PROJECT = "0123456789abcdef0123456789abcdef"
TOKEN = {"X-Auth-Token": "good"}
BASE = f"/v1/{PROJECT}/cms"
LIST = {"sort_field": "last_execution_start_time", "sort_type": "DESC"}


@pytest.fixture
async def simulator():
    async with Simulator(demo_world(T0), clock=lambda: T0 + 30_000, token="good", project_id=PROJECT) as running:
        yield running


@pytest.fixture
async def asked(simulator: Simulator):
    async with aiohttp.ClientSession(simulator.url) as session:

        async def ask(method: str, path: str, status: int = 200, **more: object):
            async with session.request(method, path, **({"headers": TOKEN} | more)) as response:
                assert response.status == status, await response.text()
                return await response.json(), response

        yield ask


async def test_executions_are_answered_with_a_date(asked):
    body, response = await asked("GET", f"{BASE}/workflow/wf-restart-pods/executions")
    assert body[0]["execution_result_list"][0]["node_id"] == "delete-workload-pod"
    assert response.headers["Date"] == "Fri, 15 Jan 2027 08:00:30 GMT"


async def test_a_wrong_token_another_project_and_unknown_places_are_refused_as_the_service_does(asked):
    body, _ = await asked("GET", f"{BASE}/workflow/wf-restart-pods/executions", 401, headers={})
    assert body == {"error_code": "AOM.31009004", "error_message": "auth failed.", "http_code": "401"}
    await asked("GET", f"/v1/{'f' * 32}/cms/workflow/wf-restart-pods/executions", 403)
    body, _ = await asked("GET", f"{BASE}/workflow/nobody/executions", 404)
    assert body["error_code"].startswith("AOM.")
    body, _ = await asked("GET", "/v1/nowhere", 404)
    assert body["error_code"] == "APIGW.0101"
    body, _ = await asked("DELETE", f"{BASE}/workflow/wf-restart-pods/executions", 404)
    assert body["error_code"] == "APIGW.0101"


async def test_a_post_that_would_start_a_task_is_noted(asked, simulator: Simulator):
    body, _ = await asked("POST", f"{BASE}/workflow/wf-restart-pods/executions")
    assert body["execution_id"]
    assert simulator.violations == [f"POST {BASE}/workflow/wf-restart-pods/executions"]


async def test_the_workflow_list_is_sorted_and_paged(asked, simulator: Simulator):
    everything, _ = await asked("POST", f"{BASE}/workflow-list", json=LIST | {"page": 0, "size": 100})
    assert everything["total_elements"] == len(everything["elements"]) == len(simulator.world.flows)
    starts = [element["last_execution_start_time"] for element in everything["elements"]]
    assert starts == sorted(starts, reverse=True)
    pages = []
    for page in range(6):
        body, _ = await asked("POST", f"{BASE}/workflow-list", json=LIST | {"page": page, "size": 2})
        pages += body["elements"]
    assert pages == everything["elements"]
    await asked("POST", f"{BASE}/workflow-list", 400, json={})
    await asked("POST", f"{BASE}/workflow-list", 400, data=b"nonsense")


async def test_one_execution_can_be_asked_for(asked):
    body, _ = await asked("GET", f"{BASE}/workflow/wf-restart-pods/executions")
    one, _ = await asked("GET", f"{BASE}/workflow/wf-restart-pods/executions/{body[0]['execution_id']}/status")
    assert one == body[0]
    await asked("GET", f"{BASE}/workflow/wf-restart-pods/executions/nobody/status", 404)


async def test_a_password_gets_a_token_that_opens_the_project(asked):
    user = {"name": "u", "password": "p", "domain": {"name": "d"}}
    auth = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}
    body, response = await asked("POST", "/v3/auth/tokens", 201, json=auth)
    assert body["token"]["project"]["id"] == PROJECT
    token = {"X-Auth-Token": response.headers["X-Subject-Token"]}
    await asked("GET", f"{BASE}/workflow/wf-restart-pods/executions", headers=token)
    projects, _ = await asked("GET", "/v3/projects?name=cn-north-4", headers=token)
    assert projects["projects"][0]["id"] == PROJECT
    await asked("POST", "/v3/auth/tokens", 401, json={})


async def test_gzip_is_sent_where_it_is_asked_for(simulator: Simulator):
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        url = f"{simulator.url}{BASE}/workflow/wf-restart-pods/executions"
        async with session.get(url, headers=TOKEN | {"Accept-Encoding": "gzip"}) as response:
            assert response.headers["Content-Encoding"] == "gzip"
            assert gzip.decompress(await response.read()).startswith(b"[{")
        async with session.get(url, headers=TOKEN | {"Accept-Encoding": "identity"}) as response:
            assert "Content-Encoding" not in response.headers


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
async def test_it_listens_on_ipv6_too():
    made = Simulator(demo_world(T0), clock=lambda: T0, token="good", project_id=PROJECT)
    await made.start("::1")
    try:
        assert made.url.startswith("http://[::1]:")
    finally:
        await made.close()


async def test_what_was_asked_is_counted(asked, simulator: Simulator):
    await asked("GET", f"{BASE}/workflow/wf-restart-pods/executions")
    template = "/v1/{project_id}/cms/workflow/{workflow_id}/executions"
    assert simulator.requests["GET", template, 200] == 1
