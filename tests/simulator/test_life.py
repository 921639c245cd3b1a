"""One execution, whatever its script, lives as the service says executions live."""

from itertools import pairwise

import pytest

from collector.simulator import answers
from collector.simulator.life import FINAL, SCRIPTS, Step, Teller

BEGIN = 1_700_000_000_000
STEPS = (
    Step("stop", "Stop", 1, 4, ("a", "b", "c")),
    Step("copy", "Copy", 2, 8, ("a", "b")),
    Step("check", "Check", 1, 5, ("a",), beside=True),
    Step("start", "Start", 1, 3),
)
NEXT = {
    "waitExecute": {"executing", "waitApproval"},
    "waitApproval": {"executing", "approvalFailed", "canceling"},
    "executing": {"success", "fail", "timeout", "pausing", "canceling"},
    "pausing": {"executing"},
    "canceling": {"cancel"},
    "fail": {"executing"},  # an operator had the failed node run again, or skipped it
}
EVERY = pytest.mark.parametrize("script", SCRIPTS)
SEEDS = range(12)


def told(script, seed=0, **how):
    return Teller(f"{seed}:wf:0", STEPS, BEGIN, **how).tell(script)


def shown(life, at):
    return answers.execution(life, "wf", "p", at)


@EVERY
def test_a_status_follows_only_where_the_service_lets_it(script):
    for seed in SEEDS:
        life = told(script, seed)
        words = [phase.status for phase in life.phases]
        assert words[0] == "waitExecute"
        assert words[-1] in FINAL
        assert all(after in NEXT.get(word, set()) for word, after in pairwise(words)), words
        moments = [phase.at for phase in life.phases]
        assert moments == sorted(moments)
        assert moments[0] == life.begin == BEGIN


@EVERY
def test_a_node_runs_only_while_the_execution_does(script):
    for seed in SEEDS:
        life = told(script, seed)
        for run in life.runs:
            assert life.phase(run.begin).status == "executing"
            assert run.begin < run.end <= life.settled
            assert life.phase(run.end - 1).status == "executing"


@EVERY
def test_what_is_shown_moves_forward_in_small_steps(script):
    """No jump from nothing to an end, no change of an id, no time without its cause."""
    life = told(script, 3)
    before = None
    for at in range(BEGIN, life.settled + 200, 50):
        record = shown(life, at)
        over = record["status"] in FINAL
        assert record["execution_id"] == life.id
        assert record["begin_time"] == BEGIN
        assert (record["end_time"] > 0) == over
        assert record["end_time"] <= at
        assert record["last_update_time"] <= at
        if before is None:
            assert record["status"] == "waitExecute"
        else:
            assert record["last_update_time"] >= before["last_update_time"]
            known = {node["function_execution_id"]: node["status"] for node in before.get("execution_result_list", [])}
            for node in record.get("execution_result_list", []):
                assert (node["end_time"] > 0) == (node["status"] not in {"executing", "not_performed"})
                assert node["end_time"] <= at
                if node["status"] not in {"executing", "not_performed"}:
                    assert known[node["function_execution_id"]] in {"executing", node["status"]}
        before = record
    assert shown(life, life.settled) == shown(life, life.settled + 10**9)


@pytest.mark.parametrize("script", ["retry", "stubborn", "skip"])
def test_a_failed_execution_that_goes_on_keeps_its_id_and_ends_again(script):
    for seed in SEEDS:
        life = told(script, seed)
        over = [phase for phase in life.phases if phase.status in FINAL]
        assert [phase.status for phase in over] == ["fail", "fail" if script == "stubborn" else "success"]
        failed = next(run for run in life.runs if run.status == "fail")
        again = [run for run in life.runs if run.node == failed.node and run is not failed]
        assert len(again) == (0 if script == "skip" else 1)
        assert all(run.id != failed.id and run.begin > over[0].at for run in again)
        assert len({node["node_id"] for node in shown(life, life.settled)["execution_result_list"]}) == len(
            shown(life, life.settled)["execution_result_list"]
        )


def test_what_a_failure_leaves_undone_is_shown_as_not_performed_until_it_goes_on():
    life = told("retry", 1)
    failed, resumed = (phase.at for phase in life.phases[2:4])
    assert "not_performed" in [node["status"] for node in shown(life, failed)["execution_result_list"]]
    assert "not_performed" not in [node["status"] for node in shown(life, resumed)["execution_result_list"]]


def test_a_node_that_is_never_come_to_ends_once_however_often_the_execution_fails():
    for seed in SEEDS:
        endings = [(node, status) for node, status, _ in told("stubborn", seed).endings()]
        assert endings.count((None, "fail")) == 2
        assert endings.count(("start", "not_performed")) == 1


def test_an_ignored_failure_stands_inside_a_success():
    record = shown(told("ignored"), BEGIN + 10**6)
    assert record["status"] == "success"
    assert sorted(node["status"] for node in record["execution_result_list"]) == ["fail", *["success"] * 3]


def test_nodes_that_run_beside_each_other_begin_together():
    runs = {run.node: run for run in told("success").runs}
    assert runs["check"].begin == runs["copy"].begin
    assert runs["start"].begin == max(runs["check"].end, runs["copy"].end)


def test_before_its_first_node_there_is_no_list_or_an_empty_one():
    life = told("refused")
    assert "execution_result_list" not in shown(life, BEGIN)
    assert shown(life, life.phases[1].at)["execution_result_list"] == []
    assert shown(life, life.settled)["execution_result_list"] == []


def test_before_it_begins_there_is_nothing_to_show():
    with pytest.raises(ValueError, match="begins later"):
        shown(told("success"), BEGIN - 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_targets_move_from_in_execution_to_where_they_belong(seed):
    life = told("fail", seed)
    culprit = next(run for run in life.runs if run.status == "fail")

    def counts(at):
        nodes = shown(life, at)["execution_result_list"]
        output = next(node for node in nodes if node["function_execution_id"] == culprit.id)["output"]
        return {word: len(entries) for word, entries in output.items()}

    size = len(culprit.targets)
    nothing = {"fail": 0, "in_execution": 0, "success": 0, "not_performed": 0}
    assert counts(culprit.begin) == nothing | {"in_execution": size}
    assert counts(culprit.end) == nothing | {"fail": culprit.failed, "success": size - culprit.failed}
    assert 1 <= culprit.failed <= size


def test_some_failures_spare_some_targets():
    runs = [run for seed in SEEDS for run in told("fail", seed).runs if run.status == "fail"]
    assert {run.failed < len(run.targets) for run in runs} == {True, False}


def test_a_node_without_targets_has_no_output():
    nodes = {node["node_id"]: node for node in shown(told("success"), BEGIN + 10**6)["execution_result_list"]}
    assert "output" in nodes["stop"]
    assert "output" not in nodes["start"]


def test_the_keys_that_differ_from_their_documentation_come_either_way():
    spelled = {
        frozenset({"create_by", "created_by"} & shown(told("success", seed), BEGIN).keys()) for seed in range(40)
    }
    assert spelled == {frozenset({"create_by"}), frozenset({"created_by"})}


def test_twice_the_pace_is_half_the_time():
    slow, fast = told("pause", 5), told("pause", 5, pace=2.0)
    assert [run.id for run in fast.runs] == [run.id for run in slow.runs]
    assert fast.settled - BEGIN == pytest.approx((slow.settled - BEGIN) / 2, abs=20)


def test_an_unknown_script_is_refused():
    with pytest.raises(KeyError):
        told("sucess")
