"""Good answers that show the truth badly: each kind alone, over real HTTP."""

import json
import re
from itertools import groupby

from collector.aom import wire
from collector.simulator import Kind
from collector.simulator.glitches import NODES, TIMES, WRAPPERS
from collector.simulator.life import FINAL
from tests.simulator.asking import START
from tests.simulator.trouble_asking import PODS, RELEASE, bag, flat, look, only, seen, small, troubled, true

LOOKS = 20
PATCHES = "wf-patch-hosts"


async def test_an_empty_answer_is_an_empty_list():
    async with troubled(only(Kind.EMPTY)) as hand:
        assert await seen(hand) == []
    assert hand.trouble.occurred == {"empty": 1}


async def test_a_shortened_answer_lacks_some_and_keeps_the_order_of_the_others():
    async with troubled(only(Kind.SHORTENED)) as hand:
        lengths = set()
        for _ in range(LOOKS):
            shown, all_there = await seen(hand), true(hand)
            assert shown == [record for record in all_there if record in shown]
            assert len(shown) < len(all_there)
            lengths.add(len(shown))
    assert len(lengths) > 3
    assert hand.trouble.occurred == {"shortened": LOOKS}


async def test_a_shuffled_answer_has_the_same_records_in_another_order():
    async with troubled(only(Kind.SHUFFLED)) as hand:
        orders = set()
        for _ in range(LOOKS):
            shown = await seen(hand)
            assert bag(shown) == bag(true(hand))
            assert shown != true(hand)
            orders.add(tuple(record["execution_id"] for record in shown))
    assert len(orders) > LOOKS / 2
    assert hand.trouble.occurred == {"shuffled": LOOKS}


async def test_a_duplicate_is_the_same_or_an_older_state_of_its_execution_and_never_a_later_one():
    async with troubled(only(Kind.DUPLICATED)) as hand:
        same = older = 0
        for _ in range(LOOKS):
            originals = {record["execution_id"]: record for record in true(hand)}
            shown = await seen(hand)
            extras = bag(shown) - bag(originals.values())
            assert not bag(originals.values()) - bag(shown)
            assert 1 <= extras.total() <= 3
            for record in shown:
                original = originals[record["execution_id"]]
                if record == original:
                    same += extras[next(iter(bag([record])))] > 0
                    continue
                older += 1
                moment = record["last_update_time"]
                assert moment < original["last_update_time"]
                assert record in true(hand, at=moment)  # it was in this state
    assert same
    assert older
    assert hand.trouble.occurred == {"duplicated": LOOKS}


async def test_a_lagging_replica_has_no_duplicate_of_a_state_it_does_not_know_yet():
    told, now = small(kept=3), START + 60_000
    later = 0
    async with (
        troubled(only(Kind.LAGGING, lag=20_000), told=told) as lagging,
        troubled(only(Kind.LAGGING, Kind.DUPLICATED, lag=20_000), told=told) as both,
    ):
        for look_number in range(40):
            lagging.now = both.now = now + look_number * 700
            known = {record["execution_id"]: record for record in await seen(lagging)}
            for record in await seen(both):
                assert record["last_update_time"] <= known[record["execution_id"]]["last_update_time"]
            later += list(known.values()) != true(both)
    assert later > 10


async def test_a_lagging_answer_is_the_whole_truth_of_a_moment_before():
    async with troubled(only(Kind.LAGGING, lag=5_000)) as hand:
        behind = 0
        for look_number in range(40):
            hand.now = START + 60_000 + look_number * 700
            shown = await seen(hand)
            moment = max(record["last_update_time"] for record in shown)
            assert shown == true(hand, at=moment)
            assert moment <= hand.now
            assert moment >= max(record["last_update_time"] for record in true(hand, at=hand.now - 5_000))
            behind += shown != true(hand)
    assert 10 < behind < 40
    assert hand.trouble.occurred == {"lagging": behind}


async def first_shown(hand, workflow_id, seconds):
    """When each execution was shown first, and as what."""
    found = {}
    for second in range(seconds):
        hand.now = START + second * 1000
        for record in await seen(hand, workflow_id):
            found.setdefault(record["execution_id"], (hand.now, record["status"]))
    return found


async def test_a_late_execution_appears_only_once_it_is_over_and_one_that_reopens_from_its_begin_on():
    async with troubled(only(Kind.LATE, lateness=10_000, relief=4)) as hand:
        found = await first_shown(hand, PODS, 70)
        lives = [life for life in hand.simulator.world.lives(PODS, START + 55_000) if life.begin > START]
        ended = [life for life in lives if life.settled < START + 55_000]
        delays = [found[life.id][0] - life.settled for life in ended]
        assert len(delays) > 2
        assert all(0 <= delay < 11_000 for delay in delays)
        assert max(delays) > 2000
        assert all(found[life.id][1] in FINAL for life in ended)
        for workflow_id in (RELEASE, PATCHES):
            again = hand.simulator.world.lives(workflow_id, START + 20_000)[0]
            at, status = (await first_shown(hand, workflow_id, 20))[again.id]
            assert again.begin <= at < again.begin + 1000
            assert status not in FINAL
    assert hand.trouble.occurred["late"] > 20


async def test_of_executions_that_may_be_late_some_are_on_time():
    async with troubled(only(Kind.LATE, rate=0.5, seed=4, lateness=10_000)) as hand:
        found = await first_shown(hand, PODS, 70)
    lives = [life for life in hand.simulator.world.lives(PODS, START + 55_000) if life.begin > START]
    late = [found[life.id][0] > life.settled for life in lives]
    assert any(late)
    assert not all(late)


