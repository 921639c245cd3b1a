"""What the demonstration promises its viewer, for any seed, from the history alone."""

import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from collector.simulator import demo_world

START = 1_700_000_000_000
FINAL = {"success", "fail", "cancel", "approvalFailed", "timeout"}
EXAMPLE = Path(__file__).parent.parent / "data" / "published-executions.json"
SEEDS = pytest.mark.parametrize("seed", [0, 1, 7, 1000])


def watched(seed, *, first=0, last=45, step=1000):
    """By moment and workflow, what the history shows of executions since the start; a look a second."""
    told = demo_world(START, seed=seed)
    return {
        at: {
            workflow_id: [record for record in told.history(workflow_id, at) if record["begin_time"] >= START]
            for workflow_id in told.flows
        }
        for at in range(START + first * 1000, START + last * 1000 + 1, step)
    }


def statuses(look):
    return Counter(record["status"] for records in look.values() for record in records)


@SEEDS
def test_within_45_seconds_an_execution_has_ended_in_every_way(seed):
    seen = {status for look in watched(seed).values() for status in statuses(look)}
    assert seen >= FINAL


@SEEDS
def test_within_45_seconds_a_node_has_failed(seed):
    look = watched(seed, first=45)[START + 45_000]
    nodes = [
        node for records in look.values() for record in records for node in record.get("execution_result_list", [])
    ]
    assert {"fail", "timeout", "cancel", "not_performed", "success"} <= {node["status"] for node in nodes}


@SEEDS
def test_within_45_seconds_a_failed_execution_went_on_under_its_id_and_ended_again(seed):
    lives = defaultdict(list)
    for look in watched(seed).values():
        for records in look.values():
            for record in records:
                life = lives[record["execution_id"]]
                if not life or life[-1] != record["status"]:
                    life.append(record["status"])
    assert any(life[-3:] == ["fail", "executing", "success"] for life in lives.values())


@pytest.mark.parametrize("seed", range(0, 400, 8))
def test_chance_never_delays_the_opening(seed):
    told, deadline = demo_world(START, seed=seed), START + 45_000
    endings = sum((told.truth(workflow_id, deadline) for workflow_id in told.flows), Counter())
    assert {status for node, status in endings if node is None} == FINAL
    retried = told.lives("wf-release-payment", deadline)[0]
    assert [phase.status for phase in retried.phases][-3:] == ["fail", "executing", "success"]
    assert max(Counter(run.node for run in retried.runs).values()) == 2, "the node that failed ran again"
    assert retried.settled <= deadline
    pausing, beside = told.lives("wf-scale-search", deadline)[1::-1]
    assert pausing.phase(deadline).status == "pausing"
    assert START < beside.begin < beside.settled <= deadline


@SEEDS
def test_one_waits_for_approval_from_the_third_second_to_the_eleventh_minute(seed):
    waiting = None
    for look in watched(seed, first=3, last=660, step=3000).values():
        now = {r["execution_id"] for r in look["wf-release-frontend"] if r["status"] == "waitApproval"}
        assert waiting in {None, frozenset(now)}
        waiting = frozenset(now)
    assert len(waiting) == 1


@SEEDS
def test_waiting_for_approval_comes_again_and_again(seed):
    told = demo_world(START, seed=seed)
    for hour in range(1, 6):
        shown = [told.history("wf-release-frontend", START + hour * 3_600_000 + m * 60_000)[0] for m in range(30)]
        assert "waitApproval" in {record["status"] for record in shown}


@SEEDS
def test_one_is_pausing_from_the_fifteenth_second_on(seed):
    assert all(statuses(look)["pausing"] >= 1 for look in watched(seed, first=15).values())


@SEEDS
def test_several_run_at_once_and_some_of_them_in_one_workflow(seed):
    looks = watched(seed).values()
    assert max(statuses(look)["executing"] for look in looks) >= 3
    assert max(sum(record["status"] not in FINAL for record in look["wf-scale-search"]) for look in looks) >= 2


@SEEDS
def test_there_is_no_minute_in_which_nothing_ends(seed):
    told = demo_world(START, seed=seed)
    for minute in (*range(1, 20), 60, 1440, 1_000_000):
        at = START + minute * 60_000
        ended = [record["end_time"] for wf in told.flows for record in told.history(wf, at)]
        assert any(at - 60_000 < end <= at for end in ended)


def test_every_way_to_end_comes_up_again_later():
    told = demo_world(START)
    hour = sum((told.truth(wf, START + 2 * 3_600_000, since=START + 3_600_000) for wf in told.flows), Counter())
    assert {status for node, status in hour if node is None} == FINAL


def test_the_workflows_have_names_to_recognise_and_rhythms_of_their_own():
    flows = [flow for flow in demo_world(START).flows.values() if flow.verbatim is None]
    assert 8 <= len(flows) <= 10
    assert "夜间数据库备份" in {flow.name for flow in flows}
    assert len({flow.name for flow in flows}) == len(flows)
    assert len({flow.period for flow in flows}) == len(flows)
    assert all(len(flow.steps) >= 3 for flow in flows)
    assert all(1 <= step.low <= step.high <= 20 for flow in flows for step in flow.steps)
    assert all(not flow.steps[-1].beside and not flow.steps[0].beside for flow in flows)


def test_one_workflow_answers_the_published_example_at_any_time():
    told = demo_world(START)
    example = json.loads(EXAMPLE.read_text("utf-8"))
    for seconds in (-100, 0, 45, 10**6):
        assert told.history("wf-published-example", START + seconds * 1000) == example
