import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from collector.exposition.catalog import CATALOG
from collector.ledger import Ledger
from collector.model import Targets
from tests.exposition.shown import (
    begun,
    calm,
    domain,
    ended,
    exposition,
    families,
    good,
    of,
    series,
    troubled,
    watching,
    workflow,
)
from tests.ledger.story import T0, Watch, node, run

SUCCESS = 'aom_workflow_executions_total{project="prod",workflow_id="wf-1",workflow="nightly",status="success"}'
EXECUTING = 'aom_workflow_executions_active{project="prod",workflow_id="wf-1",workflow="nightly",status="executing"}'


# What is there, and what is not


def test_before_the_first_good_answer_only_the_workflow_is_known():
    shown = exposition()
    shown.watch(workflow(expect_every=60), None, restored=False)
    assert families(shown) == {
        "aom_workflow_info",
        "aom_workflow_expected_interval_seconds",
        "aom_collector_workflow_interval_seconds",
    }
    shown.polled(workflow().key, ok=False, at=T0, reason="forbidden")
    assert of(shown, "aom_collector_workflow_up") == {"": 0}
    assert of(shown, "aom_collector_workflow_poll_failures_total") == {'reason="forbidden"': 1}
    assert "aom_collector_workflow_last_success_timestamp_seconds" not in families(shown)


def test_from_the_first_good_answer_on_zeros_are_shown():
    shown = watching(begun().ledger)
    good(shown, workflow())
    assert set(of(shown, "aom_workflow_executions_total").values()) == {0}
    assert list(of(shown, "aom_workflow_executions_active")) == [
        f'status="{status}"' for status in ("executing", "waitExecute", "waitApproval", "pausing", "canceling")
    ]
    for family in ("reopened_executions_total", "history_gaps_total", "consecutive_failures"):
        assert of(shown, f"aom_workflow_{family}") == {"": 0}
    assert "aom_workflow_last_execution_status" not in families(shown), "no execution is known"


def test_an_active_run_that_is_missing_too_long_is_not_counted():
    watch = begun(run("executing", -5, nodes=(node("executing", -5),)))
    shown = watching(watch.ledger)
    good(shown, workflow())
    assert series(shown.page())[EXECUTING] == 1
    for _ in range(3):
        watch.sees(run("success", 1, 2, id="other"))
    shown.publish(workflow().key, watch.ledger)
    assert series(shown.page())[EXECUTING] == 0
    assert of(shown, "aom_workflow_node_runs_active") == {'node="n",status="executing"': 0}
    assert "aom_workflow_oldest_active_begin_timestamp_seconds" not in families(shown)
    assert "aom_workflow_node_oldest_active_begin_timestamp_seconds" not in families(shown)


def test_the_oldest_of_several_active_runs_is_shown():
    nodes = (node("executing", 7, run="a"), node("executing", 5, run="b"), node("waitExecute", run="c"))
    watch = begun()
    watch.sees(run("executing", 4, id="x", nodes=nodes), run("executing", 3, id="y"), run("pausing", 9, id="z"))
    shown = watching(watch.ledger)
    good(shown, workflow())
    assert of(shown, "aom_workflow_oldest_active_begin_timestamp_seconds") == {
        'status="executing"': T0 / 1000 + 3,
        'status="pausing"': T0 / 1000 + 9,
    }
    assert of(shown, "aom_workflow_node_oldest_active_begin_timestamp_seconds") == {'node="n"': T0 / 1000 + 5}
    assert of(shown, "aom_workflow_node_runs_active") == {
        'node="n",status="executing"': 2,
        'node="n",status="waitExecute"': 1,
    }


def test_a_node_that_is_gone_keeps_its_counters_alone():
    ledger = troubled()
    shown = watching(ledger)
    good(shown, workflow())
    with_gone = {name.partition("{")[0] for name in series(shown.page()) if 'node="gone"' in name}
    assert {name for name in with_gone if not name.startswith("aom_workflow_node_run_duration")} == {
        "aom_workflow_node_runs_total"
    }


