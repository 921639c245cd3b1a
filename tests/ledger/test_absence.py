from collector.ledger import Rules
from collector.ledger.cursor import unpack
from collector.model import ExecutionRecord
from tests.ledger.story import T0, Watch, node, run

DAY = 86_400


def test_an_answer_that_shares_nothing_with_the_one_before_is_a_gap():
    watch = Watch().begins(run("success", -9, -5, id="a"))
    assert watch.sees(run("success", 10, 20, id="b")).gap
    assert watch.ledger.gaps.total == 1


def test_an_answer_that_shares_one_execution_is_no_gap():
    watch = Watch().begins(run("success", -9, -5, id="a"))
    assert not watch.sees(run("success", -9, -5, id="a"), run("success", 10, 20, id="b")).gap


def test_an_empty_answer_is_never_a_gap_and_hides_none():
    watch = Watch().begins(run("success", -9, -5, id="a"))
    assert not watch.sees().gap
    assert not watch.sees(run("success", 10, 20, id="b")).gap, "a weekly job under short retention"
    assert not watch.sees().gap
    assert watch.ledger.gaps.total == 0


def test_records_that_vanish_and_return_count_once():
    watch = Watch().begins()
    a, b = run("fail", 1, 2, id="a"), run("fail", 3, 4, id="b")
    for answer in ((a, b), (a,), (), (b,), (a, b), (b,), (b, a)):
        watch.sees(*answer)
    assert watch.total("fail") == 2


def test_an_active_run_missing_from_three_good_answers_leaves_the_gauges_and_still_ends_once():
    watch = Watch().begins(run("executing", -5))
    for shown in (True, True, False, False):
        watch.sees()
        assert watch.ledger.open["e1"].shown is shown
    watch.sees(run("executing", -5))
    assert watch.ledger.open["e1"].shown
    watch.sees(run("success", -5, 9))
    assert watch.total("success") == 1
    assert not watch.ledger.open


def test_an_unchanged_answer_goes_on_counting_what_is_missing():
    watch = Watch().begins(run("executing", -5, id="gone"), run("success", -9, -5, id="b"))
    watch.sees(run("success", -9, -5, id="b"))
    watch.sees(tail=True)
    watch.sees(tail=True)
    assert not watch.ledger.open["gone"].shown
    assert not watch.sees(tail=True, now=watch.now + 1).changed or watch.ledger.review_at == 0


def test_an_unchanged_answer_ends_in_rest():
    watch = Watch().begins(run("success", -9, -5, id="a"), run("success", -9, -5, id="b"))
    watch.sees(run("success", -9, -5, id="b"))
    for _ in range(5):
        watch.sees(tail=True)
    assert not watch.sees(tail=True).changed


def _let_go(watch: Watch) -> Watch:
    """An execution that began at 10 s is let go of."""
    watch.sees(run("fail", 10, 20, id="pruned"))
    keep = run("success", 30, 40, id="keep")
    for day in range(1, 7):
        watch.sees(keep, now=day * DAY)
    watch.sees(keep, now=40 * DAY)
    return watch


def test_an_old_execution_absent_from_five_good_answers_is_let_go_of():
    watch = _let_go(Watch().begins())
    assert len(unpack(watch.ledger.cursor).seen) == 1
    assert watch.ledger.forgotten == T0 + 10_000


def _away(watch: Watch, record: ExecutionRecord) -> Watch:
    """An execution is seen, then rotates out of the history for a while."""
    watch.sees(record)
    for _ in range(8):
        watch.sees(run("success", 30, 40, id="keep"))
    return watch


def test_an_execution_that_was_long_away_comes_back_with_all_its_nodes_and_counts_nothing():
    nodes = (
        node("fail", 10, 12, node="a", run="r1"),
        node("success", 12, 19, node="b"),
        node("not_performed", node="c"),
    )
    back = run("fail", 10, 20, id="back", nodes=nodes)
    watch = _away(Watch().begins(), back)
    small = len(watch.ledger.cursor)
    watch.sees(back)
    watch.sees(back)
    assert len(watch.ledger.cursor) > small, "its nodes are remembered again"
    assert [
        watch.node_total(status, name) for status, name in (("fail", "a"), ("success", "b"), ("not_performed", "c"))
    ] == [1, 1, 1]
    assert sum(sum(h.counts) for h in watch.node("a").tally.durations.values()) == 1


def test_what_a_restart_did_while_the_execution_was_away_counts_when_it_comes_back():
    first = node("fail", 10, 12, run="r1")
    watch = _away(Watch().begins(), run("fail", 10, 20, id="back", nodes=(first,)))
    watch.sees(run("success", 10, 90, id="back", nodes=(first, node("success", 80, 89, run="r2"))))
    assert (watch.total("fail"), watch.total("success")) == (1, 2), "and the one that was there meanwhile"
    assert (watch.node_total("fail"), watch.node_total("success")) == (1, 1)