async def test_a_rotated_history_shows_its_newest_few_for_a_few_looks():
    async with troubled(only(Kind.ROTATED, rate=0.5, rotation=3, newest=3)) as hand:
        kept = {}
        for workflow_id in hand.simulator.world.flows:
            shown = [await seen(hand, workflow_id) for _ in range(30)]
            whole = true(hand, workflow_id)
            assert all(records == whole[: len(records)] for records in shown)
            lengths = [len(records) for records in shown]
            blocks = [lengths[place : place + 3] for place in range(0, 30, 3)]
            assert all(len(set(block)) == 1 for block in blocks)
            kept[workflow_id] = set(lengths) - {len(whole)}
            assert len(list(groupby(lengths))) > 2 or len(whole) == 1
    found = [lengths for lengths in kept.values() if lengths]
    assert all(len(lengths) == 1 for lengths in found)
    assert set.union(*found) == {1, 2, 3}
    assert hand.trouble.occurred["rotated"] > 30


def forms(record):
    """In which forms a record's times are written."""
    for key in TIMES:
        value = record.get(key, "missing")
        if isinstance(value, str) and value.isdigit() and value != "0":
            yield f"{len(value)} digits"
        elif isinstance(value, str) and "T" in value:
            fraction, zone = re.fullmatch(r"[-\d]{10}T[:\d]{8}(\.\d{3})?(Z|\+\d\d:\d\d)?", value).groups(default="")
            yield f"iso{'.mmm' if fraction else ''}{zone}"
        elif isinstance(value, int) and value > 0:
            yield len(str(value))
        else:
            yield value


def decoded(body, at):
    return wire.history(body, digest=wire.digest(body), now=at, date=at)


def to_the_second(records):
    def second(ms):
        return ms and ms // 1000

    return [
        (
            *(record.id, record.status, second(record.begin), second(record.end), second(record.updated)),
            [(node.node, node.run, node.status, second(node.begin), second(node.end)) for node in record.nodes],
        )
        for record in records
    ]


async def test_times_come_in_every_unit_and_type_and_are_right_to_the_second():
    async with troubled(only(Kind.TIMES)) as hand:
        written, within = set(), set()
        for _ in range(LOOKS):
            _, body = await look(hand)
            plain = wire.history(json.dumps(true(hand)).encode(), digest=b"", now=hand.now, date=hand.now)
            read = decoded(body, hand.now)
            assert not read.flaws
            assert to_the_second(read.records) == to_the_second(plain.records)
            for record in flat(json.loads(body)):
                written |= set(forms(record))
                for node in record.get(NODES, ()):
                    within |= set(forms(node))
                units = {form for form in forms(record) if form in {10, 13, "10 digits", "13 digits"}}
                assert len({str(form)[:2] for form in units}) <= 1  # one execution, one precision
    numbers = {10, 13, "10 digits", "13 digits"}
    zones = {f"iso{fraction}{zone}" for fraction in ("", ".mmm") for zone in ("", "Z", "+00:00", "+08:00")}
    assert within >= numbers | zones
    assert written == numbers | zones | {None, 0, "", "0", -1, "missing"}
    assert hand.trouble.occurred == {"times": LOOKS}


def is_record(value, key):
    return isinstance(value, dict) and isinstance(value.get(key), str) and bool(value[key])


async def test_garbage_lies_between_records_and_within_them_and_has_nobodys_id():
    async with troubled(only(Kind.GARBAGE)) as hand:
        kinds, within = set(), 0
        for _ in range(LOOKS):
            shown = await seen(hand)
            junk = [value for value in shown if not is_record(value, "execution_id")]
            records = [value for value in shown if is_record(value, "execution_id")]
            assert 1 <= len(junk) <= 3
            kinds |= {type(value) for value in junk}
            kinds |= {"nameless" for value in junk if isinstance(value, dict) and "status" in value}
            for record in records:
                nodes = record.get(NODES, [])
                real = [node for node in nodes if is_record(node, "node_id")]
                within += len(nodes) - len(real)
                if len(nodes) > len(real):
                    record[NODES] = real
            assert records == true(hand)
    assert kinds >= {type(None), int, float, str, bool, dict, "nameless"}
    assert within > LOOKS
    assert hand.trouble.occurred == {"garbage": LOOKS}


async def test_a_nested_answer_is_a_list_of_lists():
    async with troubled(only(Kind.NESTED)) as hand:
        shown = [await seen(hand) for _ in range(LOOKS)]
        assert all(flat(root) == true(hand) for root in shown)
        assert all(isinstance(part, list) and part for root in shown for part in root)
        assert {len(root) for root in shown} == {1, 2}
    assert hand.trouble.occurred == {"nested": LOOKS}


async def test_a_wrapped_answer_is_an_object_with_the_list_under_one_of_four_keys():
    async with troubled(only(Kind.WRAPPED)) as hand:
        keys = set()
        for _ in range(LOOKS):
            shown = await seen(hand)
            assert shown.pop("total_elements") == len(true(hand))
            ((key, inner),) = shown.items()
            assert inner == true(hand)
            keys.add(key)
    assert keys == set(WRAPPERS) == {"elements", "executions", "data", "items"}
    assert hand.trouble.occurred == {"wrapped": LOOKS}


async def test_several_glitches_strike_one_answer_together():
    async with troubled(only(Kind.EMPTY, Kind.NESTED, Kind.WRAPPED)) as hand:
        shown = await seen(hand)
        assert [[]] in shown.values()
        assert shown["total_elements"] == 0
    assert hand.trouble.occurred == {"empty": 1, "nested": 1, "wrapped": 1}


async def test_what_changes_nothing_did_not_occur():
    async with troubled(only(Kind.EMPTY, Kind.SHUFFLED, Kind.DUPLICATED, Kind.GARBAGE)) as hand:
        assert await seen(hand) == []
        assert +hand.trouble.occurred == {"empty": 1}
