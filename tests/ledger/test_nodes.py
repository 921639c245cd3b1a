from collector.ledger import Rules
from collector.model import Targets
from tests.ledger.story import RULES, Watch, node, run


def test_a_node_counts_as_soon_as_it_is_final_while_its_execution_goes_on():
    watch = Watch().begins()
    watch.sees(run("executing", 10, nodes=(node("success", 10, 12, run="r1"),)))
    assert watch.node_total("success") == 1
    watch.sees(run("success", 10, 20, nodes=(node("success", 10, 12, run="r1"),)))
    assert watch.node_total("success") == 1


def test_an_id_that_appears_later_takes_the_run_over():
    for begin in (10, None):
        watch = Watch().begins()
        watch.sees(run("executing", 10, nodes=(node("success", begin, 12),)))
        watch.sees(run("executing", 10, nodes=(node("success", 10, 12, run="r1"),)))
        watch.sees(run("executing", 10, nodes=(node("success", begin, 12),)))
        watch.sees(run("executing", 10, nodes=(node("success", 10, 12, run="r1"),)))
        assert watch.node_total("success") == 1


def test_a_restarted_node_with_a_new_id_is_another_run():
    watch = Watch().begins()
    watch.sees(run("fail", 10, 20, nodes=(node("fail", 10, 12, run="r1"),)))
    watch.sees(run("executing", 10, nodes=(node("executing", 40, run="r2"),)))
    watch.sees(run("success", 10, 50, nodes=(node("success", 40, 50, run="r2"),)))
    assert (watch.node_total("fail"), watch.node_total("success")) == (1, 1)


def test_an_older_answer_after_a_skipped_node_was_reached_counts_it_as_skipped_no_second_time():
    skipped = run("fail", 10, 20, updated=20, nodes=(node("not_performed"),))
    reached = run("executing", 10, updated=30, nodes=(node("executing", 30, run="r1"),))
    watch = Watch().begins()
    for record in (skipped, reached, skipped, reached):
        watch.sees(record)
    watch.sees(run("success", 10, 50, updated=50, nodes=(node("success", 30, 50, run="r1"),)))
    assert (watch.node_total("not_performed"), watch.node_total("success")) == (1, 1)


def test_a_restarted_node_overwritten_in_place_counts_each_ending():
    watch = Watch().begins()
    watch.sees(run("fail", 10, 20, nodes=(node("fail", 10, 12, run="r1"),)))
    watch.sees(run("executing", 10, nodes=(node("executing", 40, run="r1"),)))
    watch.sees(run("fail", 10, 50, nodes=(node("fail", 40, 50, run="r1"),)))
    assert watch.node_total("fail") == 2
    assert watch.node().tally.durations["fail"].counts == (0, 2, 0)


def test_two_runs_of_one_node_in_one_record_are_told_apart_by_begin():
    watch = Watch().begins()
    both = (node("fail", 10, 12), node("success", 14, 16))
    watch.sees(run("executing", 10, nodes=both))
    watch.sees(run("executing", 10, nodes=both[::-1]))
    assert (watch.node_total("fail"), watch.node_total("success")) == (1, 1)


def test_not_performed_is_final_only_once_its_execution_is():
    watch = Watch().begins()
    watch.sees(run("executing", 10, nodes=(node("not_performed"),)))
    assert watch.node_total("not_performed") == 0
    assert watch.ledger.open["e1"].nodes[0].status == "not_performed"
    watch.sees(run("fail", 10, 20, nodes=(node("not_performed"),)))
    assert watch.node_total("not_performed") == 1
    assert watch.node().tally.streak.verdicts == ()


def test_only_counted_node_runs_add_their_targets():
    watch = Watch().begins(run("executing", -50, nodes=(node("success", -50, -40, targets=Targets(success=7)),)))
    assert {outcome: count.total for outcome, count in watch.node().targets.items()} == {
        "success": 0,
        "fail": 0,
        "not_performed": 0,
        "in_execution": 0,
    }
    watch.sees(run("executing", -50, nodes=(node("fail", 10, 12, targets=Targets(success=2, fail=1)),)))
    assert (watch.node().targets["success"].total, watch.node().targets["fail"].total) == (2, 1)


def test_nodes_past_the_cap_share_one_and_nothing_is_lost():
    rules = Rules(execution_bounds=RULES.execution_bounds, node_bounds=RULES.node_bounds, max_nodes=2)
    watch = Watch(rules).begins()
    names = [f"n{i}" for i in range(5)]
    watch.sees(run("success", 10, 20, nodes=tuple(node("success", 10, 12, node=name) for name in names)))
    watch.sees(run("success", 10, 20, nodes=tuple(node("success", 10, 12, node=name) for name in names)))
    assert sorted(watch.ledger.nodes) == ["__other__", "n0", "n1"]
    assert sum(watch.node_total("success", name) for name in watch.ledger.nodes) == 5


def test_a_node_loses_its_facts_when_three_successes_in_a_row_lack_it_and_gets_them_back():
    watch = Watch().begins()
    watch.sees(run("success", 10, 20, nodes=(node("success", 10, 12, node="old"),)))
    for i in range(3):
        assert not watch.node("old").gone
        watch.sees(run("success", 30 + i, 40 + i, id=f"x{i}", nodes=(node("success", 30, 31, node="new"),)))
    assert watch.node("old").gone
    assert watch.node_total("success", "old") == 1
    watch.sees(run("success", 90, 99, id="y", nodes=(node("success", 90, 91, node="old"),)))
    assert not watch.node("old").gone
    assert watch.node_total("success", "old") == 2


def test_a_lost_node_loses_its_counters_thirty_days_after_its_last_run():
    day = 86_400
    watch = Watch().begins()
    watch.sees(run("success", 10, 20, nodes=(node("success", 10, 12, node="old"),)))
    new = [run("success", 30 + i, 40 + i, id=f"x{i}", nodes=(node("success", 30, 31, node="new"),)) for i in range(3)]
    watch.sees(*new)
    watch.sees(tail=True, now=29 * day)
    assert "old" in watch.ledger.nodes
    watch.sees(tail=True, now=31 * day)
    assert "old" not in watch.ledger.nodes
    assert "new" in watch.ledger.nodes
