"""What strikes a request: from the seed alone, at the rates asked for, with relief, and until all is calm."""

import asyncio
import json
from hashlib import sha256
from itertools import pairwise

import pytest

from collector.simulator import KINDS, Kind, Trouble, hostile, mild
from collector.simulator.trouble import FAILURES, GLITCHES, TOKENS
from tests.simulator.asking import CMS, SORTED
from tests.simulator.trouble_asking import ALONE, PODS, ZIPPED, look, only, parted, seen, small, troubled, true, wire


def struck(trouble, looks=400, place=PODS):
    return [trouble.turn(place) for _ in range(looks)]


def test_every_kind_is_a_glitch_or_a_failure_but_the_early_death_of_a_token():
    assert len(KINDS) == 25
    assert (*GLITCHES, *FAILURES, Kind.EARLY_EXPIRY) == KINDS
    assert set(hostile(1).rates) == set(KINDS)
    assert set(mild(1).rates) == set(GLITCHES) | set(FAILURES)


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused_in_one_sentence(rate):
    with pytest.raises(ValueError, match=r"^a rate is a number from 0 to 1$"):
        Trouble(seed=1, rates={Kind.EMPTY: 0.5, Kind.LATE: rate})


def test_kinds_that_do_not_exist_are_refused_in_one_sentence():
    with pytest.raises(ValueError, match=r"^no kinds of trouble: earthquake, flood$"):
        Trouble(seed=1, rates={"flood": 1, "earthquake": 1, "empty": 1})


def test_a_kind_may_be_called_by_its_plain_name_and_both_ends_of_the_rates_are_rates():
    turn = Trouble(seed=1, rates={"empty": 1, "torn": 0}, relief=0).turn(PODS)
    assert turn.kinds == {Kind.EMPTY}


def test_what_strikes_repeats_from_the_seed_whatever_is_asked_for_in_between():
    one, again, other = hostile(3), hostile(3), hostile(4)
    for _ in range(50):
        again.turn("another workflow")
    assert struck(one) == struck(again)
    assert [turn.kinds for turn in struck(one)] != [turn.kinds for turn in struck(other)]
    assert [turn.kinds for turn in struck(hostile(3), place="a")] != [
        turn.kinds for turn in struck(hostile(3), place="b")
    ]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not Kind.LATE])
def test_a_kind_strikes_about_as_often_as_its_rate_says(kind):
    share = sum(kind in turn.kinds for turn in struck(only(kind, rate=0.3), 2000)) / 2000
    assert 0.24 < share < 0.36


def test_kinds_strike_apart_from_each_other():
    turns = struck(only(Kind.EMPTY, Kind.SHUFFLED, rate=0.5), 1000)
    for kinds in ({Kind.EMPTY}, {Kind.SHUFFLED}, {Kind.EMPTY, Kind.SHUFFLED}, set()):
        assert 180 < sum(turn.kinds == kinds for turn in turns) < 320


@pytest.mark.parametrize("relief", [1, 2, 4, 7])
def test_one_of_so_many_looks_in_a_row_meets_nothing_but_what_is_late(relief):
    trouble = Trouble(seed=2, rates=dict.fromkeys(KINDS, 1), relief=relief)
    firsts = set()
    for place in "abcdefghijkl":
        spared = [number for number, turn in enumerate(struck(trouble, 40, place)) if turn.kinds == {Kind.LATE}]
        assert all(later - earlier == relief for earlier, later in pairwise(spared))
        assert spared[0] < relief
        assert 40 - spared[-1] <= relief
        firsts.add(spared[0])
    assert len(firsts) > 1 or relief == 1  # each workflow has its own turn


def test_without_relief_nobody_is_spared():
    assert all(turn.kinds for turn in struck(only(*KINDS)))


def test_a_request_meets_one_failure_at_most_and_no_glitch_where_no_answer_is_sent():
    answered = {Kind.CUT_GZIP, Kind.LOST, Kind.TORN, Kind.TRICKLING, Kind.HUGE, Kind.SLOW, Kind.CUT_JSON}
    for failure in FAILURES:
        (turn,) = struck(only(failure, *GLITCHES), 1)
        assert turn.failure is failure
        assert turn.kinds == {failure} | (set(GLITCHES) if failure in answered else set())
    (turn,) = struck(only(*FAILURES), 1)
    assert turn.kinds == {turn.failure}


def test_mild_is_mild_and_hostile_is_hostile():
    def shares(trouble):
        turns = [turn for place in "abcd" for turn in struck(trouble, 500, place)]
        failed = [turn for turn in turns if turn.failure]
        touched = [turn for turn in turns if turn.kinds - {Kind.LATE, Kind.EARLY_EXPIRY}]
        return len(failed) / 2000, len(touched) / 2000

    failed, touched = shares(mild(8))
    assert 0.01 < failed < 0.035
    assert 0.15 < touched < 0.3
    failed, touched = shares(hostile(8))
    assert 0.2 < failed < 0.35
    assert 0.65 < touched < 0.75  # all but the relieved, nearly


