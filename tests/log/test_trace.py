"""A traced workflow is logged in full, whatever the level; no other is."""

import pytest

from collector.model import Key, Published, Requested, Turned
from tests.log.told import HOUR, KEY, Told, ended


def a_look(told: Told, workflow: str) -> None:
    key = Key("prod", workflow)
    more = {"error_code": "AOM.1", "workflow_id": workflow}
    told.lines(Requested(project="prod", operation="list_executions", code="200", seconds=0.12345, **more))
    told.lines(Published(key=key, name="n", cause="look", seconds=0.01, held_until=HOUR))
    told.polled(
        workflow,
        outcome="changed",
        executions=7,
        flaws=2,
        words=("爆炸\n",),
        ended=(ended(first_sight=True), ended("n", held=True)),
        invalid={"end_time": 2},
    )
    told.lines(Turned(key=key, name="n", until=HOUR))


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_every_step_of_a_traced_workflow_is_said_whatever_the_level(level: str):
    told = Told(level)
    told.lines.trace(["wf-1"])
    a_look(told, "wf-1")
    assert told.events == [
        "request.finished",
        "workflow.published",
        "poll.finished",
        "value.invalid",
        "execution.ended",
        "node.ended",
        "history.counted",
        "status.unknown",
        "workflow.waits",
    ]
    request, published, look, invalid, past, node, *_, waits = told.all
    assert (request["operation"], request["code"], request["seconds"]) == ("list_executions", "200", 0.1235)
    assert (published["cause"], published["seconds"], published["held_until"]) == ("look", 0.01, "1970-01-01T01:00:00Z")
    assert (look["outcome"], look["executions"], look["flaws"], look["words"]) == ("changed", 7, 2, ["爆炸\n"])
    assert (invalid["field"], invalid["count"]) == ("end_time", 2)
    assert (past["past"], node["held"], "past" in node) == (True, True, False)
    assert waits["until"] == "1970-01-01T01:00:00Z"
    assert {line["level"] for line in (request, published, look, invalid, waits)} == {"debug"}, "each at its own level"


def test_the_others_stay_as_quiet_as_they_were():
    told = Told("error")
    told.lines.trace(["wf-1"])
    a_look(told, "wf-2")
    told.lines(Requested(project="prod", operation="create_token", code="201", seconds=0.1))
    told.failed("wf-2")
    assert told.all == []


def test_failing_recovering_and_leaving_are_said_of_it_too():
    told = Told("error")
    told.lines.trace(["wf-1"])
    for at in (0, HOUR):
        told.failed(at=at)
    told.polled(at=HOUR + 1)
    told.lines(Turned(key=KEY, name="n", until=None))
    kept = [event for event in told.events if event != "poll.finished"]
    assert kept == ["poll.failing", "poll.still_failing", "poll.recovered", "workflow.left"]


def test_who_is_traced_can_change():
    told = Told("error")
    told.lines.trace(["wf-1"])
    told.lines.trace(["wf-2"])
    for workflow in ("wf-1", "wf-2"):
        told.polled(workflow)
    assert [line["workflow_id"] for line in told.all] == ["wf-2"]


def test_another_level_holds_from_then_on():
    told = Told("error")
    told.polled()
    told.lines.at_level("debug")
    told.polled()
    told.lines.at_level("info")
    told.polled()
    assert told.events == ["poll.finished"]
