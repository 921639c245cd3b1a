from hypothesis import given
from hypothesis import strategies as st

from collector.ledger import release_at, resume
from collector.ledger.book import Histogram, pack, unpack
from collector.ledger.holds import rebucket
from tests.ledger.story import COUNT_PAST, RULES, T0, Watch, node, run


def test_every_final_status_is_at_zero_from_the_first_poll_on():
    watch = Watch().begins(run("executing", -5, nodes=(node("executing", -5),)))
    assert set(watch.ledger.executions.runs) == {"success", "fail", "cancel", "approvalFailed", "timeout"}
    assert set(watch.node().tally.runs) == {*watch.ledger.executions.runs, "not_performed"}
    assert all(count.published == 0 for count in watch.node().tally.runs.values())


def test_a_series_born_while_watching_stays_at_its_start_until_its_release():
    watch = Watch().begins()
    watch.sees(run("fail", 10, 20), now=30)
    assert (watch.total("fail"), watch.shown("fail")) == (1, 0)
    assert watch.ledger.executions.durations["fail"].published == ((0, 0, 0, 0), 0.0)
    assert not watch.releases(119).changed
    assert watch.releases(120).changed
    assert watch.shown("fail") == 1
    assert watch.ledger.executions.durations["fail"].published == ((0, 0, 0, 0), 0.0), "born later, released later"
    assert release_at(watch.ledger) == T0 + 150_000
    watch.releases(150)
    assert watch.ledger.executions.durations["fail"].published == ((0, 1, 0, 0), 10.0)
    assert release_at(watch.ledger) is None


def test_a_status_nobody_expected_is_born_at_zero_too():
    watch = Watch().begins()
    watch.sees(run("unknown", 10, 20), now=30)
    assert (watch.total("unknown"), watch.shown("unknown")) == (1, 0)
    watch.releases(150)
    assert watch.shown("unknown") == 1


def test_a_released_series_shows_what_is_counted_at_once():
    watch = Watch().begins()
    watch.releases(120)
    watch.sees(run("fail", 130, 140), now=150)
    assert watch.shown("fail") == 1


def test_a_hold_survives_the_store_and_no_restart_begins_it_again():
    watch = Watch().begins()
    watch.sees(run("fail", 10, 20), now=30)
    back = Watch(ledger=unpack(pack(watch.ledger)))
    assert back.shown("fail") == 0
    assert release_at(back.ledger) == T0 + 120_000
    back.releases(120)
    again = Watch(ledger=unpack(pack(back.ledger)))
    assert again.shown("fail") == 1


def test_a_rename_together_with_a_failure_shows_the_last_published_total_first():
    watch = Watch().begins()
    watch.sees(run("fail", 10, 20, id="a"), now=30)
    watch.releases(120)
    step = resume(watch.ledger, label="new name", rules=RULES, now=T0 + 200_000)
    assert step.changed
    renamed = Watch(ledger=step.ledger, label="new name")
    renamed.sees(run("fail", 10, 20, id="a"), run("fail", 190, 195, id="b"), now=201)
    assert (renamed.total("fail"), renamed.shown("fail")) == (2, 1)
    renamed.releases(320)
    assert renamed.shown("fail") == 2


def test_a_restart_under_the_same_name_holds_nothing():
    watch = Watch().begins()
    watch.releases(120)
    assert not resume(watch.ledger, label="wf", rules=RULES, now=T0 + 200_000).changed


def test_counted_past_is_part_of_the_start_and_shown_at_once():
    watch = Watch(COUNT_PAST).begins(run("fail", -20, -10, id="old"))
    assert watch.shown("fail") == 1
    assert watch.ledger.executions.durations["fail"].published == ((0, 1, 0, 0), 10.0)
    watch.sees(run("fail", -20, -10, id="old"), run("fail", 1, 2, id="new"), now=30)
    assert (watch.total("fail"), watch.shown("fail")) == (2, 1)


def test_other_buckets_keep_every_boundary_that_stays():
    watch = Watch(COUNT_PAST).begins(*(run("success", -100, -100 + d, id=str(d)) for d in (0.5, 5, 50)))
    new = type(COUNT_PAST)(history="count", execution_bounds=(10.0, 30.0), node_bounds=(1.0, 10.0))
    step = resume(watch.ledger, label="wf", rules=new, now=T0)
    assert step.changed
    assert step.ledger.executions.durations["success"].counts == (2, 0, 1)
    assert step.ledger.executions.durations["success"].sum == 55.5


bounds = st.lists(st.integers(1, 60), min_size=1, max_size=12, unique=True).map(lambda b: tuple(map(float, sorted(b))))


@given(bounds, bounds, st.data())
def test_no_boundary_that_stays_ever_falls_and_no_count_is_lost(old, new, data):
    counts = tuple(data.draw(st.lists(st.integers(0, 5), min_size=len(old) + 1, max_size=len(old) + 1)))
    moved = rebucket(Histogram(counts, 1.0), old, new)
    assert sum(moved.counts) == sum(counts)
    for bound in set(old) & set(new):
        assert sum(moved.counts[: new.index(bound) + 1]) == sum(counts[: old.index(bound) + 1])
