"""When two endings are one, and what becomes better known of one that was already counted."""

from dataclasses import replace

import pytest

from collector.ledger.streak import length
from collector.model import Ended, Status, Targets
from tests.ledger.story import COUNT_PAST, RULES, T0, Watch, at, node, run


def test_endings_that_differ_in_begin_alone_are_two():
    watch = Watch().begins()
    watch.sees(run("fail", 10, 20))
    watch.sees(run("fail", 15, 20))
    assert watch.total("fail") == 2


def test_a_begin_once_known_stays_known_when_a_later_answer_lacks_it():
    watch = Watch().begins()
    watch.sees(run("fail", 10, 20))
    watch.sees(run("fail", None, 20))
    assert watch.total("fail") == 1
    watch.sees(run("fail", 12, 20))
    assert watch.total("fail") == 2


def test_an_active_sighting_makes_no_second_ending_where_the_first_has_an_end():
    watch = Watch().begins()
    watch.sees(run("fail", 10, 20))
    watch.sees(run("executing", 10))
    watch.sees(run("fail", 10))
    assert watch.total("fail") == 1


def test_only_an_active_sighting_since_the_last_ending_makes_another_without_times():
    watch = Watch().begins()
    watch.sees(run("fail", 10, updated=20))
    watch.sees(run("executing", 10, updated=30))
    watch.sees(run("fail", 10, updated=40))
    watch.sees(run("fail", 10, updated=50))
    assert watch.total("fail") == 2


def test_an_older_answer_s_ending_is_no_active_sighting():
    watch = Watch().begins()
    watch.sees(run("fail", 10, updated=30))
    watch.sees(run("cancel", 10, updated=20))
    watch.sees(run("fail", 10, updated=40))
    assert (watch.total("fail"), watch.total("cancel")) == (1, 1)


def test_an_answer_as_old_as_the_one_before_is_not_older():
    watch = Watch().begins()
    watch.sees(run("fail", 10, updated=30))
    watch.sees(run("executing", 10, updated=30))
    assert watch.ledger.open["e1"].status == "executing"


def test_each_of_two_failures_without_an_end_takes_one_of_the_ends_that_become_known():
    watch = Watch().begins()
    for record in (run("fail", 10), run("executing", 10), run("fail", 10)):
        watch.sees(record)
    for updated, end in enumerate((20, 20, 30, 20, 30), 1000):
        watch.sees(run("fail", 10, end, updated=updated))
        assert watch.total("fail") == 2
    watch.sees(run("fail", 10, 40))
    assert watch.total("fail") == 3


def test_each_of_two_failures_without_times_takes_one_of_the_begins_that_become_known():
    watch = Watch().begins()
    for record in (run("fail", 10), run("executing", 10), run("fail"), run("fail", 10, updated=99), run("fail", 12)):
        watch.sees(record)
    assert watch.total("fail") == 2


def test_an_unknown_word_that_is_learned_changes_the_facts_but_no_total():
    watch = Watch().begins()
    watch.sees(run("unknown", 10, 20))
    watch.sees(run("timeout", 10, 20))
    assert (watch.total("unknown"), watch.total("timeout")) == (1, 0)
    assert watch.ledger.executions.ends["timeout"] == T0 + 20_000
    assert length(watch.ledger.executions.streak) == 1


def test_a_word_once_known_stays_known_when_a_later_answer_does_not_know_it():
    watch = Watch().begins()
    watch.sees(run("timeout", 10, 20))
    watch.sees(run("unknown", 10, 20))
    watch.sees(run("fail", 10, 20))
    assert (watch.total("timeout"), watch.total("unknown"), watch.total("fail")) == (1, 0, 1)


def test_the_end_of_an_uncounted_past_that_becomes_known_is_not_observed():
    watch = Watch().begins(run("fail", -20))
    watch.sees(run("fail", -20, -10))
    assert watch.total("fail") == 0
    assert watch.durations("fail") == [0, 0, 0, 0], "the status has occurred, so there is a histogram"


def test_a_past_that_is_told_again_leaves_the_durations_of_what_came_after():
    watch = Watch().begins(run("fail", -20, id="old"))
    watch.sees(run("fail", -20, id="old"), run("fail", 10, 20, id="new"))
    watch.sees(run("fail", -20, -10, id="old"), run("fail", 10, 20, id="new"))
    assert watch.durations("fail") == [0, 1, 0, 0]


