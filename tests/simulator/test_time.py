"""The world is a function of seed, workflow and time, and costs no more however long it runs."""

import json
import time
from collections import Counter

import pytest

from collector.simulator import World, demo_world, world
from collector.simulator.listing import Query, selected
from collector.simulator.world import Flow

START = 1_700_000_000_000
FINAL = {"success", "fail", "cancel", "approvalFailed", "timeout"}


def walked(told, workflow_id, *, until, step=100):
    """What a reader counts who sees every state: each final state of each run once, by its id and its end."""
    past = {record["execution_id"] for record in told.history(workflow_id, START)}
    marks, unchanged = set(), {}
    for at in range(START, until + 1, step):
        for record in told.history(workflow_id, at):
            execution = record["execution_id"]
            if execution in past or unchanged.get(execution) is record:
                continue
            unchanged[execution] = record
            over = record["status"] in FINAL
            if over:
                marks.add((None, record["status"], execution, record["end_time"]))
            for node in record.get("execution_result_list", []):
                if node["status"] in FINAL or (over and node["status"] == "not_performed"):
                    marks.add((node["node_id"], node["status"], execution, node["end_time"]))
    return Counter((node, status) for node, status, *_ in marks)


@pytest.mark.parametrize("seed", [7, 23])
def test_the_truth_is_what_a_reader_counts_who_misses_nothing(seed):
    told, until = demo_world(START, seed=seed), START + 80_000
    truths = {workflow_id: told.truth(workflow_id, until) for workflow_id in told.flows}
    assert {workflow_id: walked(told, workflow_id, until=until) for workflow_id in told.flows} == truths
    assert sum(truths.values(), Counter()).total() > 50


def test_the_truth_grows_by_what_lies_between_two_moments():
    told = demo_world(START)
    one, two = START + 90_000, START + 7_200_000
    for workflow_id in told.flows:
        between = told.truth(workflow_id, two, since=one)
        assert told.truth(workflow_id, one) + between == told.truth(workflow_id, two)
        assert not told.truth(workflow_id, START)
    assert sum(told.truth(workflow_id, START, since=START - 86_400_000).total() for workflow_id in told.flows) > 100


def test_the_order_of_questions_does_not_matter():
    moments = [START + ms for ms in (0, 5_000, 61_000, 3_600_000)]
    forwards, backwards = demo_world(START), demo_world(START)
    asked = [json.dumps(forwards.history("wf-patch-hosts", at)) for at in moments]
    assert asked == [json.dumps(backwards.history("wf-patch-hosts", at)) for at in reversed(moments)][::-1]


@pytest.mark.parametrize("seconds", [-200_000, -1, 0, 0.5, 45, 86_400, 3 * 365 * 86_400])
def test_a_history_is_as_long_as_it_may_be_newest_first(seconds):
    told = demo_world(START)
    at = START + round(seconds * 1000)
    for workflow_id, flow in told.flows.items():
        records = told.history(workflow_id, at)
        if flow.verbatim is None:
            begins = [record["begin_time"] for record in records]
            assert begins == sorted(begins, reverse=True)
            assert len(set(begins)) == len(begins) == told.kept
            assert begins[0] <= at


@pytest.mark.parametrize(
    "told",
    [world(5, workflows=3, start=START), demo_world(START, pace=3.0), demo_world(START, pace=0.7)],
    ids=["many", "fast", "slow"],
)
def test_an_execution_is_there_from_the_millisecond_of_its_begin(told):
    for workflow_id in told.flows:
        for life in told.lives(workflow_id, START + 200_000):
            assert told.history(workflow_id, life.begin)[0]["execution_id"] == life.id
            assert told.history(workflow_id, life.begin - 1)[0]["execution_id"] != life.id
            assert told.begun(workflow_id, life.begin) == life.begin


def test_nothing_active_falls_out_of_the_history():
    told = demo_world(START)
    for workflow_id in told.flows:
        for at in range(START, START + 3_600_000, 60_000):
            assert told.history(workflow_id, at)[-1]["status"] in FINAL


def test_before_the_start_everything_is_long_over():
    told = demo_world(START)
    for workflow_id in told.flows:
        records = told.history(workflow_id, START)
        assert all(record["status"] in FINAL and record["end_time"] < START - 600_000 for record in records)


def test_the_list_says_what_the_history_says():
    told = demo_world(START)
    for at in (START, START + 20_000, START + 500_000):
        for element in told.listing(at):
            newest = told.history(element["id"], at)[0]
            assert element["last_execution_id"] == newest["execution_id"]
            assert element["last_execution_start_time"] == newest["begin_time"]
            assert element["last_execution_end_time"] == newest["end_time"]
            assert element["status"] == newest["status"]
            known = {node["id"] for node in element["nodes"]}
            assert {node["node_id"] for node in newest.get("execution_result_list", [])} <= known
            assert element["create_time"] < START


def test_one_execution_is_told_as_in_the_history():
    told = demo_world(START)
    at = START + 30_000
    for record in told.history("wf-restart-pods", at):
        assert told.detail("wf-restart-pods", record["execution_id"], at) == record
    assert told.detail("wf-restart-pods", "no-such", at) is None


def test_a_workflow_nobody_knows_is_a_key_error():
    for ask in (World.history, World.truth, World.element, World.begun):
        with pytest.raises(KeyError):
            ask(demo_world(START), "no-such", START)


def test_twice_the_pace_tells_twice_as_much():
    slow, fast = (world(1, workflows=5, start=START, pace=pace) for pace in (1.0, 2.0))
    for workflow_id in slow.flows:
        told = fast.truth(workflow_id, START + 3_600_000).total()
        assert told == pytest.approx(slow.truth(workflow_id, START + 7_200_000).total(), abs=2)


def test_ten_thousand_workflows_cost_nothing_until_asked_for():
    began = time.process_time()
    told = world(1, workflows=10_000, start=START)
    for day in range(200):
        told.history("wf-04711", START + day * 86_400_000)
    query = Query(sort_field="last_execution_start_time", descending=True, size=100)
    page = selected(told, query, START + 10**10, project_id="p")
    assert time.process_time() - began < 8, "a second or so where nothing else runs"
    assert (len(page["elements"]), page["total_elements"]) == (100, 10_000)


def test_begins_are_in_order_whatever_the_rhythm():
    flow = Flow(id="wf", name="wf", steps=world(1, workflows=1, start=START).flows["wf-00001"].steps, period=4.0)
    told = World(seed=1, start=START, flows={"wf": flow}, kept=400)
    begins = [record["begin_time"] for record in told.history("wf", START + 1_000_000)]
    assert begins == sorted(begins, reverse=True)
