"""Never more than the rate as the server sees it, fair turns, limits that are kept, projects that are left alone."""

import asyncio
import time
from itertools import pairwise

import pytest
from aiohttp import TCPConnector, web
from tenacity import RetryCallState, Retrying, wait_random_exponential

from collector.aom import Budget
from collector.aom.breaker import IN_A_ROW, SELDOM, Breaker, Tripped
from collector.aom.refusal import NotOffered, Refusal, limit
from collector.aom.throttle import HELD, MARGIN, STEP, Gate, Limit, spacing
from collector.clock import Clock
from collector.errors import Reason, SourceError, Unavailable
from collector.model import Key, Workflow
from tests.aom.speaking import KEYS_AUTH, PASSWORD_AUTH, RECORD, Iam, client, served

DOWN = Unavailable("it answered 503", reason=Reason.SERVER)
WATCHED = tuple(
    Workflow(key=Key("prod", f"wf-{number}"), project_id="", name=None, interval=60.0) for number in range(3)
)
ABSENT = NotOffered("it answered 404", reason=Reason.NOT_FOUND)


def most_in_a_second(at: list[float]) -> int:
    return max(sum(begin <= each < begin + 1 for each in at) for begin in at)


@pytest.mark.parametrize("rate", [3, 7.9])
async def test_no_second_at_the_server_holds_more_than_the_rate_through_retries_renewals_and_a_restart(rate: float):
    at: list[float] = []
    iam = Iam()

    async def answer(request: web.Request) -> web.StreamResponse:
        at.append(time.monotonic())
        if len(at) % 5 == 0:
            iam.good.clear()  # every token dies: the next request signs in anew
        if len(at) % 4 == 3:
            return web.Response(status=503)
        return await iam.answer(request)

    async with served(answer) as endpoint:
        for _ in range(2):  # one process right after the other
            budget = Budget(rate, clock=Clock())
            async with client(endpoint, PASSWORD_AUTH, budget=budget, concurrency=8) as aom:
                looks = (aom.history(f"wf-{number}", known=b"") for number in range(8))
                await asyncio.gather(*looks, return_exceptions=True)
    assert len(at) > 16
    assert iam.issued > 2
    assert most_in_a_second(at) <= int(rate)


async def test_a_connection_that_takes_long_to_be_made_pushes_no_two_requests_together(
    monkeypatch: pytest.MonkeyPatch,
):
    """Making it is slow for the first; those that follow find it made."""
    at: list[float] = []

    async def answer(_: web.Request) -> web.Response:
        at.append(time.monotonic())
        return web.json_response([RECORD])

    async with served(answer) as endpoint:
        budget = Budget(5, clock=Clock())
        async with client(endpoint, budget=budget) as slow, client(endpoint, budget=budget, name="b") as quick:
            await quick.history("wf-1", known=b"")
            connect = TCPConnector._create_connection  # noqa: SLF001  nothing public is slow on demand

            async def late(*args: object):
                await asyncio.sleep(0.35)
                return await connect(*args)

            monkeypatch.setattr(TCPConnector, "_create_connection", late)
            one = asyncio.create_task(slow.history("wf-1", known=b""))
            for _ in range(4):
                await quick.history("wf-1", known=b"")
            await one
    assert min(later - earlier for earlier, later in pairwise(at)) > 0.15


@pytest.mark.parametrize(("rate", "seconds"), [(0.2, 5.0), (1, 1.0), (1.9, 1.0), (4, 0.25), (0.5, 2.0)])
def test_requests_are_a_margin_further_apart_than_the_rate_says(rate: float, seconds: float):
    assert seconds < spacing(rate) <= seconds + MARGIN


async def test_a_project_with_much_to_ask_does_not_take_the_turns_of_another():
    budget, order = Budget(50, clock=Clock()), []
    parts = {name: budget.part(name, gateway=name) for name in ("greedy", "modest")}

    async def ask(name: str) -> None:
        (await parts[name].turn(patience=1)).sent()
        order.append(name)

    await asyncio.gather(*(ask("greedy") for _ in range(20)), *(ask("modest") for _ in range(3)))
    assert [place for place, name in enumerate(order) if name == "modest"] == [1, 3, 5]


@pytest.mark.parametrize(("rate", "first"), [(0.9, "connecting"), (2.0, "waiting")])
async def test_a_turn_is_held_while_a_connection_is_made_where_the_next_one_is_far_away(rate: float, first: str):
    budget, went = Budget(rate, clock=Clock()), []
    mine, theirs = (budget.part(name, gateway="g") for name in ("mine", "theirs"))

    async def waiting() -> None:
        turn = await theirs.turn(patience=1)
        went.append("waiting")
        turn.sent()

    turn = await mine.turn(patience=1)
    other = asyncio.create_task(waiting())
    await asyncio.sleep(0)  # it is in the queue
    turn.back()
    await asyncio.sleep(0.1)  # a connection is made
    await turn.again()
    went.append("connecting")
    turn.sent()
    await other
    assert went[0] == first


async def test_a_rest_is_kept_by_those_who_ask_the_same_gateway_alone():
    budget = Budget(1000, clock=Clock())
    budget.part("sick", gateway="here").rest(60)
    with pytest.raises(Unavailable, match="60 s of it are left"):
        await budget.part("neighbour", gateway="here").turn(patience=1)
    async with asyncio.timeout(1):
        await budget.part("healthy", gateway="there").turn(patience=1)


