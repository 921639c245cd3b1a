"""The collector's own reading and counting, fed by the simulator, comes to the simulator's truth."""

import json
from collections import Counter

import pytest

from collector.aom import wire
from collector.ledger.advance import Rules, advance, resume
from collector.ledger.book import Ledger
from collector.simulator import demo_world

START = 1_700_000_000_000
RULES = Rules(execution_bounds=(10.0,), node_bounds=(1.0,), first_zero=0)


def counted(told, workflow_id, *, until, every):
    """What the ledger holds after a look every so many milliseconds."""
    ledger = resume(Ledger(), label=workflow_id, rules=RULES, now=START).ledger
    for at in range(START, until + 1, every):
        body = json.dumps(told.history(workflow_id, at)).encode()
        if wire.digest(body) == ledger.answer:
            continue
        answer = wire.history(body, digest=wire.digest(body), now=at, date=at)
        assert not answer.flaws or workflow_id == "wf-published-example"
        assert not answer.words
        ledger = advance(ledger, answer, RULES, at).ledger
    tallies = {None: ledger.executions} | {name: node.tally for name, node in ledger.nodes.items()}
    return Counter(
        {(name, str(status)): runs.total for name, tally in tallies.items() for status, runs in tally.runs.items()}
    )


@pytest.mark.parametrize("every", [1000, 3000])
def test_every_ending_of_the_story_is_counted_once(every):
    told, until = demo_world(START), START + 100_000
    for workflow_id in told.flows:
        assert +counted(told, workflow_id, until=until, every=every) == told.truth(workflow_id, until)