def test_an_execution_that_still_runs_keeps_its_nodes_however_long_it_is_away():
    active = run("executing", 10, id="back", nodes=(node("success", 10, 12, run="r1"), node("executing", 12, run="r2")))
    watch = _away(Watch().begins(), active)
    watch.sees(
        run("success", 10, 90, id="back", nodes=(node("success", 10, 12, run="r1"), node("success", 12, 19, run="r2")))
    )
    assert watch.node_total("success") == 2


def test_four_answers_or_too_little_time_let_go_of_nothing():
    watch = Watch().begins()
    watch.sees(run("fail", 10, 20, id="pruned"))
    keep = run("success", 30, 40, id="keep")
    for day in (1, 2, 3, 99):
        watch.sees(keep, now=day * DAY)
    assert len(unpack(watch.ledger.cursor).seen) == 2
    watch = Watch().begins()
    watch.sees(run("fail", 10, 20, id="pruned"))
    for hour in range(1, 20):
        watch.sees(keep, now=hour * 3600)
    assert len(unpack(watch.ledger.cursor).seen) == 2


def test_an_execution_that_returns_in_between_starts_its_absence_anew():
    watch = Watch().begins()
    old, keep = run("fail", 10, 20, id="old"), run("success", 30, 40, id="keep")
    watch.sees(old)
    for day in range(40, 44):
        watch.sees(keep, now=day * DAY)
    watch.sees(old, keep, now=45 * DAY)
    for day in range(90, 94):
        watch.sees(keep, now=day * DAY)
    assert len(unpack(watch.ledger.cursor).seen) == 2


def test_empty_answers_let_go_of_nothing():
    watch = Watch().begins()
    watch.sees(run("fail", 10, 20))
    for day in range(1, 90):
        watch.sees(now=day * DAY)
    assert len(unpack(watch.ledger.cursor).seen) == 1


def test_a_pruned_record_that_returns_is_remembered_without_being_counted():
    watch = _let_go(Watch().begins())
    step = watch.sees(run("fail", 10, 20, id="pruned"), run("success", 30, 40, id="keep"))
    assert watch.total("fail") == 1
    assert step.rejected == {"forgotten": 1}
    step = watch.sees(run("fail", 10, 20, id="pruned"), run("success", 30, 40, id="keep"))
    assert step.rejected == {}
    assert watch.total("fail") == 1


def test_a_record_without_any_time_is_not_counted_once_anything_was_let_go_of():
    watch = _let_go(Watch().begins())
    watch.sees(run("fail", id="timeless"))
    assert watch.total("fail") == 1


def test_a_new_execution_counts_after_others_were_let_go_of():
    watch = _let_go(Watch().begins())
    watch.sees(run("fail", 11, 20, id="began a second later"))
    assert watch.total("fail") == 2


def test_an_active_execution_is_never_let_go_of():
    rules = Rules(execution_bounds=(1.0,), node_bounds=(1.0,), forget_after=1000)
    watch = Watch(rules).begins(run("executing", -5, id="active"))
    for day in range(1, 20):
        watch.sees(run("success", 30, 40, id="keep"), now=day * DAY)
    watch.sees(run("fail", -5, 50, id="active"), now=30 * DAY)
    assert watch.total("fail") == 1


def test_a_node_run_that_outlived_its_execution_counts_once_though_the_execution_went_and_came_back():
    one = run("cancel", 1, 10, nodes=(node("cancel", 2, 20, run="r"),))
    watch = Watch().begins()
    watch.sees(one)
    for _ in range(5):
        watch.sees(run("success", 30, 31, id="e2"))
    watch.sees(one)
    assert watch.node_total("cancel") == 1


def test_a_new_node_run_counts_though_its_execution_without_an_end_was_absent_for_a_while():
    done = node("fail", 2, 5, run="r1")
    watch = Watch().begins()
    watch.sees(run("fail", 1, nodes=(done,)))
    for _ in range(5):
        watch.sees(run("success", 30, 31, id="e2"))
    watch.sees(run("success", 1, nodes=(done, node("success", 40, 50, run="r2"))))
    assert watch.node_total("success") == 1


def test_an_execution_that_comes_back_in_an_older_state_first_counts_its_node_runs_once():
    before = node("success", 2, 4, node="first", run="r1")
    done = run("success", 1, 10, nodes=(before, node("success", 4, 9, run="r2")))
    watch = Watch().begins()
    watch.sees(done)
    for _ in range(5):
        watch.sees(run("success", 30, 31, id="e2"))
    watch.sees(run("executing", 1, nodes=(before,)))
    watch.sees(done)
    assert watch.node_total("success") == 1