@pytest.mark.parametrize(
    ("says", "named"),
    [
        ("over ratelimit,limit:100,time:1 minute", Limit(requests=100, seconds=60)),
        ("policy ip over ratelimit, LIMIT : 5 , Time:1second", Limit(requests=5, seconds=1)),
        ("limit:100", None),
        ("limit:100,time:1 fortnight", None),
        ("limit:0,time:1 second", None),
        ("limit:5,time:0 second", None),
        ("limit:5,time:9999999 minute", None),
        ("limit:99999999999999999999,time:1 second", None),
        ("", None),
    ],
)
def test_a_limit_is_read_where_it_can_be_meant(says: str, named: Limit | None):
    assert limit(says) == named


def test_a_limit_is_kept_to_for_a_while_and_then_left_step_by_step():
    gate = Gate(4.0)
    gate.name(Limit(requests=60, seconds=60), 100.0)
    rates = [gate.rate(100 + HELD + after) for after in (-1, 0, STEP, 2 * STEP, 1e9)]
    assert rates == [0.5, 1, 2, 4, 4]
    gate.name(Limit(requests=10**9, seconds=1), 1e6)
    assert gate.rate(1e6) == 4.0


def breaker(watched: int = 3, slowest: float = 60.0) -> Breaker:
    return Breaker(slowest=slowest, watched=watched, chance=lambda: 0.5)


def opened(error: SourceError = DOWN) -> Breaker:
    found = breaker()
    for number in range(IN_A_ROW):
        found.fell(f"wf-{number % 3}", error, 0.0)
    return found


def test_an_open_breaker_says_what_failed_last_and_lets_one_probe_through_per_cool_down():
    found = opened()
    with pytest.raises(Tripped, match="it answered 503") as caught:
        found.meet("wf-0", 14.0)
    assert caught.value.reason is Reason.SERVER
    assert found.meet("wf-0", 15.1)
    with pytest.raises(Tripped):
        found.meet("wf-1", 15.2)
    found.fell("wf-0", DOWN, 15.3, probe=True)
    found.probed()
    with pytest.raises(Tripped):
        found.meet("wf-1", 45.2)
    assert found.meet("wf-1", 45.4)
    found.stood()
    assert not found.meet("wf-2", 45.5)


def test_no_cool_down_is_longer_than_the_slowest_interval():
    found = opened()
    now = 0.0
    for number in range(6):
        now += 60.1
        assert found.meet(f"wf-{number % 3}", now)
        found.fell(f"wf-{number % 3}", DOWN, now, probe=True)
        found.probed()


def test_one_workflow_that_fails_alone_opens_nothing():
    found = breaker()
    for _ in range(50):
        found.fell("wf-0", DOWN, 0.0)
    assert not found.meet("wf-1", 0.0)


def test_a_probe_that_ended_without_an_answer_lets_the_next_look_probe():
    found = opened()
    assert found.meet("wf-0", 15.1)
    found.probed()
    assert found.meet("wf-1", 15.2)


def test_what_is_not_offered_is_asked_for_about_once_an_hour():
    found = breaker()
    found.fell("wf-0", ABSENT, 0.0)
    assert found.meet("wf-1", 15.1), "one answer may have been a slip"
    found.fell("wf-1", ABSENT, 15.2, probe=True)
    found.probed()
    with pytest.raises(Tripped):
        found.meet("wf-2", 15.2 + SELDOM - 1)
    assert found.meet("wf-2", 15.2 + SELDOM + 1)


async def test_a_project_without_the_interface_costs_one_request_and_then_a_probe():
    asked = 0

    async def absent(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.json_response({"error_code": "APIGW.0101", "error_msg": "no such API"}, status=404)

    async with served(absent) as endpoint, client(endpoint, workflows=WATCHED) as aom:
        for number in range(30):
            with pytest.raises(SourceError, match="region 'cn-north-4'") as caught:
                await aom.history(f"wf-{number % 3}", known=b"")
            assert caught.value.reason is Reason.NOT_FOUND
    assert asked == 1


def test_a_signature_that_fails_by_the_clock_says_by_how_much():
    error = Refusal(status=401, code="APIGW.0301").verdict(now=0, skew=1200.0)
    assert "clock is 20 min behind" in str(error)
    assert "clock is 20 min ahead" in str(Refusal(status=401, code="APIGW.0301").verdict(now=0, skew=-1200.0))


def test_pauses_are_spread_over_their_whole_width():
    wait = wait_random_exponential(multiplier=0.5, max=20)
    state = RetryCallState(retry_object=Retrying(), fn=None, args=(), kwargs={})
    for attempt, widest in ((1, 0.5), (2, 1.0), (3, 2.0), (20, 20.0)):
        state.attempt_number = attempt
        pauses = [wait(state) for _ in range(400)]
        assert 0 <= min(pauses) < widest * 0.1
        assert widest * 0.9 < max(pauses) <= widest


async def test_a_key_shared_by_two_projects_is_paced_as_one():
    at: list[float] = []

    async def answer(_: web.Request) -> web.Response:
        at.append(time.monotonic())
        return web.json_response([RECORD])

    budget = Budget(6, clock=Clock())
    async with (
        served(answer) as one,
        served(answer) as other,
        client(one, KEYS_AUTH, budget=budget) as first,
        client(other, KEYS_AUTH, budget=budget, name="other") as second,
    ):
        await asyncio.gather(*(aom.history("wf-1", known=b"") for aom in (first, second) for _ in range(5)))
    assert most_in_a_second(at) <= 6
