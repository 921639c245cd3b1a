"""Facts about the latest and the last run, what is shown as active, and what a step leaves alone."""

import pytest

from collector.ledger import advance
from collector.ledger.book import Latest, Ledger, Open, pack
from collector.ledger.streak import length
from collector.model import Flaw, History, Status, Targets
from tests.ledger.story import COUNT_PAST, RULES, T0, Watch, at, history, node, run


def latest(watch: Watch) -> Latest:
    found = watch.ledger.executions.latest
    assert found is not None
    return found


def test_a_tie_for_the_latest_goes_to_the_later_end_before_the_greater_id():
    for records in ((run("fail", 1, 9, id="a"), run("success", 1, 5, id="b")), (run("fail", 1, 9, id="a"),)):
        watch = Watch().begins()
        watch.sees(*records)
        watch.sees(run("success", 1, 5, id="b"), *records)
        assert latest(watch) == Latest("a", Status.FAIL, at(1), at(9))


def test_a_run_that_still_goes_on_ranks_below_one_that_began_with_it_and_ended():
    watch = Watch().begins()
    watch.sees(run("fail", 1, 9, id="a"), run("executing", 1, id="b"))
    assert latest(watch).run == "a"


def test_the_latest_keeps_its_rank_when_an_answer_lacks_its_times():
    watch = Watch().begins()
    watch.sees(run("fail", 10, 20, id="young"))
    watch.sees(run("fail", id="young", updated=30))
    assert latest(watch) == Latest("young", Status.FAIL, at(10), at(20))
    watch.sees(run("fail", 5, 6, id="old"))
    assert latest(watch).run == "young"


def test_the_latest_learns_its_times_when_an_answer_brings_them():
    watch = Watch().begins()
    watch.sees(run("executing", id="a"))
    watch.sees(run("executing", 10, id="a"))
    assert latest(watch).begin == at(10)
    watch.sees(run("success", 10, 20, id="a"))
    assert latest(watch).end == at(20)


def test_the_latest_run_s_times_never_step_back():
    watch = Watch().begins()
    watch.sees(run("fail", 10, 20))
    watch.sees(run("fail", 9, 19))
    assert latest(watch) == Latest("e1", Status.FAIL, at(10), at(20))


def test_only_active_sightings_make_an_active_status_known():
    watch = Watch().begins()
    watch.sees(run("success", 1, 2, nodes=(node("fail", 1, 2),)))
    assert watch.ledger.executions.seen_active == watch.node().tally.seen_active == []
    watch.sees(run("pausing", 3, id="e2"))
    assert watch.ledger.executions.seen_active == ["pausing"]


def test_an_open_execution_is_shown_with_its_begin():
    watch = Watch().begins(run("executing", -5))
    assert watch.ledger.open == {"e1": Open(Status.EXECUTING, at(-5))}


def test_older_answers_in_between_hide_none_of_the_states_that_follow():
    watch = Watch().begins()
    watch.sees(run("executing", 1, updated=20))
    watch.sees(run("executing", 1, updated=10), run("success", 1, 30, updated=30))
    assert watch.total("success") == 1
    assert not watch.ledger.open


def test_a_restart_in_the_first_answer_is_counted_with_the_past_only():
    for rules, reopened in ((RULES, 0), (COUNT_PAST, 1)):
        for then in (run("executing", -20, updated=-5), run("success", -20, -5, updated=-5)):
            watch = Watch(rules).begins(run("fail", -20, -10, updated=-10), then)
            assert watch.ledger.reopened.total == watch.ledger.reopened.published == reopened


def test_executions_that_went_on_add_up_and_each_counts_once():
    watch = Watch().begins()
    for id_ in ("a", "b"):
        watch.sees(run("fail", 10, 20, id=id_))
        for end in (30, 40, 50):
            watch.sees(run("executing", 10, id=id_))
            watch.sees(run("fail", 10, end, id=id_))
    assert watch.ledger.reopened.total == 2


def test_gaps_add_up_and_are_held_like_any_series():
    watch = Watch().begins(run("success", -9, -5, id="a"))
    assert watch.ledger.gaps.published == watch.ledger.reopened.published == 0
    for id_ in ("b", "c", "d"):
        assert watch.sees(run("success", 10, 20, id=id_), now=60).gap
    assert (watch.ledger.gaps.total, watch.ledger.gaps.published) == (3, 0)
    watch.releases(120)
    assert watch.ledger.gaps.published == 3


def test_a_gap_is_no_past_even_where_that_is_counted():
    watch = Watch(COUNT_PAST).begins(run("success", -9, -5, id="a"))
    watch.sees(run("success", 10, 20, id="b"), now=60)
    assert (watch.ledger.gaps.total, watch.ledger.gaps.published) == (1, 0)


def test_what_ended_the_very_moment_watching_began_is_not_the_past():
    watch = Watch().begins()
    watch.sees(run("fail", -10, 0, id="a"), run("timeout", 0, id="b"), run("cancel", -10, -0.001, id="c"))
    assert (watch.total("fail"), watch.total("timeout"), watch.total("cancel")) == (1, 1, 0)


@pytest.mark.parametrize("name", ["shape", "id", "begin_time", "output"])
def test_flaws_add_up_over_the_answers(name: str):
    watch = Watch().begins()
    step = watch.sees(run("success", 1, 2), flaws=(Flaw(name, 1),))
    watch.sees(run("success", 1, 2), flaws=(Flaw(name, 2), Flaw(name, 3)))
    kept, other = (watch.ledger.rejected, watch.ledger.invalid)[:: 1 if name in ("shape", "id") else -1]
    assert (kept, other) == ({name: 3}, {})
    assert {**step.rejected, **step.invalid} == {name: 1}