def test_who_is_late_and_for_how_long_is_settled_by_the_execution_alone():
    trouble, again = only(Kind.LATE, rate=0.5, lateness=8000), only(Kind.LATE, rate=0.5, lateness=8000)
    delays = [trouble.delay(f"execution-{number}") for number in range(1000)]
    assert delays == [again.delay(f"execution-{number}") for number in range(1000)]
    assert 400 < sum(delay > 0 for delay in delays) < 600
    assert 7500 < max(delays) <= 8000
    assert min(delay for delay in delays if delay) < 500
    assert only(Kind.EMPTY).delay("execution") == 0


async def answers(trouble, looks=20):
    """A digest of all that comes back on the wire, byte for byte."""
    found, kinds = sha256(), set()
    async with troubled(trouble, told=small(kept=2)) as hand:
        for number in range(looks):
            hand.now += 1500
            for workflow_id in (PODS, "wf-backup-nightly"):
                got, _ = await wire(hand, workflow_id, headers=ZIPPED if number % 2 else ALONE)
                kinds.add(parted(got)[0] if got else "")
                found.update(got + b"\n")
    return found.hexdigest(), kinds, +trouble.occurred


def quick(seed):
    rates = {"late": 0.3} | dict.fromkeys(GLITCHES, 0.3) | dict.fromkeys(FAILURES, 0.06)
    return Trouble(seed=seed, rates=rates, slow=0.001, pause=0, huge=200_000)


async def test_all_answers_repeat_byte_for_byte_from_the_seed():
    once, kinds, occurred = await answers(quick(11))
    assert (once, occurred) == (await answers(quick(11)))[::2]
    assert once != (await answers(quick(12)))[0]
    assert len(kinds) > 3
    assert len(occurred) > 12


async def test_calm_ends_all_of_it():
    async with troubled(only(*KINDS, lateness=10**7)) as hand:
        hand.trouble.calm()
        assert hand.trouble.over
        for _ in range(5):
            assert await seen(hand) == true(hand)
        status, token, _ = await hand.sign_in()
        assert status == 201
        hand.now += 86_000_000
        response, _ = await look(hand, headers=ALONE | {"X-Auth-Token": token})
        assert response.status == 200
    assert not +hand.trouble.occurred


async def test_who_waits_waits_no_longer_than_until_all_is_calm():
    trouble = only(Kind.SLOW)
    waiting = [asyncio.create_task(trouble.wait(3600)) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    trouble.calm()
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting, trouble.wait(3600))


async def test_a_token_dies_early_though_it_was_promised_a_day():
    async with troubled(only(Kind.EARLY_EXPIRY, rate=0.5, early=0.05), token_life=100_000) as hand:
        ends = []
        issued = hand.now
        for _ in range(20):
            hand.now = issued
            _, token, body = await hand.sign_in()
            assert body["token"]["expires_at"] > body["token"]["issued_at"]
            headers = ALONE | {"X-Auth-Token": token}
            statuses = []
            for after in (4_999, 5_000, 99_999, 100_000):
                hand.now = issued + after
                statuses.append((await look(hand, headers=headers))[0].status)
            ends.append(statuses)
        early, whole = [200, 401, 401, 401], [200, 200, 200, 401]
        assert all(statuses in (early, whole) for statuses in ends)
        assert 0 < ends.count(early) < 20
        assert hand.trouble.occurred == {"early_expiry": ends.count(early)}


def test_a_token_has_its_relief_too():
    trouble = only(Kind.EARLY_EXPIRY, relief=3)
    lives = [trouble.life(1000) for _ in range(9)]
    assert sorted(lives) == [50] * 6 + [1000] * 3
    assert trouble.turn(TOKENS).number == 9


async def test_without_trouble_all_is_as_it_is():
    async with troubled(None) as hand:
        for headers in (ALONE, ZIPPED):
            first, said, _ = parted((await wire(hand, headers=headers))[0])
            assert first == "HTTP/1.1 200 OK"
            names = {"content-type", "date", "x-request-id", "server", "connection", "content-length"}
            assert set(said) - {"content-encoding", "transfer-encoding"} >= names - {"content-length"}
        for _ in range(10):
            for workflow_id in hand.simulator.world.flows:
                response, body = await look(hand, workflow_id)
                assert body == json.dumps(true(hand, workflow_id), ensure_ascii=False, separators=(",", ":")).encode()
                assert int(response.headers["Content-Length"]) == len(body)
        status, page = await hand.json("POST", f"{CMS}/workflow-list", body=SORTED)
        assert (status, page["total_elements"]) == (200, len(hand.simulator.world.flows))
        assert not hand.simulator.trouble.occurred
        assert {status for _, _, status in hand.simulator.requests} == {200}
