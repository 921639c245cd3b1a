"""Where nothing happens nothing is said: under one line per workflow and hour. Time is an argument."""

from collector.model import Committed, Key, Listed, Published, Renewed, Requested, Scraped, Turned
from tests.log.told import HOUR, MINUTE, Told

HOURS = 24


def a_quiet_day(told: Told, flows: list[str]) -> None:
    say = told.lines
    for at in range(0, HOURS * HOUR, MINUTE):
        for workflow in flows:
            say(Requested(project="prod", operation="list_executions", code="200", seconds=0.1, workflow_id=workflow))
            told.polled(workflow, at=at, executions=100)
            say(Turned(key=Key("prod", workflow), name="n", until=at + MINUTE))
        if at % (5 * MINUTE) == 0:
            say(Requested(project="prod", operation="list_workflows", code="200", seconds=0.1))
            say(Listed(project="prod", at=at, ok=True, workflows=len(flows)))
            say(Published(key=Key("prod", flows[0]), name="n", cause="look", seconds=0.01, held_until=None))
            say(Committed(outcome="ok", at=at, rows=1, seconds=0.01))
        say(Scraped())
        if at % HOUR == 0:
            say(Renewed(project="prod", expires_at=at + HOUR))


def test_a_quiet_day_of_a_hundred_workflows_is_one_line_per_renewed_credential():
    told, flows = Told(), [f"wf-{number}" for number in range(100)]
    a_quiet_day(told, flows)
    assert len(told.all) < len(flows) * HOURS
    assert told.events == ["credential.renewed"] * HOURS
    a_quiet_day(told, flows[:3])
    assert not [line for line in told.all if "workflow_id" in line]


def test_at_debug_the_same_day_has_its_lines():
    told = Told("debug")
    a_quiet_day(told, ["wf-1"])
    assert told.events.count("poll.finished") == HOURS * 60