def test_a_gone_node_shows_no_begin_though_a_run_of_it_is_still_open():
    watch = begun(run("executing", -5, nodes=(node("executing", -5),)))
    watch.ledger.nodes["n"].gone = True
    shown = watching(watch.ledger)
    good(shown, workflow())
    assert "aom_workflow_node_oldest_active_begin_timestamp_seconds" not in families(shown)


def test_a_name_is_shown_only_where_it_is_known():
    watch = begun(run("success", -5, -1, nodes=(node("success", -5, -1), node("success", -4, -2, node="m"))))
    watch.ledger.nodes["m"].name = "second step"
    assert of(watching(watch.ledger), "aom_workflow_node_info") == {'node="m",name="second step"': 1}


@pytest.mark.parametrize(
    ("name", "learned", "label"), [("given", "learned", "given"), (None, "learned", "learned"), (None, "", "wf-1")]
)
def test_the_workflow_label_is_the_given_name_else_the_learned_one_else_the_id(name, learned, label):
    shown = exposition()
    shown.watch(workflow(name=name), Ledger(name=learned), restored=False)
    assert f'workflow="{label}"' in domain(shown.page())


def test_what_a_series_on_hold_shows_is_its_start():
    watch = Watch().begins()
    watch.sees(run("success", 10, 20), now=30)
    shown = watching(watch.ledger)
    assert series(shown.page())[SUCCESS] == 0
    watch.releases(120)
    shown.publish(workflow().key, watch.ledger)
    assert series(shown.page())[SUCCESS] == 1


def test_on_hold_no_counter_and_no_histogram_moves():
    nodes = (node("fail", 20, 29, targets=Targets(success=1, fail=1, not_performed=1, in_execution=1)),)
    watch = Watch().begins()
    watch.sees(run("fail", 10, 20, id="a"), now=30)
    watch.sees(run("executing", 10, id="a"), now=40)
    watch.sees(run("fail", 10, 29, id="b", nodes=nodes), now=50)
    moving = {family.name for family in CATALOG if family.type != "gauge"}

    def moved():
        shown = watching(watch.ledger)
        names = (name.partition("{")[0] for name, value in series(shown.page()).items() if value)
        return {re.sub("(_bucket|_sum|_count)$", "", name) for name in names} & moving

    assert moved() == set()
    watch.releases(1000)
    assert moved() == moving


# The page as a whole


def test_every_family_is_said_once_in_one_block_and_workflows_keep_their_place():
    shown = exposition()
    for id_ in ("wf-2", "wf-1", "wf-3"):
        shown.watch(workflow(id_), calm(), restored=False)
    for id_ in ("wf-3", "wf-1", "wf-2"):
        good(shown, workflow(id_))
        shown.publish(workflow(id_).key, troubled())
    found = list(text_string_to_metric_families(domain(shown.page())))
    names = [family.name for family in found]
    assert len(names) == len(set(names))
    for family in found:
        ids = list(dict.fromkeys(sample.labels["workflow_id"] for sample in family.samples))
        assert ids == ["wf-2", "wf-1", "wf-3"]
        assert family.documentation
        assert all(sample.timestamp is None for sample in family.samples)


def test_a_publication_touches_its_workflow_alone():
    shown = exposition()
    for id_ in ("wf-1", "wf-2"):
        shown.watch(workflow(id_), calm(), restored=False)
        good(shown, workflow(id_))
    before = series(shown.page())
    shown.publish(workflow("wf-2").key, troubled())
    after = series(shown.page())
    assert {name: value for name, value in before.items() if '"wf-1"' in name} == {
        name: value for name, value in after.items() if '"wf-1"' in name
    }
    assert before != after


