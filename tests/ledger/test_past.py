from collector.ledger import Ledger, advance
from collector.model import History, Targets
from tests.ledger.story import COUNT_PAST, RULES, T0, Watch, at, node, run


def test_the_past_fills_the_facts_and_is_not_counted():
    watch = Watch().begins(run("fail", -20, -10, nodes=(node("fail", -19, -11),)))
    assert watch.total("fail") == watch.node_total("fail") == 0
    assert watch.ledger.executions.latest.status == "fail"
    assert watch.ledger.executions.last.duration == 10
    assert watch.ledger.executions.ends["fail"] == T0 - 10_000
    assert watch.ledger.executions.streak.verdicts[0].failed
    assert watch.node().tally.ends["fail"] == T0 - 11_000


def test_the_past_is_never_counted_whichever_answer_brings_it():
    watch = Watch().begins()
    watch.sees(run("fail", -20, -10, id="late"), run("success", None, -10, id="later"))
    watch.sees(run("cancel", -20, None, id="without an end it is where it began"))
    assert sum(count.total for count in watch.ledger.executions.runs.values()) == 0


def test_what_the_first_answer_shows_as_over_is_past_even_where_their_clock_runs_ahead():
    watch = Watch().begins(run("fail", 10, 20, nodes=(node("fail", 10, 20),)), run("success", id="timeless"))
    assert watch.total("fail") == watch.node_total("fail") == watch.total("success") == 0


def test_what_ends_after_watching_began_counts_though_it_began_before():
    watch = Watch().begins(run("executing", -20, nodes=(node("success", -20, -15), node("executing", -15, node="m"))))
    watch.sees(run("success", -20, 5, nodes=(node("success", -20, -15), node("success", -15, 5, node="m"))))
    assert watch.total("success") == 1
    assert watch.node_total("success") == 0
    assert watch.node_total("success", "m") == 1


def test_what_was_seen_active_did_not_end_in_the_past_even_without_an_end():
    watch = Watch().begins(run("executing", -20, nodes=(node("executing", -15),)))
    watch.sees(run("fail", -20, nodes=(node("fail", -15),)))
    assert watch.total("fail") == watch.node_total("fail") == 1


def test_a_past_failure_that_is_restarted_counts_its_next_ending_only():
    watch = Watch().begins(run("fail", -20, -10))
    watch.sees(run("executing", -20))
    watch.sees(run("success", -20, 30))
    assert (watch.total("fail"), watch.total("success")) == (0, 1)
    assert watch.durations("success") == []
    assert watch.ledger.reopened.total == 1


def test_counted_past_counts_everything_the_service_still_shows():
    watch = Watch(COUNT_PAST).begins(run("fail", -20, -10, nodes=(node("fail", -19, -11),)))
    assert watch.total("fail") == watch.node_total("fail") == 1


def test_the_service_s_clock_says_when_watching_began():
    ahead = History(records=(), digest=b"1", date=T0 + 600_000)
    watch = Watch()
    watch.ledger = advance(watch.ledger, ahead, RULES, T0).ledger
    watch.sees(run("fail", 0, 500, id="before, by their clock"), run("fail", 0, 700, id="after"))
    assert watch.total("fail") == 1


def test_the_published_example_counts_one_of_each():
    record = run("success", -100, -100, nodes=(node("success", run="xxxxx", targets=Targets(success=1)),))
    watch = Watch(COUNT_PAST).begins(record)
    watch.sees(record)
    assert watch.total("success") == watch.node_total("success") == watch.node().targets["success"].total == 1
    assert watch.durations("success") == [1, 0, 0, 0]
    assert watch.node().tally.durations == {}


def test_where_a_list_lacked_the_workflow_its_first_answer_tells_what_came_since():
    watch = Watch(ledger=Ledger(lacked=at(-60))).begins(
        run("fail", -90, -70, id="before"),
        run("fail", -70, -50, id="after", nodes=(node("success", -75, -65), node("fail", -65, -50))),
        run("cancel", -65, None, id="without an end it is where it began"),
    )
    assert watch.ledger.since == at(-60)
    assert (watch.total("fail"), watch.total("cancel")) == (1, 0)
    assert (watch.node_total("fail"), watch.node_total("success")) == (1, 0)
    assert watch.shown("fail") == 0, "held, so that it is seen as an increase"
    watch.sees(run("success", -61, -59, id="late"))
    assert watch.total("success") == 1


def test_what_came_since_a_list_lacked_the_workflow_may_have_been_reopened_too():
    states = (run("fail", -50, -40, updated=-40), run("executing", -50, updated=-30))
    assert Watch(ledger=Ledger(lacked=at(-60))).begins(*states).ledger.reopened.total == 1
    assert Watch().begins(*states).ledger.reopened.total == 0
