"""How often and how long something must be absent, when that is looked at again, and what is worth a commit."""

import pytest

from collector.ledger import Rules
from collector.ledger.cursor import Seen, execution_digest, runs_of, unpack
from collector.ledger.draft import DAY
from collector.model import Flaw
from tests.ledger.story import RULES, T0, Watch, at, node, run

DAYS = 86_400
KEEP = run("success", 30, 40, id="keep")


def seen(watch: Watch, execution: str) -> Seen:
    return unpack(watch.ledger.cursor).seen[execution_digest(execution)]


def remembers(watch: Watch, execution: str) -> bool:
    return execution_digest(execution) in unpack(watch.ledger.cursor).seen


def test_what_moves_in_memory_alone_is_committed_and_nothing_else_is():
    watch = Watch().begins()
    old = run("fail", 10, 20, id="old")
    assert watch.sees(old, KEEP).changed is True
    assert watch.sees(old, KEEP).changed is False
    assert watch.sees(run("fail", 10, 20, id="old", updated=99), KEEP).changed is True, "how new it is was learned"
    for _ in range(5):
        assert watch.sees(KEEP).changed is True, "absence is being counted"
    assert watch.sees(KEEP).changed is False
    assert watch.sees(KEEP, flaws=(Flaw("output", 1),)).changed is True
    assert watch.sees(old, KEEP, flaws=(Flaw("output", 1),)).changed is True


def test_the_return_of_an_execution_is_committed_though_nothing_else_moves():
    """One of its nodes vanished while it ran, so that all of its memory was kept, and another went before it."""
    watch = Watch().begins()
    earlier, gone = run("fail", 1, 2, id="earlier"), run("success", 10, 20, id="a")
    watch.sees(run("executing", 10, id="a", nodes=(node("executing", 10, run="r1"),)), earlier, KEEP)
    watch.sees(gone, earlier, KEEP)
    watch.sees(gone, KEEP)
    for _ in range(5):
        watch.sees(KEEP)
    assert watch.sees(KEEP).changed is False
    assert watch.sees(gone, KEEP).changed is True
    assert (seen(watch, "a").absent, seen(watch, "a").gone) == (0, 0)


def test_an_unchanged_answer_at_rest_hands_the_same_ledger_back():
    watch = Watch().begins(run("executing", -5, id="a"), run("success", -9, -5, id="b"))
    before = watch.ledger
    step = watch.sees(tail=True)
    assert step.changed is False
    assert step.ledger is before
    for _ in range(3):
        watch.sees()
    before = watch.ledger
    assert not before.open["a"].shown
    assert watch.sees(tail=True).ledger is before, "what is hidden already waits for nothing"


def test_an_unchanged_answer_is_at_rest_until_the_time_of_its_review():
    watch = Watch().begins(KEEP, run("fail", -9, -5, id="old"))
    for _ in range(5):
        watch.sees(KEEP)
    before, due = watch.ledger, 60 + 30 * DAYS
    assert before.review_at == at(due)
    assert watch.sees(tail=True, now=due - 0.001).ledger is before
    assert watch.sees(tail=True, now=due).changed is True
    assert not remembers(watch, "old")


def test_a_front_with_the_tail_as_before_counts_what_is_new():
    watch = Watch().begins(run("executing", -5, id="a"))
    step = watch.sees(run("fail", 10, 20, id="b"), tail=True)
    assert watch.total("fail") == 1
    assert step.changed is True
    assert watch.ledger.open["a"].shown


def test_empty_answers_that_do_not_change_hide_what_ran():
    watch = Watch().begins(run("executing", -5))
    for shown in (True, True, False):
        watch.sees(tail=watch.now > 0)
        assert watch.ledger.open["e1"].shown is shown
    assert watch.sees().changed is False, "it is counted no further"
    assert watch.ledger.open["e1"].missing == 3