def test_forgetting_leaves_no_trace():
    shown = exposition()
    shown.watch(workflow("wf-1"), calm(), restored=False)
    before, samples = shown.page(), shown.samples
    shown.watch(workflow("wf-2"), calm(), restored=True)
    good(shown, workflow("wf-2"))
    shown.publish(workflow("wf-2").key, troubled())
    shown.polled(workflow("wf-2").key, ok=False, at=T0, reason="server")
    shown.forget(workflow("wf-2").key)
    assert domain(shown.page()) == domain(before)
    assert shown.samples == samples
    for late in (
        lambda: shown.publish(workflow("wf-2").key, calm()),
        lambda: shown.polled(workflow("wf-2").key, ok=True, at=T0, reason=None),
        lambda: shown.scraped(None),
        lambda: shown.tick(T0),
        lambda: shown.forget(workflow("wf-2").key),
    ):
        late()
        assert (domain(shown.page()), shown.samples) == (domain(before), samples)


def test_a_family_that_is_disabled_is_not_exposed_nor_counted():
    disable = frozenset({"aom_workflow_node_run_duration_seconds", "aom_collector_workflow_up", "aom_collector_series"})
    everything, less = watching(calm()), watching(calm(), disable=disable)
    for shown in (everything, less):
        good(shown, workflow())
    text = less.page().decode()
    assert not any(name in text for name in ("node_run_duration", "workflow_up", "aom_collector_series"))
    assert "aom_workflow_node_runs_total" in text
    gone = sum("node_run_duration" in name for name in series(everything.page()))
    assert everything.samples - less.samples == gone > 0


def test_the_samples_are_counted_as_they_are_exposed():
    shown = exposition()
    for step in (
        lambda: shown.watch(workflow(), calm(), restored=False),
        lambda: shown.watch(workflow("wf-2"), None, restored=False),
        lambda: good(shown, workflow()),
        lambda: shown.publish(workflow("wf-2").key, troubled()),
        lambda: shown.tick(T0 + 3_600_000),
        lambda: good(shown, workflow("wf-2"), 3600),
        lambda: shown.forget(workflow().key),
    ):
        step()
        counted = [name for name in series(shown.page()) if name.startswith("aom_workflow_")]
        assert shown.samples == len(counted)


def test_a_rename_moves_everything_in_one_publication():
    shown = exposition()
    ledger = calm()
    ledger.name = "old"
    shown.watch(workflow(name=None), ledger, restored=False)
    good(shown, workflow(name=None))
    before = series(shown.page())
    renamed = ledger.clone()
    renamed.name = "new"
    shown.publish(workflow().key, renamed)
    assert series(shown.page()) == {
        name.replace('workflow="old"', 'workflow="new"'): value for name, value in before.items()
    }


def test_a_workflow_that_is_watched_again_takes_over_what_the_file_says_and_keeps_its_failures():
    shown = watching(calm())
    shown.polled(workflow().key, ok=False, at=T0, reason="timeout")
    samples = shown.samples
    shown.watch(workflow(name="other", interval=90, expect_every=5), calm(), restored=True)
    text = domain(shown.page())
    assert 'workflow="nightly"' not in text
    assert shown.samples == samples + 1
    found = {name.partition("{")[0]: value for name, value in series(text).items()}
    assert found["aom_collector_workflow_interval_seconds"] == 90
    assert found["aom_workflow_expected_interval_seconds"] == 5
    assert found["aom_collector_workflow_poll_failures_total"] == 1


# Facts about now


def test_facts_about_now_wait_for_the_first_good_look():
    shown = watching(calm(), restored=True)
    assert EXECUTING not in series(shown.page())
    shown.polled(workflow().key, ok=False, at=T0, reason="network")
    assert EXECUTING not in series(shown.page())
    good(shown, workflow())
    assert EXECUTING in series(shown.page())
    assert series(shown.page())[SUCCESS] == 2, "totals were there all along"


def test_facts_about_now_vanish_when_nobody_confirms_them_and_totals_stay():
    shown = watching(troubled())
    good(shown, workflow())
    before = series(shown.page())
    shown.tick(T0 + 600_000)
    assert series(shown.page()) == before
    shown.tick(T0 + 600_001)
    gone = {name.partition("{")[0] for name in before.keys() - series(shown.page()).keys()}
    assert gone == {
        "aom_workflow_executions_active",
        "aom_workflow_oldest_active_begin_timestamp_seconds",
        "aom_workflow_node_runs_active",
        "aom_workflow_node_oldest_active_begin_timestamp_seconds",
    }
    shown.publish(workflow().key, troubled())
    assert EXECUTING not in series(shown.page()), "a commit is no look"
    good(shown, workflow(), 700)
    assert EXECUTING in series(shown.page())