def test_a_flaw_that_is_absent_four_times_is_known_and_the_fifth_time_is_forgotten():
    record, flaws = run("success", 1, 2), (Flaw("shape", 1),)
    for absences, rejected in ((4, {}), (5, {"shape": 1})):
        watch = Watch().begins()
        watch.sees(record, flaws=flaws)
        for _ in range(absences):
            watch.sees(record)
        assert watch.sees(record, flaws=flaws).rejected == rejected


def test_answers_that_say_nothing_of_flaws_forget_none():
    record, flaws = run("success", 1, 2), (Flaw("shape", 1),)
    watch = Watch().begins()
    watch.sees(record, flaws=flaws)
    for _ in range(9):
        watch.sees()
        watch.sees(run("executing", 5, id="e2"), tail=True)
        watch.sees(run("success", 5, 6, id="e2"), tail=True)
    assert watch.sees(record, flaws=flaws).rejected == {}


def test_answers_of_flaws_alone_count_how_long_others_are_absent():
    watch = Watch().begins()
    watch.sees(flaws=(Flaw("shape", 1),))
    for i in range(5):
        watch.sees(flaws=(Flaw("shape", 10 + i),))
    assert watch.sees(flaws=(Flaw("shape", 1),)).rejected == {"shape": 1}


def test_the_order_in_which_nodes_and_words_become_known_is_that_of_the_executions_begin():
    records = [
        run("waitApproval", 30, id="a", nodes=(node("executing", 30, node="third"),)),
        run("executing", 10, id="c", nodes=(node("executing", 10, node="first"),)),
        run("pausing", 20, id="b", nodes=(node("executing", 20, node="second"),)),
    ]
    for order in (records, records[::-1]):
        watch = Watch().begins(*order)
        assert list(watch.ledger.nodes) == ["first", "second", "third"]
        assert watch.ledger.executions.seen == ["executing", "pausing", "waitApproval"]


def test_a_step_leaves_the_ledger_it_came_from_alone():
    nodes = (node("fail", 10, 12, run="r1", targets=Targets(fail=1)), node("executing", 12, run="r2"))
    watch = Watch().begins(run("executing", -5, id="a", nodes=(node("pausing", -5),)))
    watch.sees(run("fail", 10, 20, nodes=nodes), flaws=(Flaw("shape", 1), Flaw("output", 2)))
    before = pack(watch.ledger)
    more = (*nodes, node("timeout", 30, 40, run="r3", targets=Targets(success=2)))
    answer = history(
        run("executing", -5, id="a", nodes=(node("success", -5, 50),)),
        run("timeout", 10, 50, nodes=more),
        run("waitApproval", 60, id="b", nodes=(node("cancel", 60, 70, node="m"),)),
        flaws=(Flaw("shape", 3), Flaw("output", 4)),
    )
    assert advance(watch.ledger, answer, RULES, T0 + 600_000).changed
    assert pack(watch.ledger) == before


def test_a_fresh_ledger_is_as_fresh_after_another_was_filled():
    empty = pack(Ledger())
    Watch().begins(run("executing", -5, nodes=(node("pausing", -5),)))
    assert pack(Ledger()) == empty


def test_the_project_id_that_was_first_asked_for_stays():
    watch = Watch()
    for asked, kept in (("", ""), ("p1", "p1"), ("p2", "p1"), ("", "p1")):
        answer = History(records=(), digest=asked.encode(), project_id=asked)
        watch.ledger = advance(watch.ledger, answer, RULES, T0).ledger
        assert watch.ledger.project_id == kept


def test_a_remembered_execution_that_comes_back_changes_no_fact():
    watch = Watch().begins()
    nodes = (node("cancel", 10, 19, run="r9"),)
    watch.sees(run("success", 30, 40, id="keep", nodes=(node("success", 30, 39),)), now=60)
    watch.ledger.forgotten = at(100)
    before = watch.ledger
    step = watch.sees(
        run("success", 30, 40, id="keep", nodes=(node("success", 30, 39),)),
        run("fail", 90, 99, id="old", nodes=nodes, updated=99),
    )
    assert step.rejected == watch.ledger.rejected == {"forgotten": 1}
    assert watch.ledger.executions == before.executions
    assert watch.ledger.nodes["n"].tally == before.nodes["n"].tally
    assert length(watch.ledger.executions.streak) == 0
    assert step.ended == ()


def test_a_nameless_run_whose_begin_is_missing_once_stays_the_latest():
    watch = Watch().begins()
    watch.sees(run("executing", 10, nodes=(node("executing", 10),)))
    watch.sees(run("fail", 10, 70, nodes=(node("fail", None, 70),)))
    assert watch.node().tally.latest.status == "fail"


@pytest.mark.parametrize("name", ["0abc", "zabc"])
def test_a_run_that_gets_its_id_late_stays_the_latest_whatever_its_id(name):
    watch = Watch().begins()
    watch.sees(run("executing", 10, nodes=(node("executing", 10),)))
    watch.sees(run("fail", 10, 70, nodes=(node("fail", 10, run=name),)))
    assert watch.node().tally.latest.status == "fail"


@pytest.mark.parametrize("name", [None, "r"])
def test_a_run_that_fails_again_under_a_name_it_got_late_is_one_failure_in_a_row(name):
    watch = Watch().begins()
    watch.sees(run("fail", 10, 70, nodes=(node("fail", 10 if name else None, 70),)))
    watch.sees(run("fail", 10, 70, nodes=(node("fail", 10, 70, run=name),)))
    watch.sees(run("executing", 10, nodes=(node("executing", 10, run=name),)))
    watch.sees(run("fail", 10, 170, nodes=(node("fail", 10, 170, run=name),)))
    assert watch.node_total("fail") == 2
    assert length(watch.node().tally.streak) == 1
