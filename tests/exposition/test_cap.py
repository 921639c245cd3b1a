from collector.exposition import Own
from collector.ledger.book import Node
from tests.exposition.shown import (
    Clock,
    begun,
    calm,
    exposition,
    families,
    good,
    of,
    series,
    troubled,
    watching,
    workflow,
)
from tests.ledger.story import T0

EXECUTING = 'aom_workflow_executions_active{project="prod",workflow_id="wf-1",workflow="nightly",status="executing"}'


# What is there, and what is not


def size(ledger):
    """How many samples a workflow has when all of them are shown."""
    shown = watching(ledger)
    good(shown, workflow())
    return shown.samples


def capped(max_series):
    own = Own(clock=(clock := Clock()))
    shown = exposition(max_series=max_series, own=own)
    return shown, clock


def dropped(shown, clock):
    clock.at += 10
    text = shown.page().decode()
    return [line for line in text.splitlines() if line.startswith("aom_collector_series_dropped_total{")]


def test_past_the_cap_a_new_workflow_shows_only_that_it_is_there_and_how_it_is_looked_at():
    shown, clock = capped(size(calm()) + 5)
    shown.watch(workflow(), calm(), restored=False)
    shown.watch(workflow("wf-2", expect_every=60), None, restored=False)
    assert dropped(shown, clock) == []
    shown.publish(workflow("wf-2").key, calm())
    shown.polled(workflow("wf-2").key, ok=True, at=T0, reason=None)
    shown.polled(workflow("wf-2").key, ok=False, at=T0, reason="server")
    assert {name.partition("{")[0] for name in series(shown.page()) if '"wf-2"' in name} == {
        "aom_workflow_info",
        "aom_collector_workflow_up",
        "aom_collector_workflow_last_success_timestamp_seconds",
    }
    full = exposition()
    full.watch(workflow("wf-2", expect_every=60), calm(), restored=False)
    good(full, workflow("wf-2"))
    assert dropped(shown, clock) == [f'aom_collector_series_dropped_total{{project="prod"}} {full.samples - 1:.1f}']
    for ledger in (calm(), begun().ledger, calm()):
        shown.publish(workflow("wf-2").key, ledger)
    assert dropped(shown, clock) == [f'aom_collector_series_dropped_total{{project="prod"}} {full.samples - 1:.1f}']


def test_what_is_withheld_for_now_keeps_its_room():
    shown, _ = capped(2 * size(calm()) - 1)
    shown.watch(workflow(), calm(), restored=True)
    shown.watch(workflow("wf-2"), calm(), restored=True)
    assert len([name for name in series(shown.page()) if '"wf-2"' in name]) == 1


def test_a_capped_workflow_whose_totals_wait_shows_no_facts_about_now():
    shown, _ = capped(5)
    shown.watch(workflow(), calm(), restored=True)
    good(shown, workflow())
    shown.publish(workflow().key, troubled())
    assert EXECUTING not in series(shown.page())


def test_a_workflow_that_was_shown_grows_past_the_cap_unharmed():
    shown, _ = capped(size(begun().ledger))
    shown.watch(workflow(), begun().ledger, restored=False)
    shown.publish(workflow().key, troubled())
    assert "aom_workflow_node_runs_total" in families(shown)


def test_a_capped_workflow_is_shown_once_there_is_room():
    shown, _ = capped(size(calm()) + 5)
    shown.watch(workflow(), calm(), restored=False)
    shown.watch(workflow("wf-2"), calm(), restored=False)
    assert len([name for name in series(shown.page()) if '"wf-2"' in name]) == 1
    shown.forget(workflow().key)
    shown.publish(workflow("wf-2").key, calm())
    good(shown, workflow("wf-2"))
    assert len([name for name in series(shown.page()) if name.startswith("aom_workflow_")]) == size(calm())


def test_overflowing_nodes_share_one_label():
    watch = begun()
    watch.ledger.nodes["__other__"] = Node()
    shown = watching(watch.ledger)
    good(shown, workflow())
    assert of(shown, "aom_workflow_node_runs_active") == {'node="__other__",status="executing"': 0}
