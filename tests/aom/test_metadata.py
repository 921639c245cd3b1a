"""Keys that the machine is lent: asked for once for all, renewed in time, and used while they live."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp import web

from collector.aom import Budget, instance, metadata
from collector.aom.instance import AGAIN_AFTER, PAUSE, Instance
from collector.clock import Clock
from collector.errors import Reason, Refused, Unavailable
from collector.model import Renewed, Requested
from collector.simulator import Agency, Machine, Simulator, world
from tests.aom.speaking import PROJECT_ID, Hands, Speaker, answers, client, failed, served

AUTH = 'method = "metadata"'
HOUR = 3600
TOKEN, KEYS = "/meta-data/latest/api/token", "/openstack/latest/securitykey"


class Cloud:
    """A machine with its agency's keys, a service that knows them, and collectors' clients on both."""

    def __init__(self, stack: AsyncExitStack, *, life: int = HOUR, version: int = 2) -> None:
        self.clock = Hands()
        self.agency = Agency(clock=self.clock.now, life=life * 1000, overlap=min(600, life // 5) * 1000)
        self.machine = Machine(self.agency, clock=self.clock.now, version=version)
        self.service = Simulator(
            world(7, workflows=1, start=self.clock.now()),
            clock=self.clock.now,
            project_id=PROJECT_ID,
            keys=self.agency,
        )
        self._stack = stack

    async def client(self, **changes) -> Speaker:
        return await self._stack.enter_async_context(
            client(self.service.url, AUTH, clock=self.clock, budget=self.budget, **changes)
        )

    @property
    def lent(self) -> int:
        """How often keys were lent."""
        return self.machine.requests["GET", KEYS, 200]


@asynccontextmanager
async def cloud(**how):
    async with AsyncExitStack() as stack:
        made = Cloud(stack, **how)
        await stack.enter_async_context(made.machine)
        await stack.enter_async_context(made.service)
        borrowed = Instance(clock=made.clock, address=made.machine.url, chance=lambda: 0.0)
        made.budget = Budget(1000, clock=made.clock, instance=borrowed)
        yield made


async def look(aom: Speaker) -> int:
    return len((await aom.history("wf-00001", known=b"")).digest)


def told(aom: Speaker) -> list[int | None]:
    return [fact.expires_at for fact in aom.facts if isinstance(fact, Renewed)]


@asynccontextmanager
async def asking(handler):
    """A client whose metadata service is that handler, and whose AOM is nowhere."""
    clock = Hands()
    async with served(handler) as address:
        budget = Budget(1000, clock=clock, instance=Instance(clock=clock, address=address, chance=lambda: 0.0))
        async with client("http://127.0.0.1:9", AUTH, clock=clock, budget=budget) as aom:
            aom.clock = clock
            yield aom


@pytest.mark.parametrize(
    ("version", "asked"),
    [(2, {("PUT", TOKEN, 200): 1, ("GET", KEYS, 200): 1}), (1, {("PUT", TOKEN, 404): 1, ("GET", KEYS, 200): 1})],
)
async def test_keys_are_lent_once_and_used_until_they_are_old(version: int, asked: dict):
    async with cloud(version=version) as there:
        aom = await there.client()
        for _ in range(3):
            assert await look(aom)
        assert there.machine.requests == asked
        assert aom.codes() == ["200"] * 3
        assert aom.codes("get_metadata") == ["404" if version == 1 else "200", "200"]
        (expiry,) = told(aom)
        assert 3_590_000 < expiry - there.clock.now() <= 3_600_000
        assert not there.service.signature_failures


async def test_many_that_wait_for_the_first_keys_cost_one_request():
    async with cloud() as there:
        aom = await there.client(concurrency=64)
        await asyncio.gather(*(look(aom) for _ in range(64)))
        assert there.machine.requests.total() == 2


async def test_all_projects_of_the_machine_share_its_keys_and_each_is_told_when_they_expire():
    async with cloud() as there:
        one, other = await there.client(), await there.client(name="other")
        await asyncio.gather(look(one), look(other))
        late = await there.client(name="late")
        await look(late)
        assert there.lent == 1
        assert told(one) == told(other) == told(late) != []
        asked = [fact for fact in one.facts + other.facts if isinstance(fact, Requested)]
        assert [fact.operation for fact in asked].count("get_metadata") == 2


async def test_keys_are_renewed_ahead_of_their_end_while_nobody_waits():
    async with cloud() as there:
        aom = await there.client()
        await look(aom)
        there.clock.move(HOUR - 605)
        await look(aom)
        assert there.lent == 1
        there.clock.move(10)
        await look(aom)
        while len(told(aom)) < 2:
            await asyncio.sleep(0)
        there.clock.move(700)
        await look(aom)
        assert there.lent == 2
        assert not there.service.signature_failures


async def test_the_same_keys_lent_again_are_not_asked_for_at_every_look_and_told_once():
    async with cloud() as there:
        there.agency._overlap = 60_000  # noqa: SLF001  a service that has no others yet
        aom = await there.client()
        await look(aom)
        there.clock.move(HOUR - 599)
        for _ in range(5):
            await look(aom)
            while there.lent < 2:
                await asyncio.sleep(0)
        assert there.lent == 2
        assert len(told(aom)) == 1


async def test_a_metadata_service_that_is_away_for_an_hour_costs_nothing_while_the_keys_live():
    async with cloud() as there:
        aom = await there.client()
        await look(aom)
        there.machine.down = 500
        for _ in range(58):
            there.clock.move(60)
            await look(aom)
            await asyncio.sleep(0.002)
        assert 5 <= aom.codes("get_metadata").count("500") <= 22
        there.clock.move(180)
        error = await failed(aom, Unavailable)
        assert error.reason is Reason.SERVER
        assert str(error).startswith(f"project 'prod': get_metadata at {there.machine.url}: it answered 500")
        there.machine.down = 0
        there.clock.move(AGAIN_AFTER * 2)
        assert await look(aom)
        assert not there.service.signature_failures


async def test_a_token_of_the_metadata_service_that_died_is_renewed_once():
    async with cloud() as there:
        aom = await there.client()
        await look(aom)
        there.machine.forget_tokens()
        there.clock.move(HOUR)
        await look(aom)
        assert aom.codes("get_metadata") == ["200", "200", "401", "200", "200"]


async def test_a_machine_without_an_agency_is_said_and_asked_again_after_a_pause():
    async with cloud() as there:
        agency, there.machine.agency = there.machine.agency, None
        aom = await there.client()
        for _ in range(3):
            error = await failed(aom, Refused)
            assert error.reason is Reason.AUTH
            assert "this machine has no agency" in str(error)
        assert aom.codes("get_metadata") == ["200", "401"]
        there.machine.agency = agency
        there.clock.move(PAUSE + 1)
        assert await look(aom)


async def test_no_credential_at_all_is_a_matter_of_signing_in_and_asked_for_now_and_then():
    for status, requests in ((404, 2), (500, 1)):
        async with asking(answers(b"no such thing", status)) as aom:
            for _ in range(3):
                error = await failed(aom, Refused)
                assert error.reason is Reason.AUTH
                assert str(error).endswith("there is no other credential, give one in [project.auth]")
            assert len(aom.codes("get_metadata")) == requests
            aom.clock.move(AGAIN_AFTER + 1)
            await failed(aom, Refused)
            assert len(aom.codes("get_metadata")) == 2 * requests


async def test_keys_that_are_revoked_are_replaced_within_the_same_look():
    async with cloud() as there:
        aom = await there.client()
        await look(aom)
        there.clock.move(AGAIN_AFTER + 1)
        there.agency.revoke()
        assert await look(aom)
        assert aom.codes() == ["200", "401", "200"]
        assert there.lent == 2


async def test_keys_that_stay_refused_are_left_alone_and_the_service_s_own_words_remain():
    async with cloud() as there:
        aom = await there.client()
        there.service._access._keys = {}  # noqa: SLF001  a service that knows none of them
        for _ in range(4):
            error = await failed(aom, Refused)
            assert "ak not exist" in str(error)
        assert there.service.signature_failures.total() == 2
        assert there.lent == 1
        there.clock.move(301)
        await failed(aom, Refused)
        assert there.lent == 2


async def test_keys_that_die_while_their_turn_is_waited_for_are_not_used():
    clock = Hands()
    async with Machine(Agency(clock=clock.now, life=60_000, overlap=0), clock=clock.now) as machine:
        borrowed = Instance(clock=clock, address=machine.url)
        with pytest.raises(Unavailable):
            borrowed.keys()
        borrowed.join("prod", lambda _: None)
        await borrowed.ready("prod")
        assert borrowed.keys().access_key.startswith("SYNTHETICLENT")
        clock.move(61)
        with pytest.raises(Unavailable, match="just expired"):
            borrowed.keys()


async def test_no_proxy_is_asked_for_keys(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    async with Machine(Agency(clock=Clock().now), clock=Clock().now) as machine:
        borrowed = Instance(clock=Clock(), address=machine.url.replace("127.0.0.1", "localhost"))
        borrowed.join("prod", lambda _: None)
        await borrowed.ready("prod")


async def test_a_redirect_of_the_metadata_service_is_not_followed():
    seen = []

    async def elsewhere(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(text="{}")

    async with served(elsewhere) as other, asking(answers(b"", 302, Location=other)) as aom:
        assert "none is followed" in str(await failed(aom, Refused))
    assert seen == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html>canary-secret</html>", "no JSON object"),
        (b"[]", "no JSON object"),
        (b'{"credential": {"access": "canary-secret"}}', "lacks an access key"),
        (b'{"credential": {"access": "A", "secret": "canary-secret\\n"}}', "lacks an access key"),
        (b'{"access": "A", "secret": "canary-secret", "expires_at": "2001-01-01T00:00:00Z"}', "have expired already"),
        (b" " * (metadata.MOST_BYTES + 1), "larger than 65536 bytes"),
    ],
)
async def test_an_answer_of_the_metadata_service_s_that_is_none_is_said(body: bytes, says: str):
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="t") if request.method == "PUT" else web.Response(body=body)

    async with asking(handler) as aom:
        assert says in str(await failed(aom, Refused))


async def test_a_token_that_cannot_travel_in_a_header_is_none():
    async with asking(answers(b"canary-secret\r\nX: 1")) as aom:
        assert "the token it gave is none" in str(await failed(aom, Refused))


async def test_a_metadata_service_that_hangs_is_given_up_soon(monkeypatch):
    monkeypatch.setattr(metadata, "TIMEOUT", 0.1)

    async def hang(_: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    async with asking(hang) as aom:
        assert "no whole answer within 0.1 s" in str(await failed(aom, Refused))


async def test_what_it_quotes_of_its_token_is_not_repeated():
    async def handler(request: web.Request) -> web.Response:
        if request.method == "PUT":
            return web.Response(text="canary-secret")
        return web.json_response({"error_msg": f"bad {request.headers['X-Metadata-Token']}"}, status=400)

    async with asking(handler) as aom:
        assert "bad <secret>" in str(await failed(aom, Refused))


async def test_a_request_for_keys_ends_with_the_last_that_uses_them():
    there = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        there.set()
        await asyncio.sleep(5)
        return web.Response()

    async with served(hang) as address:
        budget = Budget(1000, clock=Clock(), instance=Instance(clock=Clock(), address=address))
        async with client(address, AUTH, budget=budget, name="other") as other:
            async with client(address, AUTH, budget=budget) as aom:
                waiting = asyncio.create_task(look(aom))
                await there.wait()
                waiting.cancel()
                await asyncio.gather(waiting, return_exceptions=True)
            assert [task for task in asyncio.all_tasks() if "Flight" in repr(task)]
            await other._client._credential.close()  # noqa: SLF001
            assert not [task for task in asyncio.all_tasks() if "Flight" in repr(task)]


async def test_no_lent_secret_is_seen_in_what_is_told():
    async with cloud() as there:
        aom = await there.client()
        await look(aom)
        held = there.budget.instance
        shown = repr(aom.facts) + repr(vars(held)) + repr(vars(aom._client._credential))  # noqa: SLF001
        assert held.keys().secret_key.startswith("synthetic-lent-secret")
        assert "synthetic-lent" not in shown


def test_the_metadata_service_is_asked_where_every_machine_has_it():
    assert (metadata.ADDRESS, metadata.TIMEOUT) == ("http://169.254.169.254", 3.0)
    assert Instance.__init__.__kwdefaults__["address"] == instance.ADDRESS
