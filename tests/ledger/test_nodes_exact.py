"""Whose run a node record is, when it ran, and what it adds."""

from collector.ledger.book import ActiveRun, Open
from collector.ledger.streak import length
from collector.model import Status, Targets
from tests.ledger.story import COUNT_PAST, MINUTE, T0, Watch, at, node, run


def begun(*nodes: object) -> Watch:
    """An execution and its nodes run since before watching began."""
    return Watch().begins(run("executing", -50, nodes=nodes))


def shows(watch: Watch, *nodes: object, status: str = "executing", **more: float) -> Watch:
    watch.sees(run(status, -50, nodes=nodes, **more))
    return watch


def test_runs_with_different_ids_are_different_runs_though_all_else_agrees():
    watch = shows(begun(), node("fail", 10, 12, run="r1"), node("fail", 10, 12, run="r2"))
    assert watch.node_total("fail") == 2
    shows(watch, node("fail", 10, 12, run="r2"), node("fail", 10, 12, run="r1"), updated=1)
    assert watch.node_total("fail") == 2


def test_a_record_that_lost_its_id_belongs_to_the_run_with_its_begin():
    """The run was seen active, so it did not end in the past though nobody tells its end."""
    watch = shows(begun(node("executing", -20, run="r1")), node("fail", -20))
    assert watch.node_total("fail") == 1


def test_a_begin_once_known_is_not_lost_by_a_record_without_it():
    watch = begun(node("executing", -20, run="r1"))
    shows(watch, node("executing", run="r1"))
    shows(watch, node("fail", -20))
    assert watch.node_total("fail") == 1


def test_of_two_nameless_runs_that_go_on_each_is_found_again_by_its_begin():
    watch = begun(node("executing", -20), node("executing", -15))
    shows(watch, node("fail", -20), node("fail", -15))
    assert watch.node_total("fail") == 2


def test_an_id_that_appears_takes_over_no_nameless_run_that_began_at_another_time():
    """It began before watching did and was never seen active: it is the past."""
    watch = shows(begun(node("executing", -20)), node("fail", -10, run="r2"))
    assert watch.node_total("fail") == 0


def test_an_id_that_appears_without_a_begin_takes_the_one_nameless_run_over():
    watch = begun(node("executing", 10))
    shows(watch, node("success", None, 12, run="r1"))
    shows(watch, node("success", 10, 12))
    assert watch.node_total("success") == 1


def test_a_record_without_id_and_begin_is_a_run_of_its_own_beside_two_that_have_begins():
    watch = shows(begun(node("executing", -20), node("executing", -15)), node("fail"))
    assert watch.node_total("fail") == 1
    shows(watch, node("fail"), node("fail", -20), node("fail", -15))
    assert watch.node_total("fail") == 3


def test_a_restart_of_a_node_without_times_is_told_by_its_active_sighting():
    watch = begun()
    for status in ("fail", "executing", "fail"):
        shows(watch, node(status, 10, run="r1"))
    assert watch.node_total("fail") == 2
    shows(watch, node("fail", 10, run="r1"), updated=99)
    assert watch.node_total("fail") == 2


def test_an_older_answer_is_no_active_sighting_of_a_node():
    watch = begun()
    shows(watch, node("fail", 10, run="r1"), updated=20)
    shows(watch, node("cancel", 10, run="r1"), status="fail", updated=15)
    shows(watch, node("fail", 10, run="r1"), updated=30)
    assert (watch.node_total("fail"), watch.node_total("cancel")) == (1, 1)


def test_each_run_is_named_by_its_execution_and_its_id():
    watch = shows(begun(), node("fail", 10, 12, run="r1"), node("fail", 20, 22, run="r2"))
    assert watch.node().tally.latest.run == watch.node().tally.last.run == "e1/r2"
    assert length(watch.node().tally.streak) == 2
    for begin, name in ((10, f"e1/{T0 // 1000 + 10}"), (None, "e1/")):
        watch = shows(begun(), node("fail", begin, 12))
        assert watch.node().tally.latest.run == watch.node().tally.last.run == name, "else by its begin, or by nothing"


def test_what_runs_now_is_told_with_its_node_and_begin():
    watch = begun(node("waitApproval", -20, run="r1"), node("executing", -10, node="m"))
    active = {ActiveRun("n", Status.WAIT_APPROVAL, at(-20)), ActiveRun("m", Status.EXECUTING, at(-10))}
    opened = watch.ledger.open["e1"]
    assert (opened.status, opened.begin, set(opened.nodes)) == (Status.EXECUTING, at(-50), active)


def test_a_node_that_goes_on_after_its_execution_ended_keeps_that_open():
    watch = shows(begun(), node("executing", -20, run="r1"), status="fail")
    assert watch.ledger.open["e1"] == Open(None, at(-50), (ActiveRun("n", Status.EXECUTING, at(-20)),))


def test_a_run_that_ended_within_one_answer_is_not_active():
    watch = shows(begun(), node("executing", 10, run="r1"), node("success", 10, 12, run="r1"))
    assert watch.ledger.open["e1"].nodes == ()


def test_a_node_without_times_counts_while_its_execution_runs():
    watch = shows(begun(), node("success", run="r1"))
    assert watch.node_total("success") == 1


