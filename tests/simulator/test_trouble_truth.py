"""Whatever strikes, nothing that is shown is false, and a reader who counts rightly comes to the truth."""

import json
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collector.aom import wire
from collector.ledger import Ledger, Rules, advance, resume
from collector.model import FINAL, NODE_FINAL, Status
from collector.simulator import Kind, Trouble, hostile
from collector.simulator.glitches import NODES, Asked, shown
from collector.simulator.trouble import GLITCHES
from tests.simulator.asking import PROJECT, START
from tests.simulator.trouble_asking import flat, small

WORLD = small(kept=12)
ALIVE = [workflow_id for workflow_id, flow in WORLD.flows.items() if flow.verbatim is None]
RULES = Rules(execution_bounds=(10.0,), node_bounds=(1.0,), first_zero=0)
ARRIVES = (None, Kind.SLOW, Kind.TRICKLING)


def body_of(told, workflow_id, at, turn, trouble):
    asked = Asked(world=told, workflow_id=workflow_id, project_id=PROJECT, at=at)
    return json.dumps(shown(asked, turn, trouble)).encode()


def decoded(body, at):
    return wire.history(body, digest=wire.digest(body), now=at, date=at)


def endings(lives):
    """Execution, node, node run, final status and end second (None where a node was not come to) of all that ends."""
    for life in lives:
        for phase in life.phases:
            if phase.status in FINAL:
                yield life.id, None, None, phase.status, phase.at // 1000
                yield from ((life.id, node, None, "not_performed", None) for node in life.unperformed(phase.at))
        yield from ((life.id, run.node, run.id, run.status, run.end // 1000) for run in life.runs)


def claimed(records):
    """The same of what an answer says."""
    for record in records:
        assert (record.end is not None) is (record.status in FINAL)
        if record.status in FINAL:
            yield record.id, None, None, record.status, record.end // 1000
        for node in record.nodes:
            assert (node.end is not None) is (node.status in FINAL)
            if node.status in NODE_FINAL:
                yield record.id, node.node, node.run, node.status, node.end and node.end // 1000


def named(value, key):
    return isinstance(value, dict) and isinstance(value.get(key), str) and value[key] != ""


@settings(max_examples=150)
@given(
    seed=st.integers(0, 2**32),
    rate=st.sampled_from([0.2, 0.5, 1.0]),
    workflow_id=st.sampled_from(ALIVE),
    second=st.integers(0, 150),
    kinds=st.sets(st.sampled_from([kind for kind in GLITCHES if kind is not Kind.EMPTY]), min_size=1),
)
@example(seed=1, rate=1.0, workflow_id="wf-patch-hosts", second=40, kinds=set(GLITCHES) - {Kind.EMPTY})
def test_no_glitch_makes_an_ending_that_never_was_or_hides_a_record_from_its_reader(
    seed, rate, workflow_id, second, kinds
):
    trouble = Trouble(seed=seed, rates=dict.fromkeys(kinds, rate), relief=0)
    for at in range(START + second * 1000, START + second * 1000 + 3500, 700):
        body = body_of(WORLD, workflow_id, at, trouble.turn(workflow_id), trouble)
        answer = decoded(body, at)
        lives = [*WORLD.lives(workflow_id, at), *WORLD.lives(workflow_id, at - trouble.lag)]
        assert set(claimed(answer.records)) <= set(endings(lives))
        assert all(record.end is None or record.end <= at for record in answer.records)
        real = [
            (record["execution_id"], [node["node_id"] for node in record.get(NODES, ()) if named(node, "node_id")])
            for record in flat(json.loads(body))
            if named(record, "execution_id")
        ]
        assert real == [(record.id, [node.node for node in record.nodes]) for record in answer.records]
        assert {record for record, _ in real} <= {life.id for life in lives}
        assert not answer.words
        assert Status.UNKNOWN not in {record.status for record in answer.records}


def counted(ledger):
    tallies = {None: ledger.executions} | {name: node.tally for name, node in ledger.nodes.items()}
    return +Counter(
        {(name, str(status)): runs.total for name, tally in tallies.items() for status, runs in tally.runs.items()}
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_core_counts_through_it_all_and_is_right_once_all_is_calm(seed):
    told, trouble = small(kept=16), hostile(seed)
    calm, over = START + 110_000, START + 118_000
    struck, wrong = Counter(), 0
    ledgers = {}
    for at in range(START, over + 1, 1000):
        if at == calm:
            wrong = sum(
                counted(ledger) != told.truth(name, at, since=since) for name, (ledger, since) in ledgers.items()
            )
            trouble.calm()
        for workflow_id in ALIVE:
            turn = trouble.turn(workflow_id)
            struck.update(turn.kinds)
            if turn.failure not in ARRIVES:
                continue
            fresh = resume(Ledger(), label=workflow_id, rules=RULES, now=at).ledger
            ledger, since = ledgers.get(workflow_id, (fresh, at))
            before = counted(ledger)
            body = body_of(told, workflow_id, at, turn, trouble)
            ledger = advance(ledger, decoded(body, at), RULES, at).ledger
            ledgers[workflow_id] = ledger, since
            assert counted(ledger) >= before  # nothing un-counts
    assert wrong  # something was late, so that calm had something to bring
    assert len(struck) == 25
    for workflow_id, (ledger, since) in ledgers.items():
        truth = told.truth(workflow_id, over, since=since)
        assert counted(ledger) == truth, workflow_id
    assert sum(told.truth(name, over).total() for name in ALIVE) > 60
