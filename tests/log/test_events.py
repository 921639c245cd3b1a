"""Event names are stable: each is one row of the table, the table is the reference, and nothing else is ever said."""

import ast
import logging
import re
from pathlib import Path

import pytest

from collector.events.delivery import NAMES
from collector.log import Lasting
from collector.log.events import EVENTS, FIELDS
from collector.log.reference import reference
from collector.model import Committed, Listed, Published, Reloaded, Renewed, Requested, Turned
from tests.log.told import HOUR, KEY, Told, ended

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "deploy" / "docs" / "logs.md"
FIRST = ["time", "level", "event"]


def everything() -> list[dict]:
    """One line at least of each event that facts lead to, with everything that it can tell."""
    told = Told("debug")
    say = told.lines
    say.trace(["wf-1"])
    for at in (0, HOUR):
        told.failed(at=at)
        say(Committed(outcome="failed", at=at, rows=1, seconds=0.1, says="full"))
        say(Listed(project="prod", at=at, ok=False, says="no permission", came=("a",), went=("b",)))
        for what in ("config", "web_config"):
            say(Reloaded(at=at, ok=False, says="bad", what=what))
    told.polled(
        at=2 * HOUR,
        outcome="changed",
        executions=1,
        flaws=1,
        words=("exploded",),
        ended=(ended(held=True), ended("n", held=True), ended(first_sight=True), ended("n", first_sight=True)),
        gap=True,
        rejected={"shape": 1},
        invalid={"end_time": 1},
    )
    say(Committed(outcome="ok", at=2 * HOUR, rows=1, seconds=0.1))
    say(Committed(outcome="conflict", at=2 * HOUR, rows=1, seconds=0.1, says="moved on"))
    say(Listed(project="prod", at=2 * HOUR, ok=True, workflows=7))
    for what in ("web_config", "config"):
        say(Reloaded(at=2 * HOUR, ok=True, says="nothing changed", what=what))
    event_log = Lasting(say.say, NAMES)
    for at in (0, HOUR):
        event_log.failed(at, "full", dropped=1, hint="it waits")
    event_log.worked(2 * HOUR, dropped=1)
    say(Renewed(project="prod", expires_at=HOUR))
    more = {"error_code": "AOM.1", "workflow_id": "wf-1"}
    say(Requested(project="prod", operation="list_executions", code="404", seconds=0.1, **more))
    say(Published(key=KEY, name="n", cause="look", seconds=0.1, held_until=HOUR))
    say(Turned(key=KEY, name="n", until=HOUR))
    say(Turned(key=KEY, name="n", until=None))
    say.bug(ValueError("unexpected"), KEY)
    for level in (logging.WARNING, logging.ERROR, logging.CRITICAL):
        logging.getLogger("aiohttp").log(level, "odd", exc_info=ValueError("unexpected"))
    logging.getLogger("aiohttp").warning("%d", "odd")
    return told.all


def called() -> dict[str, set[str]]:
    """The events that other rooms have said, with their fields."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "collector").rglob("*.py"):
        if path.parent.name == "log":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "say":
                assert isinstance(node.args[0], ast.Constant), f"{path.name}: which event is said stands in the call"
                found.setdefault(node.args[0].value, set()).update(str(each.arg) for each in node.keywords)
    return found


def test_the_reference_of_the_log_is_what_the_table_says():
    assert PAGE.read_text(encoding="utf-8") == reference(), "run: python -m collector.log.reference"


def test_the_reference_names_every_event_with_its_level_and_fields_and_every_field():
    page = PAGE.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \| (.*) \|$", page, re.MULTILINE))
    assert rows.keys() == EVENTS.keys()
    for name, row in rows.items():
        level, when, fields, do = row.split(" | ")
        assert (level, tuple(re.findall("`([a-z_]+)`", fields))) == (EVENTS[name].level, EVENTS[name].fields)
        assert when.endswith(".")
        assert do.endswith(".")
    assert set(FIELDS) == {field for event in EVENTS.values() for field in event.fields}


def test_every_event_of_the_table_is_said_by_the_code_with_all_its_fields():
    said = called()
    for line in everything():
        said.setdefault(line["event"], set()).update(line.keys() - set(FIRST))
    assert said == {name: set(event.fields) for name, event in EVENTS.items()}


def test_every_line_has_the_level_and_the_order_of_the_table():
    for line in everything():
        row = EVENTS[line["event"]]
        assert line["level"] == row.level, row.name
        assert list(line) == FIRST + [field for field in row.fields if field in line], row.name


def test_every_word_in_the_log_room_that_looks_like_an_event_is_one():
    words = set()
    for path in (ROOT / "collector" / "log").glob("*.py"):
        if path.name != "reference.py":
            nodes = ast.walk(ast.parse(path.read_text("utf-8")))
            words |= {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert {word for word in words if re.fullmatch(r"[a-z_]+\.[a-z_]+", word)} == EVENTS.keys()
    assert set(NAMES) <= EVENTS.keys()


def test_nothing_but_the_table_can_be_said():
    with pytest.raises(KeyError):
        Told().lines.say("something.else")
