"""What goes wrong is decided from a seed, ends when it is calmed, and never tells an ending that is not the truth's."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.aom import wire
from collector.simulator import Kind, Trouble, hostile, mild
from collector.simulator.glitches import Asked, shown
from collector.simulator.trouble import FAILURES, GLITCHES, KINDS
from tests.simulator.brisk import brisk

START = 1_700_000_000_000
FLOW = "wf-00001"
TOLD = brisk(workflows=2, start=START, kept=60)


def read(root, at):
    body = json.dumps(root).encode()
    return wire.history(body, digest=b"", now=at, date=at)


def true_endings(lives, at):
    """All endings up to a moment: the execution's id, the node or None, the status, and the second of the end."""
    found = set()
    for life in lives:
        for node, status, end in life.endings():
            if end <= at:
                found.add((life.id, node, status, None if status == "not_performed" else end // 1000))
    return found


def told_endings(history):
    for record in history.records:
        if record.end is not None:
            yield record.id, None, str(record.status), record.end // 1000
        for node in record.nodes:
            if node.end is not None or node.status == "not_performed":
                yield record.id, node.node, str(node.status), None if node.end is None else node.end // 1000


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32), kinds=st.sets(st.sampled_from(GLITCHES), min_size=1), later=st.integers(0, 40_000))
def test_a_glitch_tells_no_ending_that_is_not_the_truths(seed, kinds, later):
    at = START + 20_000 + later
    trouble = Trouble(seed=seed, rates=dict.fromkeys(kinds, 1.0), relief=0)
    asked = Asked(world=TOLD, workflow_id=FLOW, project_id="p", at=at)
    truth = true_endings(TOLD.lives(FLOW, at) + TOLD.lives(FLOW, at - trouble.lag), at)
    known = {life.id for life in TOLD.lives(FLOW, at) + TOLD.lives(FLOW, at - trouble.lag)}
    for _ in range(3):
        history = read(shown(asked, trouble.turn(FLOW), trouble), at)
        assert {record.id for record in history.records} <= known
        assert set(told_endings(history)) <= truth
        assert not history.words
        assert {flaw.name for flaw in history.flaws} <= {"shape", "id"}, "every time can be read"


@pytest.mark.parametrize("kind", GLITCHES)
def test_every_glitch_changes_what_is_shown_and_calm_ends_it(kind):
    trouble = Trouble(seed=3, rates={kind: 1.0}, relief=0)
    asked = Asked(world=TOLD, workflow_id=FLOW, project_id="p", at=START + 30_000)
    plain = TOLD.history(FLOW, asked.at, project_id="p")
    roots = [shown(asked, trouble.turn(FLOW), trouble) for _ in range(3)]
    assert any(root != plain for root in roots)
    assert set(trouble.occurred) == {kind}
    trouble.calm()
    assert shown(asked, trouble.turn(FLOW), trouble) == plain


@given(seed=st.integers(0, 2**32), place=st.text(max_size=5), number=st.integers(0, 1000), kind=st.sampled_from(KINDS))
def test_what_strikes_depends_on_seed_kind_place_and_number_alone(seed, place, number, kind):
    one, other = hostile(seed), hostile(seed)
    other.turn("elsewhere")
    assert one.strikes(kind, place, number) == other.strikes(kind, place, number)


def test_requests_for_one_workflow_do_not_change_what_strikes_another():
    one, other = hostile(9), hostile(9)
    alone = [one.turn("a") for _ in range(50)]
    between = [(other.turn("b"), other.turn("a"))[1] for _ in range(50)]
    assert alone == between
    assert alone != [hostile(10).turn("a")] * 50


def test_one_request_of_every_so_many_is_spared_but_for_what_is_late():
    trouble = hostile(4)
    turns = [trouble.turn("a").kinds for _ in range(400)]
    assert max(sum(1 for kinds in turns[i::4] if kinds <= {Kind.LATE}) for i in range(4)) == 100


@pytest.mark.parametrize(("preset", "least", "most"), [(mild, 0.005, 0.05), (hostile, 0.1, 0.4)])
def test_the_presets_differ_in_how_often_requests_fail(preset, least, most):
    trouble = preset(1)
    failed = sum(trouble.turn("a").failure is not None for _ in range(3000)) / 3000
    assert least < failed < most


def test_kinds_that_do_not_exist_and_rates_that_are_none_are_refused():
    with pytest.raises(ValueError, match="no kinds of trouble: flood"):
        Trouble(seed=0, rates={"flood": 0.1})
    with pytest.raises(ValueError, match="from 0 to 1"):
        Trouble(seed=0, rates={Kind.EMPTY: 1.1})
    assert set(GLITCHES) | set(FAILURES) | {Kind.EARLY_EXPIRY} == set(KINDS)
