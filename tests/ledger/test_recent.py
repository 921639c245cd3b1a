"""The last executions that a ledger keeps whole, for people."""

from hypothesis import given
from hypothesis import strategies as st

from collector.ledger import advance
from collector.ledger.book import pack, unpack
from collector.ledger.recent import LAST, LAST_FAILED, MOST_RUNS, executions
from collector.model import History, Status
from tests.ledger.story import COUNT_PAST, T0, Watch, at, node, run
from tests.ledger.test_laws import answers


def kept(watch: Watch) -> list[str]:
    return [past.execution for past in executions(watch.ledger.recent)]


def test_the_last_five_are_kept_latest_first():
    watch = Watch().begins()
    for number in range(8):
        watch.sees(run("success", number, number + 1, id=f"e{number}"))
    assert kept(watch) == ["e7", "e6", "e5", "e4", "e3"]


def test_what_failed_outlives_what_succeeded():
    failed = [run("fail", number, number + 1, id=f"f{number}") for number in range(3)]
    fine = [run("success", 10 + number, 11 + number, id=f"e{number}") for number in range(9)]
    watch = Watch().begins(*failed, *fine)
    assert kept(watch) == ["e8", "e7", "e6", "e5", "e4", "f2", "f1"]


def test_a_success_with_a_node_that_failed_is_a_failure_here():
    watch = Watch().begins(run("success", 1, 9, id="a", nodes=(node("fail", 2, 3),)))
    watch.sees(*[run("success", 10 + number, id=f"e{number}") for number in range(LAST)])
    assert kept(watch)[-1] == "a"


def test_an_execution_is_kept_with_its_node_runs_as_they_stand_now():
    watch = Watch().begins(run("executing", 1, nodes=(node("executing", 2, run="r1"),)))
    watch.sees(run("fail", 1, 9, nodes=(node("success", 4, 5, node="m"), node("fail", 2, 3, run="r1"))))
    (past,) = executions(unpack(pack(watch.ledger)).recent)
    assert (past.execution, past.status, past.begin, past.end, past.more) == ("e1", Status.FAIL, at(1), at(9), 0)
    assert [(one.node, one.status, one.begin, one.end) for one in past.runs] == [
        ("n", Status.FAIL, at(2), at(3)),
        ("m", Status.SUCCESS, at(4), at(5)),
    ]
    assert past.failed


def test_the_states_of_one_node_run_in_one_answer_are_one_run():
    watch = Watch().begins(run("executing", 1, nodes=(node("executing", 2, run="r1"), node("success", 2, 3, run="r1"))))
    (past,) = executions(watch.ledger.recent)
    assert [one.status for one in past.runs] == [Status.SUCCESS]


def test_of_very_many_node_runs_those_that_failed_stay():
    many = [node("success", number, number + 1, node=f"n{number}") for number in range(MOST_RUNS + 5)]
    watch = Watch().begins(run("fail", 0, 999, nodes=(*many, node("fail", 900, 901, node="late"))))
    (past,) = executions(watch.ledger.recent)
    assert len(past.runs) == MOST_RUNS
    assert past.more == 6
    assert past.runs[-1].node == "late"


def test_an_older_state_that_lags_behind_does_not_replace_a_newer_one():
    watch = Watch().begins(run("success", 1, 9, updated=9))
    watch.sees(run("executing", 1, updated=5))
    assert executions(watch.ledger.recent)[0].status is Status.SUCCESS


def times(watch: Watch) -> tuple[int | None, int | None]:
    (past,) = executions(watch.ledger.recent)
    return past.begin, past.end


def test_a_time_that_is_missing_for_once_costs_an_execution_nothing():
    watch = Watch().begins(run("executing", 1))
    watch.sees(run("success", None, 9))
    assert times(watch) == (at(1), at(9))
    watch.sees(run("success", 1, None))
    assert times(watch) == (at(1), at(9))


def test_times_that_are_told_anew_hold():
    watch = Watch().begins(run("fail", 5, 9))
    watch.sees(run("fail", 4, 8))
    assert times(watch) == (at(4), at(8))


def test_an_execution_that_goes_on_again_has_no_end():
    watch = Watch().begins(run("fail", 1, 9))
    watch.sees(run("executing", 1))
    assert times(watch) == (at(1), None)


def test_runs_of_one_node_are_told_apart_by_their_ids_and_those_without_a_begin_stand_last():
    nodes = (node("waitExecute", run="r1"), node("waitExecute", run="r2"), node("success", 2, 3, node="z"))
    watch = Watch().begins(run("executing", 1, nodes=nodes))
    (past,) = executions(watch.ledger.recent)
    assert [(one.node, one.begin) for one in past.runs] == [("z", at(2)), ("n", None), ("n", None)]


@given(st.lists(answers, max_size=3), answers, st.randoms())
def test_the_order_of_a_history_does_not_matter_and_what_is_kept_is_bounded(past, answer, chance):
    watch = Watch(COUNT_PAST)
    for earlier in past:
        watch.sees(*earlier)
    shuffled = list(answer)
    chance.shuffle(shuffled)
    one = advance(watch.ledger, History(records=tuple(answer), digest=b""), COUNT_PAST, T0 + 500_000)
    other = advance(watch.ledger, History(records=tuple(shuffled), digest=b""), COUNT_PAST, T0 + 500_000)
    assert one.ledger.recent == other.ledger.recent
    assert len(one.ledger.recent) <= LAST + LAST_FAILED