def test_an_unchanged_answer_makes_nothing_absent_that_it_holds_and_goes_on_with_what_it_lacks():
    watch = Watch().begins(KEEP, run("fail", -9, -5, id="old"))
    watch.sees(KEEP)
    for absent in (2, 3, 4, 5, 5):
        watch.sees(tail=True)
        assert (seen(watch, "keep").absent, seen(watch, "old").absent) == (0, absent)


@pytest.mark.parametrize("older", [False, True])
def test_whatever_shows_an_active_run_again_starts_its_absence_anew(older):
    watch = Watch().begins(run("executing", -5, updated=-1), KEEP)
    back = run("executing", -5, updated=-2) if older else run("executing", -5, updated=-1)
    for _ in range(3):
        watch.sees(KEEP)
        watch.sees(KEEP)
        assert watch.ledger.open["e1"].missing == 2
        watch.sees(back, KEEP)
        assert watch.ledger.open["e1"].missing == 0


def test_whatever_stands_before_it_an_absent_execution_is_let_go_of():
    watch = Watch().begins()
    watch.sees(KEEP, run("fail", 1, 2, id="first"), run("fail", 50, 60, id="last"))
    for day in range(1, 7):
        watch.sees(KEEP, now=day * DAYS)
    watch.sees(KEEP, now=40 * DAYS)
    assert (remembers(watch, "keep"), remembers(watch, "first"), remembers(watch, "last")) == (True, False, False)
    assert watch.ledger.forgotten == at(50), "the newest of them"
    assert watch.ledger.review_at is None


def test_the_time_to_let_go_runs_from_when_it_went_not_from_when_it_ran():
    watch = Watch().begins()
    old = run("fail", 10, 20, id="old")
    for day in (1, 20, 40):
        watch.sees(old, KEEP, now=day * DAYS)
    for day in (41, 42, 43, 44, 45):
        assert watch.sees(KEEP, now=day * DAYS).ledger.review_at == (0 if day < 45 else at(71 * DAYS))
    watch.sees(KEEP, now=71 * DAYS - 1)
    assert remembers(watch, "old")
    watch.sees(KEEP, now=71 * DAYS)
    assert not remembers(watch, "old")


def test_a_run_of_a_time_to_come_is_let_go_of_later_still():
    watch = Watch().begins()
    watch.sees(run("fail", 5 * DAYS, id="ahead"), KEEP)
    for _ in range(5):
        watch.sees(KEEP)
    assert watch.ledger.review_at == at(35 * DAYS)


def test_an_execution_without_times_that_is_let_go_of_hides_none_that_has_one():
    watch = Watch().begins()
    watch.sees(run("fail", id="timeless"), KEEP)
    for day in (1, 2, 3, 4, 5, 40):
        watch.sees(KEEP, now=day * DAYS)
    assert not remembers(watch, "timeless")
    assert watch.ledger.forgotten == 0
    watch.sees(run("fail", 10, 20, id="timed"), KEEP)
    assert watch.total("fail") == 2


def test_a_state_without_times_does_not_hide_the_time_of_the_states_that_follow():
    watch = Watch().begins()
    watch.ledger.forgotten = at(5)
    watch.sees(run("executing", id="new"), run("success", 10, 20, id="new"))
    assert watch.total("success") == 1


def test_an_execution_that_still_runs_is_reviewed_at_no_time():
    watch = Watch().begins(run("executing", -5), KEEP)
    for _ in range(6):
        watch.sees(KEEP)
    assert watch.ledger.review_at is None


def test_an_execution_away_for_less_than_five_answers_keeps_the_memory_of_its_nodes():
    for answers, counted in ((4, 1), (5, 0)):
        watch = Watch().begins()
        first = node("fail", 10, 12, run="r1")
        watch.sees(run("fail", 10, 20, nodes=(first,)), KEEP)
        for _ in range(answers):
            watch.sees(KEEP)
        watch.sees(run("fail", 10, 20, nodes=(first, node("success", 13, run="r2"))), KEEP)
        assert watch.node_total("success") == counted, "long away, its last end says which are known"


