"""What a line says, and that its id is the ending's own."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.events.line import lines
from collector.ledger import Ledger, Step
from collector.model import FAILED, Ended, Key, Status, Targets, Workflow
from tests.ledger.story import COUNT_PAST, RULES, T0, Watch, at, node, run

WORKFLOW = Workflow(key=Key("prod", "wf-1"), project_id="p" * 32, name=None, interval=60)
EXECUTION = Ended(execution="e1", node=None, status=Status.FAIL, begin=at(0), end=at(1.5), held=True, first_sight=False)
NODE = replace(EXECUTION, node="n", run="r1", targets=Targets(success=2, fail=1))
NAMED = Ledger(name="夜间备份", definition={"n": "第一步"})


def told(*ended: Ended, ledger: Ledger = NAMED, workflow: Workflow = WORKFLOW) -> list[dict]:
    made = lines(workflow, Step(ledger=ledger, changed=True, ended=ended), T0 + 61_007)
    return [json.loads(line) for line in made]


def test_an_execution_is_told_with_every_field():
    assert told(EXECUTION) == [
        {
            "event": "execution.ended",
            "v": 1,
            "id": "91bfe7505ce39f93d0a4905563529a7d",  # it must stay so: others tell repetitions by it
            "time": "2023-11-14T22:13:21.500Z",
            "project": "prod",
            "project_id": "p" * 32,
            "workflow_id": "wf-1",
            "workflow": "夜间备份",
            "execution_id": "e1",
            "status": "fail",
            "failed": True,
            "begin": "2023-11-14T22:13:20.000Z",
            "end": "2023-11-14T22:13:21.500Z",
            "duration_seconds": 1.5,
            "ending": 1,
            "past": False,
            "detected": "2023-11-14T22:14:21.007Z",
        }
    ]


def test_a_node_run_is_told_with_its_names_and_targets():
    (execution, of_node) = told(EXECUTION, NODE)
    assert {key: value for key, value in of_node.items() if execution.get(key) != value} == {
        "event": "node.ended",
        "id": of_node["id"],
        "node": "n",
        "node_name": "第一步",
        "run_id": "r1",
        "targets": {"success": 2, "fail": 1, "not_performed": 0, "in_execution": 0},
    }
    assert execution.keys() < of_node.keys()


def test_what_is_not_known_is_null_and_the_time_is_then_that_of_detection():
    (bare,) = told(replace(NODE, begin=None, end=None, run=None, targets=None), ledger=Ledger())
    assert [key for key, value in bare.items() if value is None] == [
        "begin", "end", "duration_seconds", "node_name", "run_id", "targets",
    ]  # fmt: skip
    assert bare["time"] == bare["detected"]
    assert bare["workflow"] == "wf-1"


@pytest.mark.parametrize(
    ("ended", "seconds"),
    [
        (replace(EXECUTION, nth=2), None),
        (replace(NODE, nth=2), 1.5),
        (replace(EXECUTION, begin=at(2)), None),
        (replace(EXECUTION, begin=at(1.5)), 0.0),
    ],
    ids=["a further ending of an execution", "a further ending of a node run", "the wrong way round", "at once"],
)
def test_a_duration_is_told_where_it_is_somebodys_run_time(ended: Ended, seconds: float | None):
    assert told(ended)[0]["duration_seconds"] == seconds


@pytest.mark.parametrize("status", Status)
def test_a_status_is_the_services_word_and_says_whether_it_is_a_failure(status: Status):
    (line,) = told(replace(EXECUTION, status=status))
    assert (line["status"], line["failed"]) == (status.value, status in FAILED)


def test_each_ending_of_a_life_has_a_line_and_an_id_of_its_own():
    watch = Watch().begins()
    first = node("fail", 11, 19, run="r1")
    steps = [watch.sees(run("fail", 10, 20, nodes=(first,)))]
    steps += [watch.sees(run("executing", 10, nodes=(first,)))]
    steps += [watch.sees(run("success", 10, 120, nodes=(first, node("success", 111, 119, run="r2"))))]
    made = [told(*step.ended, ledger=step.ledger) for step in steps]
    assert [[(line["event"], line["ending"]) for line in each] for each in made] == [
        [("execution.ended", 1), ("node.ended", 1)],
        [],
        [("execution.ended", 2), ("node.ended", 1)],
    ]
    ids = [line["id"] for each in made for line in each]
    assert len(set(ids)) == 4


def test_endings_without_times_that_a_sighting_parts_have_ids_of_their_own():
    watch = Watch().begins()
    steps = [watch.sees(run(status)) for status in ("fail", "executing", "fail")]
    ids = [line["id"] for step in steps for line in told(*step.ended, ledger=step.ledger)]
    assert len(set(ids)) == 2


def test_the_past_has_lines_exactly_where_it_counts():
    past = run("fail", -20, -10)
    assert told(*Watch(RULES).sees(past, now=0).ended) == []
    (line,) = told(*Watch(COUNT_PAST).sees(past, now=0).ended)
    assert line["past"] is True


def test_who_counts_again_from_nothing_gives_the_same_ids():
    answer = [run("fail", -20, -10, nodes=(node("fail", -19, -11),)), run("success", id="e2")]
    one, other = (told(*Watch(COUNT_PAST).sees(*answer, now=now).ended) for now in (0, 30))
    assert [line["id"] for line in one] == [line["id"] for line in other]
    assert len(one) == 3


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(text, text, text, text, st.sampled_from(Status))
def test_whatever_ids_and_names_hold_it_is_one_line_that_reads_back(execution, node_id, name, label, status):
    ledger = Ledger(name=label, definition={node_id: name})
    ended = replace(NODE, execution=execution, node=node_id, run=execution, status=status)
    (made,) = lines(WORKFLOW, Step(ledger=ledger, changed=True, ended=(ended,)), T0)
    shown = made.decode()
    assert shown.splitlines() == [shown]
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)
    line = json.loads(made)
    assert (line["execution_id"], line["node"], line["node_name"]) == (execution, node_id, name or None)
