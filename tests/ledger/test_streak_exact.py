"""Streaks longer than what is kept of them, and times that become known later."""

import pytest

from collector.ledger.book import Streak, Verdict
from collector.ledger.streak import KEPT, extend, length
from tests.ledger.story import Watch, node, run


def streak(watch: Watch) -> int:
    return length(watch.ledger.executions.streak)


def failing(count: int, *, first: int = 10) -> Watch:
    """Watches `count` executions fail, one after the other."""
    watch = Watch().begins()
    for i in range(first, first + count):
        watch.sees(run("fail", i * 10, i * 10 + 5, id=f"f{i}"))
    return watch


def test_an_end_that_becomes_known_takes_no_other_run_s_failure_of_the_same_second_away():
    watch = Watch().begins()
    watch.sees(run("fail", 5, id="a"), run("fail", 1, 5, id="b"))
    watch.sees(run("fail", 5, 9, id="a"))
    assert streak(watch) == 2


def test_a_time_that_becomes_better_known_is_found_again_by_its_second():
    watch = Watch().begins()
    watch.sees(run("fail", 1.4, id="a"))
    watch.sees(run("fail", 5, 6, id="b"))
    watch.sees(run("fail", 1.4, 9, id="a"))
    assert streak(watch) == 2


def test_a_success_learned_late_that_is_older_than_all_that_is_kept_leaves_every_failure():
    watch = failing(KEPT)
    watch.sees(run("success", 1, 2, id="late"))
    assert streak(watch) == KEPT


@pytest.mark.parametrize("failures", [KEPT - 1, KEPT, KEPT + 1, 3 * KEPT])
def test_the_success_before_a_long_streak_adds_nothing_when_it_is_no_longer_kept(failures: int):
    watch = Watch().begins(run("success", -9, -5, id="ok"))
    for i in range(failures):
        watch.sees(run("fail", 10 * i, 10 * i + 5, id=f"f{i}"))
    assert streak(watch) == failures


def test_two_endings_of_one_run_at_the_edge_of_what_is_kept_are_one_failure():
    watch = Watch().begins()
    watch.sees(run("fail", 1, 2, id="twice"))
    watch.sees(run("fail", 1, 4, id="twice"))
    for i in range(1, KEPT + 3):
        watch.sees(run("fail", 10 * i, 10 * i + 5, id=f"f{i}"))
        assert streak(watch) == i + 1


def test_a_run_that_ends_again_takes_no_failure_of_the_node_s_anonymous_run():
    watch = Watch().begins()
    first, nameless, again = (
        node("fail", 1, 2, run="r1"),
        node("fail", None, 3),
        node("fail", 1, 5, run="r1"),
    )
    watch.sees(run("executing", 1, nodes=(first,)))
    watch.sees(run("executing", 1, nodes=(first, nameless)))
    watch.sees(run("executing", 1, nodes=(again, nameless)))
    assert length(watch.node().tally.streak) == 3


def test_a_failure_stays_one_when_its_run_gets_another_name():
    known = Streak(0, (Verdict(20, "old", failed=True),))
    assert length(extend(known, Verdict(10, "new", failed=False), before=("old",))) == 1