RUNNING = node("executing", 10, run="r1")
FAILED = node("fail", 10, 12, run="r1")


@pytest.mark.parametrize(
    ("states", "back"),
    [
        pytest.param(
            [run("fail", 10, 20, nodes=(RUNNING,))],
            run("fail", 10, 20, nodes=(node("success", 10, 19, run="r1"),)),
            id="a node still ran",
        ),
        pytest.param(
            [run("fail", 10, 20, nodes=(FAILED,)), run("fail", 10, 20, nodes=(node("executing", 40, run="r1"),))],
            run("fail", 10, 20, nodes=(FAILED, node("success", 40, run="r1"))),
            id="a node had been restarted",
        ),
        pytest.param(
            [run("fail", 10, 20, nodes=(FAILED,)), run("executing", 10, nodes=(FAILED,))],
            run("success", 10, 90, nodes=(FAILED, node("success", 50, run="r2"))),
            id="it had been restarted",
        ),
        pytest.param(
            [run("executing", 10, nodes=(FAILED,))],
            run("success", 10, 90, nodes=(FAILED, node("success", 50, run="r2"))),
            id="it had not ended",
        ),
    ],
)
def test_what_was_not_over_when_it_went_away_is_remembered_whole(states, back):
    watch = Watch().begins()
    for state in states:
        watch.sees(state, KEEP)
    failed = watch.node_total("fail")
    for _ in range(8):
        watch.sees(KEEP)
    assert not seen(watch, "e1").thin
    watch.sees(back, KEEP)
    assert (watch.node_total("fail"), watch.node_total("success")) == (failed, 1)


def test_a_node_that_ended_in_the_second_of_its_execution_s_end_was_known_with_it():
    ended = run("fail", 10, 20.9, nodes=(node("fail", 10, 20.4, run="r1"),))
    watch = Watch().begins()
    watch.sees(ended, KEEP)
    for _ in range(5):
        watch.sees(KEEP)
    assert seen(watch, "e1").thin
    watch.sees(ended, KEEP)
    assert watch.node_total("fail") == 1


def test_the_last_of_several_ends_says_which_nodes_were_known():
    ended = run("success", 10, 90, nodes=(node("fail", 10, 12, run="r1"), node("success", 40, 50, run="r2")))
    watch = Watch().begins()
    watch.sees(run("fail", 10, 20, nodes=ended.nodes[:1]), KEEP)
    watch.sees(ended, KEEP)
    for _ in range(5):
        watch.sees(KEEP)
    watch.sees(ended, KEEP)
    assert (watch.node_total("fail"), watch.node_total("success")) == (1, 1)


def test_where_an_ending_has_no_end_every_node_is_remembered():
    watch = Watch().begins()
    for state in (run("fail", 10), run("cancel", 10, 50)):
        watch.sees(state, KEEP)
    for _ in range(5):
        watch.sees(KEEP)
    assert not seen(watch, "e1").thin
    watch.sees(run("cancel", 10, 50, nodes=(node("success", 30, 40, run="r2"),)), KEEP)
    assert watch.node_total("success") == 1


@pytest.mark.parametrize("end", [51, None], ids=["after its execution", "without an end"])
def test_a_node_whose_end_its_execution_s_does_not_stand_for_is_remembered_when_that_is_long_away(end):
    early = node("success", 10, 50, run="r2")
    watch = Watch().begins()
    watch.sees(run("cancel", 10, 50, nodes=(early, node("fail", 10, end, run="r1"))), KEEP)
    for _ in range(5):
        watch.sees(KEEP)
    assert len(runs_of(seen(watch, "e1"))) == 1
    watch.sees(run("cancel", 10, 50, nodes=(early, node("fail", 10, 51, run="r1"))), KEEP)
    assert (watch.node_total("fail"), watch.node_total("success")) == (1, 1)


