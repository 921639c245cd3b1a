from itertools import permutations

import pytest

from collector.ledger.streak import length
from collector.model import Flaw
from tests.ledger.story import T0, Watch, node, run


def streak(watch: Watch) -> int:
    return length(watch.ledger.executions.streak)


def test_the_latest_execution_is_the_one_that_began_last_whatever_ended_last():
    watch = Watch().begins()
    watch.sees(run("fail", 10, 99, id="long"), run("executing", 20, id="young"))
    assert watch.ledger.executions.latest.status == "executing"
    assert watch.ledger.executions.last.run == "long"


def test_an_older_execution_that_is_learned_late_is_not_the_latest():
    watch = Watch().begins()
    watch.sees(run("fail", 20, 30, id="young", nodes=(node("fail", 20, 30, run="r2"),)))
    watch.sees(run("success", 10, 90, id="old", nodes=(node("success", 10, 90, run="r1"),)))
    assert watch.ledger.executions.latest.run == "young"
    assert watch.node().tally.latest.status == "fail"
    assert watch.ledger.executions.last.run == "old"


def test_a_run_without_a_begin_ranks_below_any_other():
    watch = Watch().begins()
    watch.sees(run("fail", None, 99, id="z"), run("success", -50, 5, id="a"))
    assert watch.ledger.executions.latest.run == "a"


def test_ties_for_the_latest_go_to_the_later_end_then_the_greater_id():
    for records in permutations([run("fail", 1, 5, id="a"), run("success", 1, 9, id="b"), run("cancel", 1, 9, id="c")]):
        watch = Watch().begins()
        watch.sees(*records)
        assert watch.ledger.executions.latest.run == "c"


def test_the_last_end_of_a_status_never_steps_back():
    watch = Watch().begins()
    watch.sees(run("fail", 10, 50, id="b"))
    watch.sees(run("fail", 1, 20, id="a"))
    assert watch.ledger.executions.ends == {"fail": T0 + 50_000}


def test_a_streak_counts_failures_since_the_last_success_by_end():
    watch = Watch().begins()
    watch.sees(run("success", 1, 2, id="a"), run("fail", 1, 3, id="b"), run("timeout", 1, 4, id="c"))
    assert streak(watch) == 2
    watch.sees(run("success", 1, 3.5, id="late"))
    assert streak(watch) == 1


def test_cancelled_and_unknown_endings_leave_a_streak_as_it_is():
    watch = Watch().begins()
    watch.sees(run("fail", 1, 2, id="a"), run("cancel", 1, 3, id="b"), run("unknown", 1, 4, id="c"))
    assert streak(watch) == 1


def test_a_further_ending_of_the_run_that_ended_last_replaces_its_contribution():
    watch = Watch().begins()
    watch.sees(run("fail", 1, 2, id="a"), run("fail", 3, 4, id="b"))
    watch.sees(run("fail", 3, 9, id="b"))
    assert streak(watch) == 2
    watch.sees(run("fail", 1, 11, id="a"))
    assert streak(watch) == 3, "another run ended in between"
    watch.sees(run("success", 1, 12, id="a"))
    assert streak(watch) == 0


def test_an_end_that_becomes_known_later_does_not_lengthen_the_streak():
    watch = Watch().begins()
    watch.sees(run("fail", 1, id="a"))
    watch.sees(run("fail", 5, 6, id="b"))
    watch.sees(run("fail", 1, 9, id="a"))
    assert streak(watch) == 2


def test_a_streak_is_not_lowered_by_a_shrinking_history_and_may_be_long():
    watch = Watch().begins()
    for i in range(50):
        watch.sees(run("fail", 10 * i, 10 * i + 5, id=str(i)))
    assert streak(watch) == 50
    watch.sees(run("success", 1000, 1001, id="ok"))
    assert streak(watch) == 0


def test_a_flaw_counts_once_while_it_stays_in_the_history():
    watch = Watch().begins()
    flaws = (Flaw("shape", 1), Flaw("begin_time", 2), Flaw("begin_time", 3))
    step = watch.sees(run("success", 1, 2), flaws=flaws)
    assert (step.rejected, step.invalid) == ({"shape": 1}, {"begin_time": 2})
    for again in (flaws, (), flaws, flaws[:1], flaws):
        step = watch.sees(run("success", 1, 2), flaws=again)
        assert (step.rejected, step.invalid) == ({}, {})
    for _ in range(5):
        watch.sees(run("success", 1, 2))
    assert watch.sees(run("success", 1, 2), flaws=flaws).invalid == {"begin_time": 2}
    assert watch.ledger.invalid == {"begin_time": 4}


def test_every_status_that_was_seen_is_remembered():
    watch = Watch().begins()
    watch.sees(run("waitApproval", 1), now=60)
    watch.sees(run("executing", 1, nodes=(node("pausing", 2),)))
    watch.sees(run("success", 1, 5, nodes=(node("success", 2, 3),)))
    assert watch.ledger.executions.seen == ["waitApproval", "executing", "success"]
    assert watch.node().tally.seen_active == ["pausing"]


def test_what_ended_is_told_with_its_times_and_whether_it_is_held():
    watch = Watch().begins()
    watch.releases(200)
    step = watch.sees(run("fail", 210, 220, nodes=(node("fail", 211, 212),)), now=230)
    execution, ran = step.ended
    assert (execution.node, execution.end, execution.held, execution.first_sight) == (None, T0 + 220_000, False, False)
    assert (ran.node, ran.end, ran.held) == ("n", T0 + 212_000, True)


def test_two_failed_node_runs_without_ids_in_one_execution_are_two_failures_in_a_row():
    watch = Watch().begins()
    watch.sees(run("fail", 1, 9, nodes=(node("fail", 2, 3), node("fail", 5, 6))))
    assert length(watch.node().tally.streak) == 2


def test_where_no_end_tells_them_apart_the_ending_learned_last_replaces_the_one_before_in_the_streak():
    watch = Watch().begins()
    watch.sees(run("fail", 1))
    watch.sees(run("executing", 1))
    watch.sees(run("success", 1))
    assert length(watch.ledger.executions.streak) == 0


@pytest.mark.parametrize(
    "nameless", [node("fail", 2), node("fail", None, 5)], ids=["without an end", "without a begin"]
)
def test_a_node_run_whose_id_and_times_become_known_is_one_failure_in_a_row(nameless):
    watch = Watch().begins()
    watch.sees(run("executing", 1, nodes=(nameless,)))
    watch.sees(run("executing", 1, nodes=(node("fail", 2, 5, run="r1"),)))
    assert watch.node_total("fail") == 1
    assert length(watch.node().tally.streak) == 1