@pytest.mark.parametrize(("first", "then"), [((10.5, None), (None, 20)), ((None, 20), (10.5, None))])
def test_a_duration_is_observed_once_both_times_are_known_though_never_in_one_answer(first, then):
    watch = Watch().begins()
    watch.sees(run("fail", *first))
    watch.sees(run("fail", *then))
    assert watch.total("fail") == 1
    assert watch.durations("fail") == [0, 1, 0, 0]


def test_a_duration_is_as_exact_as_its_times():
    watch = Watch().begins()
    watch.sees(run("fail", 10.25, 20.75))
    assert watch.ledger.executions.durations["fail"].sum == 10.5
    assert watch.ledger.executions.last.duration == 10.5


def test_the_begin_that_becomes_known_gives_the_last_ending_its_duration():
    watch = Watch().begins()
    watch.sees(run("fail", None, 20))
    assert watch.ledger.executions.last.duration is None
    watch.sees(run("fail", 15, 20))
    assert watch.ledger.executions.last.duration == 5


def test_times_that_agree_to_the_second_move_no_fact():
    watch = Watch().begins()
    watch.sees(run("fail", 10, 20, nodes=(node("fail", 10, 19, run="r1"),)))
    before = watch.ledger
    watch.sees(run("fail", 10.4, 20.9, nodes=(node("fail", 10.4, 19.9, run="r1"),)))
    for now, was in ((watch.ledger.executions, before.executions), (watch.node().tally, before.nodes["n"].tally)):
        assert (now.ends, now.last, now.streak, now.durations) == (was.ends, was.last, was.streak, was.durations)


def test_an_end_that_becomes_known_to_the_millisecond_is_one_verdict():
    watch = Watch().begins()
    watch.sees(run("fail", None, 20.0))
    watch.sees(run("fail", None, 20.0), run("fail", 1, 20.2, id="other"))
    watch.sees(run("fail", 15, 20.4), run("fail", 1, 20.2, id="other"))
    assert length(watch.ledger.executions.streak) == 2


def test_what_ended_is_told_in_full():
    watch = Watch(COUNT_PAST).begins(run("fail", -20, -10, nodes=(node("fail", -19, -11, run="r1"),)))
    watch.releases(200)
    step = watch.sees(
        run("fail", -20, -10, nodes=(node("fail", -19, -11, run="r1"),)),
        run("timeout", 210, 220, id="e2", nodes=(node("timeout", 211, 219, run="r2", targets=Targets(fail=3)),)),
        run("cancel", id="e3"),
        now=230,
    )
    timeout = {"execution": "e2", "status": Status.TIMEOUT, "held": False, "first_sight": False}
    assert set(step.ended) == {
        Ended(node=None, begin=at(210), end=at(220), **timeout),
        Ended(node="n", begin=at(211), end=at(219), run="r2", targets=Targets(fail=3), **timeout),
        Ended(execution="e3", node=None, status=Status.CANCEL, begin=None, end=None, held=False, first_sight=False),
    }
    assert all(type(told.first_sight) is bool for told in step.ended)


def test_a_counted_past_is_told_as_a_first_sight():
    nodes = (node("fail", -19, -11, run="r1"),)
    step = Watch(COUNT_PAST).sees(run("fail", -20, -10, nodes=nodes), now=0)
    past = {"execution": "e1", "status": Status.FAIL, "held": True, "first_sight": True}
    assert step.ended == (
        Ended(node=None, begin=at(-20), end=at(-10), **past),
        Ended(node="n", begin=at(-19), end=at(-11), run="r1", **past),
    )


def test_each_ending_of_a_run_is_told_with_its_place_among_them():
    watch = Watch().begins()
    tried = node("fail", 11, 19, run="r1")
    (first, of_node) = watch.sees(run("fail", 10, 20, nodes=(tried,))).ended
    watch.sees(run("executing", 10, nodes=(tried,)))
    again = node("success", 111, 119, run="r2")
    told = watch.sees(run("success", 10, 120, nodes=(tried, again))).ended
    assert (first.nth, of_node.nth) == (1, 1)
    assert [(each.node, each.run, each.nth) for each in told] == [(None, None, 2), ("n", "r2", 1)]


def test_a_node_past_the_cap_is_told_by_its_own_id():
    watch = Watch(replace(RULES, max_nodes=1)).begins()
    nodes = (node("success", 11, 12, node="first"), node("fail", 12, 13, node="second"))
    told = watch.sees(run("fail", 10, 20, nodes=nodes)).ended
    assert [each.node for each in told] == [None, "first", "second"]
    assert set(watch.ledger.nodes) == {"first", "__other__"}
