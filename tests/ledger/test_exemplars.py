"""An exemplar leads from a number to the newest execution in it."""

from collector.ledger import release
from collector.ledger.book import Exemplar
from collector.model import Status, Targets
from tests.ledger.story import COUNT_PAST, MINUTE, T0, Watch, at, node, run


def test_the_newest_run_is_the_exemplar_whatever_the_order_of_learning():
    old, new = run("fail", 100, 110, id="old"), run("fail", 200, 230, id="new")
    for first, second in ((old, new), (new, old)):
        watch = Watch()
        watch.sees()
        watch.sees(first, now=300)
        watch.sees(first, second, now=360)
        assert watch.ledger.executions.runs[Status.FAIL].exemplar == Exemplar("new", at(230), 1.0)
        assert watch.ledger.executions.durations[Status.FAIL].exemplar == Exemplar("new", at(230), 30.0)


def test_a_node_run_names_its_execution():
    watch = Watch()
    watch.sees()
    done = node("fail", 100, 104, run="f1", targets=Targets(success=2, fail=1))
    watch.sees(run("fail", 100, 110, nodes=(done,)), now=120)
    book = watch.ledger.nodes["n"]
    assert book.tally.runs[Status.FAIL].exemplar == Exemplar("e1", at(104), 1.0)
    assert book.tally.durations[Status.FAIL].exemplar == Exemplar("e1", at(104), 4.0)
    assert book.targets["success"].exemplar == Exemplar("e1", at(104), 2.0)
    assert book.targets["not_performed"].exemplar is None


def test_a_time_to_come_is_taken_as_now():
    watch = Watch()
    watch.sees()
    watch.sees(run("fail", 100, 200), now=150)
    assert watch.ledger.executions.runs[Status.FAIL].exemplar.at == at(150)


def test_an_end_nobody_knows_is_when_it_was_learned_or_began():
    watch = Watch()
    watch.sees()
    watch.sees(run("fail", 100), run("cancel", id="e2"), now=150)
    assert watch.ledger.executions.runs[Status.FAIL].exemplar.at == at(100)
    assert watch.ledger.executions.runs[Status.CANCEL].exemplar.at == at(150)


def test_a_reopened_execution_is_the_exemplar_of_reopening():
    watch = Watch()
    watch.sees()
    watch.sees(run("fail", 100, 110), now=120)
    watch.sees(run("executing", 100), now=180)
    assert watch.ledger.reopened.exemplar == Exemplar("e1", at(180), 1.0)


def test_an_id_that_an_exemplar_cannot_carry_has_none():
    for length, fits in ((116, True), (117, False)):
        watch = Watch()
        watch.sees()
        watch.sees(run("fail", 100, 110, id="x" * length), now=120)
        assert (watch.ledger.executions.runs[Status.FAIL].exemplar is not None) is fits


def test_what_is_not_counted_is_no_exemplar_and_the_counted_past_is():
    for rules, counted in ((None, False), (COUNT_PAST, True)):
        watch = Watch(rules) if rules else Watch()
        watch.sees(run("fail", -100, -90))
        assert (watch.ledger.executions.runs[Status.FAIL].exemplar is not None) is counted


def test_it_outlives_the_hold():
    watch = Watch()
    watch.sees()
    watch.sees(run("fail", 100, 110), now=120)
    released = release(watch.ledger, T0 + 10 * MINUTE).ledger
    for count in (released.executions.runs[Status.FAIL], released.executions.durations[Status.FAIL]):
        assert count.exemplar.execution == "e1"
