"""The vendor's own SDK asks the simulator as it asks the service."""

import asyncio
import time

import pytest
from huaweicloudsdkaom.v1 import (
    ListWorkflowExecutionsRequest,
    ListWorkflowRequest,
    SearchWorkflowExecutionDetailRequest,
    WorkflowQueryParam,
)
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, SdkException

from collector.simulator import Key, demo_world
from tests.simulator.asking import ACCESS_KEY, KEYS, PROJECT, TEMPORARY, serving
from tests.simulator.vendor import OLD_CLOCK, client

pytestmark = pytest.mark.filterwarnings(OLD_CLOCK)

FLOW = "wf-backup-nightly"
MINUTE = 60_000


@pytest.fixture
async def hand():
    """The SDK reads the machine's clock, so the simulator's goes with it."""
    now = time.time_ns() // 1_000_000
    async with serving(demo_world(now - MINUTE), keys=KEYS | {"SYNTHETICNEWCOMER000": Key("new")}) as asking:
        asking.now = now
        yield asking


async def executions(asked, workflow_id=FLOW):
    request = ListWorkflowExecutionsRequest(workflow_id=workflow_id)
    return (await asyncio.to_thread(asked.list_workflow_executions, request)).body


async def refused(asked):
    with pytest.raises(ClientRequestException) as caught:
        await executions(asked)
    assert (caught.value.status_code, caught.value.error_code) == (401, "APIGW.0301")
    assert int(caught.value.request_id, 16) > 0
    return caught.value.error_msg


@pytest.mark.parametrize(
    "who",
    [
        {},
        {"access_key": TEMPORARY, "secret": KEYS[TEMPORARY].secret, "security_token": KEYS[TEMPORARY].security_token},
    ],
    ids=["permanent", "temporary"],
)
async def test_it_reads_workflows_and_executions_with_the_right_key(hand, who):
    asked = client(hand.simulator.url, **who)
    expected = hand.simulator.world.history(FLOW, hand.now, project_id=PROJECT)
    assert [each.execution_id for each in await executions(asked)] == [each["execution_id"] for each in expected]
    query = WorkflowQueryParam(page=0, size=100, sort_field="last_execution_start_time", sort_type="DESC")
    listed = await asyncio.to_thread(asked.list_workflow, ListWorkflowRequest(body=query))
    assert {each.id for each in listed.elements} == set(hand.simulator.world.flows)
    detail = SearchWorkflowExecutionDetailRequest(workflow_id=FLOW, execution_id=expected[0]["execution_id"])
    found = await asyncio.to_thread(asked.search_workflow_execution_detail, detail)
    assert found.execution_id == expected[0]["execution_id"]
    assert not hand.simulator.signature_failures
    assert not hand.simulator.violations


async def test_it_learns_the_project_from_its_region_with_a_signed_request(hand):
    asked = await asyncio.to_thread(
        client, hand.simulator.url, access_key="SYNTHETICNEWCOMER000", secret="new", project_id=None
    )
    assert await executions(asked)
    assert hand.simulator.requests["GET", "/v3/projects", 200] == 1


async def test_a_wrong_secret_is_refused_and_written_down(hand):
    assert "verify aksk signature fail" in await refused(client(hand.simulator.url, secret="wrong"))
    assert hand.simulator.signature_failures == {ACCESS_KEY: 1}


async def test_a_wrong_access_key_is_refused_and_written_down(hand):
    assert "NOBODY,err:ak not exist" in await refused(client(hand.simulator.url, access_key="NOBODY"))
    assert hand.simulator.signature_failures == {"NOBODY": 1}


@pytest.mark.parametrize("minutes", [20, -20])
async def test_a_clock_twenty_minutes_off_is_refused(hand, minutes):
    hand.now += minutes * MINUTE
    assert "15 minutes" in await refused(client(hand.simulator.url))
    hand.now -= minutes * MINUTE // 2
    assert await executions(client(hand.simulator.url))


async def test_a_temporary_key_without_its_security_token_is_refused(hand):
    secret = KEYS[TEMPORARY].secret
    asked = client(hand.simulator.url, access_key=TEMPORARY, secret=secret)
    assert "X-Security-Token" in await refused(asked)
    asked = client(hand.simulator.url, access_key=TEMPORARY, secret=secret, security_token="another")
    assert "X-Security-Token" in await refused(asked)


async def test_another_project_is_refused_by_the_service(hand):
    asked = client(hand.simulator.url, project_id="f" * 32)
    with pytest.raises(SdkException) as caught:
        await executions(asked)
    assert caught.value.status_code == 403
