"""Facts as lines: a lasting failure is said at its start and its end, a word nobody knows once."""

import pytest

from collector.model import Committed
from tests.log.told import Told, ended


@pytest.fixture
def told() -> Told:
    return Told("info")


def test_every_poll_is_one_line_at_debug_and_none_at_info():
    quiet, loud = Told("info"), Told("debug")
    quiet.polled()
    assert quiet.events == []
    loud = Told("debug")
    loud.polled()
    assert loud.events == ["poll.finished"]


def test_an_ending_is_a_line_that_names_everything(told: Told):
    told.polled(outcome="changed", ended=(ended(), ended("通知")))
    execution, node = told.all
    assert (execution["event"], node["event"], node["node"]) == ("execution.ended", "node.ended", "通知")
    assert (node["project"], node["workflow"], node["workflow_id"]) == ("prod", "夜间备份", "wf-1")
    assert (node["status"], node["seconds"], node["execution"]) == ("fail", 2.5, "e1")


def test_the_past_is_one_line_however_long_it_is(told: Told):
    told.polled(outcome="changed", ended=(ended(first_sight=True),) * 900)
    assert [(line["event"], line["endings"]) for line in told.all] == [("history.counted", 900)]


def test_a_lasting_failure_is_said_once_and_its_end_once(told: Told):
    for _ in range(5):
        told.polled(outcome="failed", reason="network", says="it is down")
    told.polled(outcome="failed", reason="auth", says="it refuses")
    for _ in range(3):
        told.polled()
    assert told.events == ["poll.failing", "poll.failing", "poll.recovered"]
    assert [line.get("says") for line in told.all] == ["it is down", "it refuses", None]


def test_what_a_whole_project_suffers_from_is_said_of_one_of_its_workflows(told: Told):
    for workflow in ("wf-1", "wf-2", "wf-1", "wf-2"):
        told.polled(workflow, outcome="failed", reason="not_found", says="this region does not offer the interface")
    told.polled("wf-2", outcome="failed", reason="forbidden", says="no permission for this one")
    told.polled("wf-1")
    told.polled("wf-2")
    assert [(line["event"], line["workflow_id"]) for line in told.all] == [
        ("poll.failing", "wf-1"),
        ("poll.failing", "wf-2"),
        ("poll.recovered", "wf-1"),
        ("poll.recovered", "wf-2"),
    ]
    told.polled("wf-2", outcome="failed", reason="not_found", says="this region does not offer the interface")
    assert told.events[-1] == "poll.failing", "what has ended is said again when it comes again"


def test_a_word_nobody_knows_is_said_once(told: Told):
    for _ in range(3):
        told.polled(words=("exploded",))
    assert [(line["event"], line["word"]) for line in told.all] == [("status.unknown", "exploded")]


def test_a_gap_and_rejected_records_are_said(told: Told):
    told.polled(outcome="changed", gap=True, rejected={"shape": 2})
    assert told.events == ["history.gap", "record.rejected"]


def test_a_state_that_fails_is_said_at_its_start_and_its_end(told: Told):
    for outcome in ("failed", "failed", "ok", "ok", "conflict"):
        told.lines(Committed(outcome=outcome, at=0, rows=1, seconds=0.1, says="the disk is full"))
    assert told.events == ["state.failing", "state.recovered", "state.conflict"]