def test_a_node_without_times_is_the_past_where_its_execution_is():
    watch = Watch().begins()
    watch.sees(run("fail", -20, -10, nodes=(node("fail", run="r1"),)))
    assert watch.node_total("fail") == 0


def test_a_node_without_an_end_is_the_past_where_it_began_before_watching_did():
    watch = shows(begun(), node("success", -15, run="r1"), node("success", -15, 5, run="r2"))
    assert watch.node_total("success") == 1, "only the one that is known to have ended since"


def test_a_node_ran_when_it_ended_else_when_it_began_else_when_it_was_first_seen():
    for begin, end, ran_at in ((10, 12, at(12)), (10, None, at(10)), (None, None, T0 + MINUTE)):
        watch = begun()
        shows(watch, node("success", begin, end, run="r1"))
        shows(watch, node("success", begin, end, run="r1"), updated=1)
        assert watch.node().ran_at == ran_at


def test_a_second_run_without_times_is_a_new_run_now():
    watch = shows(begun(), node("success", run="r1"))
    shows(watch, node("success", run="r1"), node("success", run="r2"))
    assert watch.node().ran_at == T0 + 2 * MINUTE


def test_targets_of_several_runs_add_up():
    watch = shows(
        begun(),
        node("fail", 10, 12, run="r1", targets=Targets(success=2, in_execution=1)),
        node("fail", 20, 22, run="r2", targets=Targets(success=3, not_performed=4)),
    )
    assert {outcome: count.total for outcome, count in watch.node().targets.items()} == {
        "success": 5,
        "fail": 0,
        "not_performed": 4,
        "in_execution": 1,
    }
    watch.releases(600)
    shows(watch, node("fail", 30, 32, run="r3", targets=Targets(fail=6)))
    assert [count.published for count in watch.node().targets.values()] == [5, 6, 4, 1]


def test_the_counted_past_of_a_node_is_shown_at_once():
    done = node("fail", -19, -11, run="r1", targets=Targets(fail=3))
    watch = Watch(COUNT_PAST).begins(run("fail", -20, -10, nodes=(done,)))
    assert watch.node().tally.runs[Status.FAIL].published == 1
    assert watch.node().targets["fail"].published == 3
    assert watch.node().tally.durations[Status.FAIL].published == ((0, 1, 0), 8.0)


def test_the_first_failure_of_a_new_node_is_held_for_as_long_as_any():
    watch = begun()
    watch.sees(run("executing", -50, nodes=(node("fail", 10, 12),)), now=300)
    assert watch.node().tally.runs[Status.FAIL].published == 0
    watch.releases(419)
    assert watch.node().tally.runs[Status.FAIL].published == 0
    watch.releases(420)
    assert watch.node().tally.runs[Status.FAIL].published == 1


def test_an_older_success_that_shows_a_node_at_work_does_not_lack_it():
    watch = Watch().begins()
    b = node("success", 1, 2, node="b")
    for i in range(3):
        watch.sees(run("executing", 1, id=f"e{i}", updated=20, nodes=(b,)))
        watch.sees(run("success", 1, 15, id=f"e{i}", updated=15, nodes=(node("executing", 1, node="a"), b)))
    assert "a" not in watch.ledger.nodes, "an active record that is older changes nothing"
    watch.sees(run("executing", 1, id="e9", nodes=(node("executing", 1, node="a"), b)))
    for i in range(3, 6):
        watch.sees(run("executing", 1, id=f"e{i}", updated=20, nodes=(b,)))
        watch.sees(run("success", 1, 15, id=f"e{i}", updated=15, nodes=(node("executing", 1, node="a"), b)))
    for i in range(6, 8):
        watch.sees(run("success", 1, 15, id=f"e{i}", nodes=(b,)))
    assert not watch.node("a").gone
    watch.sees(run("success", 1, 15, id="e8", nodes=(b,)))
    assert watch.node("a").gone


def test_an_older_answer_tells_how_its_nodes_ended_and_nothing_of_what_runs():
    watch = Watch().begins()
    watch.sees(run("executing", 1, updated=50))
    watch.sees(
        run(
            "fail",
            1,
            40,
            updated=45,
            nodes=(node("executing", 2, node="a"), node("fail", 3, 4, node="b"), node("not_performed", node="c")),
        )
    )
    assert set(watch.ledger.nodes) == {"b", "c"}
    assert (watch.node_total("fail", "b"), watch.node_total("not_performed", "c")) == (1, 1)
    assert watch.node("b").tally.latest is None, "how the latest run stands the newer answer tells"
    assert watch.ledger.executions.latest.status == "executing"
    assert watch.ledger.executions.seen == ["executing"]


def test_an_older_answer_of_an_execution_that_ran_calls_no_node_unperformed():
    watch = Watch().begins()
    watch.sees(run("executing", 1, updated=50))
    watch.sees(
        run("executing", 1, updated=45, nodes=(node("not_performed"),)),
        run("fail", 1, 40, updated=44, nodes=(node("fail", 1, 2, node="m"),)),
    )
    assert set(watch.ledger.nodes) == {"m"}


def test_a_hundred_nodes_have_series_of_their_own():
    watch = Watch().begins()
    watch.sees(run("executing", 10, nodes=tuple(node("success", 10, 12, node=f"n{i:03}") for i in range(102))))
    assert len(watch.ledger.nodes) == 101
    assert watch.node_total("success", "n099") == 1
    assert watch.node_total("success", "__other__") == 2
