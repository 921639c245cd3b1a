"""Holds under new names and new buckets: what is published stays, for how long, and with which exemplar."""

from collector.ledger import learn, leave, release_at, resume
from collector.ledger.book import Exemplar, Histogram
from collector.ledger.holds import rebucket
from collector.model import Definition, Status, Targets
from tests.ledger.story import COUNT_PAST, MINUTE, RULES, T0, Watch, at, node, run

NODES = (node("fail", 10, 14, run="r1", targets=Targets(success=2, fail=1)),)


def told(watch: Watch, *, label: str = "Nightly", **nodes: str) -> Watch:
    definition = Definition(workflow_id="wf", name=label, type="", nodes=nodes)
    watch.ledger = learn(watch.ledger, definition, label=label, rules=RULES, now=at(watch.now)).ledger
    return watch


def restarted(watch: Watch, *, label: str = "Nightly", **_: str) -> Watch:
    watch.ledger = resume(watch.ledger, label=label, rules=RULES, now=at(watch.now)).ledger
    return watch


def failed() -> Watch:
    """A failure was seen and everything about it is published."""
    watch = Watch().begins()
    watch.sees(run("fail", 10, 20, nodes=NODES))
    watch.releases(600)
    watch.now = 1200
    return watch


def test_a_new_name_holds_every_series_for_first_zero_from_then_on():
    for renamed in (told, restarted):
        watch = renamed(failed())
        assert release_at(watch.ledger) == at(1200) + RULES.first_zero
        assert not watch.releases(1319).changed
        assert watch.releases(1320).changed
        assert release_at(watch.ledger) is None


def test_a_new_name_shows_what_was_published_and_keeps_the_exemplars_for_later():
    for renamed in (told, restarted):
        watch = renamed(failed())
        tally, targets = watch.ledger.executions, watch.node().targets
        assert tally.runs[Status.FAIL].published == 1
        assert tally.durations[Status.FAIL].published == ((0, 1, 0, 0), 10.0)
        assert [count.published for count in targets.values()] == [2, 1, 0, 0]
        watch.releases(1320)
        tally, targets = watch.ledger.executions, watch.node().targets
        assert tally.runs[Status.FAIL].exemplar == Exemplar("e1", at(20), 1.0)
        assert tally.durations[Status.FAIL].exemplar == Exemplar("e1", at(20), 10.0)
        assert targets["success"].exemplar == Exemplar("e1", at(14), 2.0)
        assert [count.total for count in targets.values()] == [2, 1, 0, 0]


def test_a_workflow_that_was_gone_shows_its_last_totals_for_first_zero_when_it_returns():
    watch = failed()
    before = watch.ledger
    step = leave(before)
    assert step.changed is True
    assert (step.ledger.label, before.label) == ("", "wf")
    assert leave(step.ledger).changed is False
    watch.ledger = step.ledger
    restarted(watch, label="wf")
    assert watch.ledger.label == "wf"
    watch.sees(run("fail", 10, 20, nodes=NODES), run("fail", 1210, 1270, id="e2"))
    assert (watch.total("fail"), watch.shown("fail")) == (2, 1)
    watch.releases(1320)
    assert watch.shown("fail") == 2


def test_what_is_found_under_a_new_name_is_shown_after_the_hold():
    watch = told(failed())
    watch.sees(run("fail", 10, 20, nodes=NODES), run("fail", 1210, 1270, id="e2"))
    histogram = watch.ledger.executions.durations[Status.FAIL]
    assert (histogram.published, histogram.counts, histogram.sum) == (((0, 1, 0, 0), 10.0), (0, 1, 1, 0), 70.0)
    watch.releases(1320)
    assert watch.ledger.executions.durations[Status.FAIL].published == ((0, 1, 1, 0), 70.0)


def test_a_series_nobody_expected_is_held_for_first_zero_from_its_birth_on():
    watch = Watch().begins()
    watch.sees(run("unknown", 10, 20), now=30)
    watch.releases(149)
    assert (watch.total("unknown"), watch.shown("unknown")) == (1, 0)
    watch.releases(150)
    assert watch.shown("unknown") == 1


def test_the_counted_past_adds_up_in_what_is_shown_at_once():
    watch = Watch(COUNT_PAST).begins(*(run("fail", -20, -10 - i, id=f"e{i}") for i in range(3)))
    watch.sees(*(run("fail", -20, -10 - i, id=f"e{i}") for i in range(4)), run("fail", 10, 20, id="new"))
    assert (watch.total("fail"), watch.shown("fail")) == (5, 4)
    assert watch.ledger.executions.durations[Status.FAIL].published == ((0, 4, 0, 0), 34.0)


def test_other_buckets_change_what_is_shown_and_what_is_held_alike():
    old, new = (1.0, 10.0, 60.0), (10.0, 30.0)
    exemplar = Exemplar("e1", T0, 5.0)
    held = rebucket(Histogram((1, 2, 3, 4), 99.0, (1, 1, 0, 1), 42.0, 7, exemplar), old, new)
    assert held == Histogram((3, 0, 7), 99.0, (2, 0, 1), 42.0, 7, exemplar)
    released = rebucket(Histogram((1, 2, 3, 4), 99.0, None, 0.0, 7, exemplar), old, new)
    assert released == Histogram((3, 0, 7), 99.0, None, 0.0, 7, exemplar)


def test_the_same_buckets_change_nothing():
    histogram = Histogram((1, 2, 3, 4), 99.0, (1, 1, 0, 1), 42.0, 7)
    assert rebucket(histogram, (1.0, 10.0, 60.0), (1.0, 10.0, 60.0)) == histogram


def test_a_node_the_list_drops_after_it_was_lost_is_looked_at_again_at_once_and_only_then():
    watch = Watch().begins()
    watch.sees(run("success", 1, 2, nodes=(node("success", 1, 2, node="a"), node("success", 1, 2, node="b"))))
    told(watch, label="wf", a="A", b="B")
    for i in range(1, 4):
        watch.sees(
            *(
                run("success", 100 * k, 100 * k + 2, id=f"e{k}", nodes=(node("success", 100 * k, node="b"),))
                for k in range(1, i + 1)
            ),
            run("success", 1, 2, nodes=(node("success", 1, 2, node="a"), node("success", 1, 2, node="b"))),
        )
    assert watch.ledger.review_at is None
    told(watch, label="wf", a="A", b="B")
    assert watch.ledger.review_at is None, "the list still has it"
    told(watch, label="wf", b="B")
    assert watch.ledger.review_at == 0
    watch.sees(tail=True)
    due = watch.ledger.review_at
    assert due == at(2) + 30 * 24 * 60 * MINUTE
    told(watch, label="wf", b="Bee")
    assert watch.ledger.review_at == due, "it was gone before"
