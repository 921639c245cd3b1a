"""The metadata service of the simulator, asked by hand and by the vendor's SDK."""

import asyncio
import time

import aiohttp
import pytest
from huaweicloudsdkaom.v1 import ListWorkflowExecutionsRequest
from huaweicloudsdkcore.auth.internal import MetadataAccessor
from huaweicloudsdkcore.auth.provider import MetadataCredentialProvider
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

from collector.aom.instance import Instance
from collector.clock import Clock
from collector.simulator import Agency, Machine, demo_world
from collector.simulator.http import EXECUTIONS
from tests.simulator.asking import START, serving
from tests.simulator.vendor import OLD_CLOCK, client

pytestmark = pytest.mark.filterwarnings(OLD_CLOCK)

TOKEN, KEYS = "/meta-data/latest/api/token", "/openstack/latest/securitykey"
LIFE = {"X-Metadata-Token-Ttl-Seconds": "21600"}


class Hand:
    """A clock that is moved by hand."""

    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now


async def ask(machine, method, path, **headers):
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, machine.url + path, headers=headers) as response,
    ):
        return response.status, await response.text()


async def test_version_2_wants_a_token_and_version_1_knows_none():
    clock = Hand()
    async with Machine(Agency(clock=clock), clock=clock) as machine:
        assert (await ask(machine, "GET", KEYS))[0] == 401
        assert (await ask(machine, "PUT", TOKEN))[0] == 400
        assert (await ask(machine, "PUT", TOKEN, **LIFE, **{"X-Forwarded-For": "1.2.3.4"}))[0] == 400
        _, token = await ask(machine, "PUT", TOKEN, **LIFE)
        assert (await ask(machine, "GET", KEYS, **{"X-Metadata-Token": token}))[0] == 200
        machine.forget_tokens()
        assert (await ask(machine, "GET", KEYS, **{"X-Metadata-Token": token}))[0] == 401
        machine.version = 1
        assert (await ask(machine, "PUT", TOKEN, **LIFE))[0] == 404
        assert (await ask(machine, "GET", KEYS))[0] == 200
        machine.agency = None
        assert await ask(machine, "GET", KEYS) == (401, "Please configure Cloud Service Agency first")
        machine.down = 500
        assert (await ask(machine, "GET", KEYS))[0] == 500
        assert (await ask(machine, "GET", "/elsewhere"))[0] == 500


def test_keys_are_lent_for_their_life_and_overlap_at_its_end():
    clock = Hand()
    agency = Agency(clock=clock, life=1000, overlap=200)
    first = agency.lend()
    clock.now += 799
    assert agency.lend() == first
    clock.now += 1
    second = agency.lend()
    assert second["access"] != first["access"]
    assert set(agency) == {first["access"], second["access"]}
    clock.now += 200
    assert set(agency) == {second["access"]}
    assert agency[second["access"]].security_token == second["securitytoken"]
    agency.revoke()
    assert len(agency) == 0


@pytest.mark.parametrize("version", [2, 1])
async def test_the_vendor_is_lent_the_same_keys_as_we_and_the_service_takes_them(monkeypatch, version):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    clock = Clock()
    agency = Agency(clock=clock.now)
    async with Machine(agency, clock=clock.now, version=version) as machine:
        monkeypatch.setattr(MetadataAccessor, "_METADATA_ENDPOINT", machine.url)
        theirs = await asyncio.to_thread(MetadataCredentialProvider.get_basic().get_credentials)
        ours = Instance(clock=clock, address=machine.url)
        ours.join("prod", lambda _: None)
        await ours.ready("prod")
        keys = ours.keys()
        assert (keys.access_key, keys.secret_key, keys.security_token) == (theirs.ak, theirs.sk, theirs.security_token)
        async with serving(demo_world(clock.now()), keys=agency) as hand:
            hand.now = time.time_ns() // 1_000_000
            asked = client(
                hand.simulator.url, access_key=theirs.ak, secret=theirs.sk, security_token=theirs.security_token
            )
            request = ListWorkflowExecutionsRequest(workflow_id="wf-backup-nightly")
            await asyncio.to_thread(asked.list_workflow_executions, request)
            assert hand.simulator.requests["GET", EXECUTIONS, 200] == 1
            assert not hand.simulator.signature_failures
            agency.revoke()
            with pytest.raises(ClientRequestException):
                await asyncio.to_thread(asked.list_workflow_executions, request)
        machine.agency = None
        with pytest.raises(ClientRequestException):
            await asyncio.to_thread(MetadataCredentialProvider.get_basic().get_credentials)
