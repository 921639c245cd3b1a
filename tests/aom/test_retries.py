"""What is asked again, how often, and when not."""

import asyncio

import pytest
from aiohttp import web
from tenacity import wait_fixed

from collector.aom import client as asking
from collector.errors import Reason, Refused, Unavailable, Unreadable
from tests.aom.speaking import RECORD, Hands, client, failed, served


class Moody:
    """Answers one after another from a list, and the last one for ever."""

    def __init__(self, *answers: web.Response | str | tuple[int, dict]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer == "hang":
            await asyncio.sleep(30)
        if answer == "abort":
            request.transport.abort()
            return web.Response()
        if answer == "good":
            return web.json_response([RECORD])
        status, headers = answer
        return web.Response(status=status, headers=headers)


@pytest.mark.parametrize(
    "trouble", [(500, {}), (502, {}), (503, {"Retry-After": "0"}), (408, {}), (429, {"Retry-After": "0"}), "abort"]
)
async def test_what_may_pass_is_asked_again_and_the_look_succeeds(trouble: object):
    moody = Moody(trouble, trouble, "good")
    async with served(moody.answer) as endpoint, client(endpoint) as aom:
        assert len((await aom.history("wf-1", known=b"")).records) == 1
    assert moody.asked == 3


async def test_a_request_that_hangs_is_asked_again_within_the_deadline():
    moody = Moody("hang", "good")
    async with served(moody.answer) as endpoint, client(endpoint, timeout=0.2) as aom:
        assert len((await aom.history("wf-1", known=b"")).records) == 1
    assert aom.codes() == ["error", "200"]


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        ((401, {}), Refused),
        ((403, {}), Refused),
        ((404, {}), Refused),
        ((400, {}), Unreadable),
        ((302, {}), Unreadable),
    ],
)
async def test_what_will_not_pass_is_asked_once(trouble: object, kind: type):
    moody = Moody(trouble)
    async with served(moody.answer) as endpoint, client(endpoint) as aom:
        await failed(aom, kind)
    assert moody.asked == 1


async def test_a_lasting_failure_is_asked_four_times_and_its_own_words_are_kept():
    moody = Moody((503, {}))
    async with served(moody.answer) as endpoint, client(endpoint) as aom:
        assert "it answered 503" in str(await failed(aom, Unavailable))
    assert moody.asked == asking.MOST_ATTEMPTS


async def test_no_attempt_begins_after_the_deadline(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(asking, "_backoff", wait_fixed(10))
    moody = Moody((500, {}))
    async with served(moody.answer) as endpoint, client(endpoint, poll_deadline=5.0) as aom:
        async with asyncio.timeout(3):
            assert (await failed(aom, Unavailable)).reason is Reason.SERVER
    assert moody.asked == 1


async def test_the_deadline_ends_a_look_whatever_it_waits_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(asking, "_backoff", wait_fixed(0.15))
    moody = Moody((500, {}), "hang")
    async with served(moody.answer) as endpoint, client(endpoint, poll_deadline=0.5, timeout=30.0) as aom:
        error = await failed(aom, Unavailable)
    assert error.reason is Reason.TIMEOUT
    assert "poll_deadline, 0.5 s" in str(error)
    assert moody.asked == 2


async def test_how_long_the_service_asks_for_is_how_long_nobody_asks():
    clock, moody = Hands(), Moody((429, {"Retry-After": "60"}), "good")
    async with served(moody.answer) as endpoint, client(endpoint, clock=clock, poll_deadline=30.0) as aom:
        for _ in range(3):
            assert (await failed(aom, Unavailable)).reason is Reason.THROTTLED
        assert moody.asked == 1
        clock.move(61)
        assert len((await aom.history("wf-1", known=b"")).records) == 1


async def test_a_short_rest_is_waited_out_within_the_look():
    moody = Moody((429, {"Retry-After": "1"}), "good")
    clock = Hands()
    async with served(moody.answer) as endpoint, client(endpoint, clock=clock) as aom:
        began = clock.monotonic()
        assert len((await aom.history("wf-1", known=b"")).records) == 1
        assert clock.monotonic() - began >= 1.0


async def test_a_retry_keeps_to_the_rate_like_every_request():
    moody = Moody((500, {}), (500, {}), "good")
    clock = Hands()
    budget = asking.Budget(5, clock=clock)
    async with served(moody.answer) as endpoint, client(endpoint, clock=clock, budget=budget) as aom:
        began = clock.monotonic()
        await aom.history("wf-1", known=b"")
        assert clock.monotonic() - began > 0.39, "two waits of a fifth of a second"


async def test_when_the_wait_for_the_first_turn_is_over_is_told_once():
    moody, told = Moody((500, {}), "good"), []
    async with served(moody.answer) as endpoint, client(endpoint) as aom:
        await aom.history("wf-1", known=b"", begun=lambda: told.append(moody.asked))
    assert told == [0]