def test_three_intervals_hold_where_they_are_longer():
    shown = exposition(stale_after=10)
    shown.watch(workflow(interval=3600), calm(), restored=False)
    good(shown, workflow())
    shown.tick(T0 + 3 * 3_600_000)
    assert EXECUTING in series(shown.page())
    shown.tick(T0 + 3 * 3_600_000 + 1)
    assert EXECUTING not in series(shown.page())


# Restored totals


def restored(**more):
    watch = begun()
    shown = watching(ended(watch), restored=True, **more)
    shown.started(T0)
    return watch, shown


def test_restored_totals_are_shown_until_a_scrape_has_carried_them():
    watch, shown = restored()
    token = shown.edition
    shown.publish(workflow().key, ended(watch, 2))
    assert series(shown.page())[SUCCESS] == 1
    shown.publish(workflow().key, ended(watch, 1))
    assert series(shown.page())[SUCCESS] == 1
    shown.scraped(token)
    assert series(shown.page())[SUCCESS] == 4
    shown.publish(workflow().key, ended(watch, 1))
    assert series(shown.page())[SUCCESS] == 5, "from then on at once"


def test_without_a_scrape_restored_totals_are_shown_no_longer_than_first_zero():
    watch, shown = restored(first_zero=30)
    shown.publish(workflow().key, ended(watch))
    shown.tick(T0 + 29_999)
    assert series(shown.page())[SUCCESS] == 1
    shown.tick(T0 + 30_000)
    assert series(shown.page())[SUCCESS] == 2


def test_a_clock_that_is_set_back_does_not_prolong_the_wait():
    watch, shown = restored()
    shown.publish(workflow().key, ended(watch))
    shown.tick(T0 - 3_600_000)
    assert series(shown.page())[SUCCESS] == 2


def test_a_scrape_that_began_before_a_workflow_was_there_has_not_carried_it():
    shown = exposition()
    token = shown.edition
    watch = begun()
    shown.watch(workflow(), ended(watch), restored=True)
    shown.publish(workflow().key, ended(watch))
    shown.scraped(token)
    assert series(shown.page())[SUCCESS] == 1
    shown.scraped(shown.edition)
    assert series(shown.page())[SUCCESS] == 2


def test_a_workflow_that_comes_later_waits_from_its_first_tick_on():
    shown, watch = exposition(first_zero=10), begun()
    shown.started(T0)
    shown.watch(workflow(), ended(watch), restored=True)
    shown.publish(workflow().key, ended(watch))
    shown.tick(T0 + 100_000)
    assert series(shown.page())[SUCCESS] == 1
    shown.tick(T0 + 110_000)
    assert series(shown.page())[SUCCESS] == 2


def test_a_workflow_without_restored_totals_waits_for_nothing():
    shown, watch = exposition(), begun()
    shown.watch(workflow(), watch.ledger, restored=False)
    shown.publish(workflow().key, ended(watch))
    assert series(shown.page())[SUCCESS] == 1


def test_while_totals_wait_what_is_active_is_told_as_it_is():
    watch = begun(run("executing", -5, id="old"))
    shown = watching(watch.ledger, restored=True)
    watch.sees(run("success", -5, 130, id="old"), run("waitApproval", 140, id="new"))
    shown.publish(workflow().key, watch.ledger)
    good(shown, workflow(), 150)
    assert of(shown, "aom_workflow_executions_active")['status="executing"'] == 0
    assert of(shown, "aom_workflow_oldest_active_begin_timestamp_seconds") == {'status="waitApproval"': T0 / 1000 + 140}
    assert series(shown.page())[SUCCESS] == 0
    shown.scraped(None)
    assert series(shown.page())[SUCCESS] == 1


# The cap