def test_a_node_that_is_started_again_after_its_execution_was_long_away_counts_without_an_end():
    watch = Watch().begins()
    watch.sees(run("fail", 10, 70, nodes=(node("fail", 10, 60, run="r"),)), KEEP)
    for _ in range(5):
        watch.sees(KEEP)
    watch.sees(run("executing", 10, nodes=(node("executing", 10, run="r"),)), KEEP)
    watch.sees(run("executing", 10, nodes=(node("success", 10, run="r"),)), KEEP)
    watch.sees(run("success", 10, 900, nodes=(node("success", 10, run="r"),)), KEEP)
    assert (watch.node_total("success"), watch.node_total("fail")) == (1, 1)


def test_a_node_that_ended_with_its_execution_is_not_remembered_when_that_is_long_away():
    watch = Watch().begins()
    watch.sees(run("fail", 10, 20, nodes=(node("fail", 10, 20, run="r1"), node("fail", 10, run="r2"))), KEEP)
    for _ in range(5):
        watch.sees(KEEP)
    assert seen(watch, "e1").thin


def test_what_was_long_away_is_known_by_its_last_end_until_it_is_seen_ended_again():
    watch = Watch().begins()
    first = node("fail", 10, 12, run="r1")
    watch.sees(run("fail", 10, 20, nodes=(first,)), KEEP)
    for _ in range(5):
        watch.sees(KEEP)
    watch.sees(run("executing", 10), KEEP)
    assert seen(watch, "e1").thin
    watch.sees(run("success", 10, 90, nodes=(first, node("success", 80, 89, run="r2"))), KEEP)
    assert not seen(watch, "e1").thin
    assert (watch.node_total("fail"), watch.node_total("success")) == (1, 1)


def test_a_lost_node_s_counters_leave_thirty_days_after_its_last_run_to_the_moment():
    watch = Watch().begins()
    watch.sees(run("success", 10, 20, nodes=(node("success", 10, 12, node="old"),)))
    new = [run("success", 30 + i, 40 + i, id=f"x{i}", nodes=(node("success", 30, 31, node="new"),)) for i in range(3)]
    watch.sees(run("success", 10, 20, nodes=(node("success", 10, 12, node="old"),)), *new)
    due = 12 + 30 * DAYS
    assert watch.ledger.review_at == at(due), "though nothing is absent"
    watch.sees(tail=True, now=due - 0.001)
    assert "old" in watch.ledger.nodes
    watch.sees(tail=True, now=due)
    assert "old" not in watch.ledger.nodes


@pytest.mark.parametrize(("forget_after", "review_at"), [(DAY, T0 + 240_000 + DAY), (40 * DAY, at(12 + 30 * DAYS))])
def test_the_next_review_is_the_earliest_of_all(forget_after: int, review_at: int):
    rules = Rules(execution_bounds=RULES.execution_bounds, node_bounds=RULES.node_bounds, forget_after=forget_after)
    watch = Watch(rules).begins()
    new = [run("success", 30 + i, 40 + i, id=f"x{i}", nodes=(node("success", 30, 31, node="new"),)) for i in range(3)]
    old = run("success", 10, 20, nodes=(node("success", 10, 12, node="old"),))
    watch.sees(old)
    watch.sees(old, *new)
    watch.sees(old, *new)
    for _ in range(5):
        watch.sees(*new)
    assert watch.ledger.review_at == review_at


def test_the_memory_of_an_execution_is_small_because_its_times_are_relative():
    watch = Watch().begins()
    nodes = tuple(node("success", 10 + i, 11 + i, node=f"n{i}", run=f"r{i}") for i in range(8))
    watch.sees(run("success", 10, 20, id="first", nodes=nodes))
    before = len(watch.ledger.cursor)
    watch.sees(run("success", 10, 20, id="first", nodes=nodes), run("success", 10, 20, id="second", nodes=nodes))
    assert len(watch.ledger.cursor) - before < 200
