"""Whatever a service answers: each count has its line, each line an id of its own, and no order changes an id."""

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from collector.events.line import lines
from collector.ledger import Step, advance
from collector.model import History, Key, Workflow
from tests.ledger.story import COUNT_PAST, T0, Watch
from tests.ledger.test_laws import answers

WORKFLOW = Workflow(key=Key("prod", "wf-1"), project_id="p", name=None, interval=60)


def told(step: Step) -> list[dict]:
    return [json.loads(line) for line in lines(WORKFLOW, step, T0)]


def counted(watch: Watch) -> Counter[tuple[str | None, str]]:
    tallies = {None: watch.ledger.executions} | {name: node.tally for name, node in watch.ledger.nodes.items()}
    return +Counter(
        {(name, str(status)): count.total for name, tally in tallies.items() for status, count in tally.runs.items()}
    )


@given(st.lists(answers, min_size=1, max_size=6))
def test_the_lines_are_what_was_counted_each_with_an_id_of_its_own(unfolding):
    watch, seen = Watch(COUNT_PAST), []
    for answer in unfolding:
        seen += told(watch.sees(*answer))
        assert Counter((line.get("node"), line["status"]) for line in seen) == counted(watch)
    assert len({line["id"] for line in seen}) == len(seen)


@given(answers, st.data())
def test_the_order_of_a_history_changes_no_id(answer, data):
    ledger = Watch(COUNT_PAST).ledger
    shuffled = data.draw(st.permutations(answer))
    one, other = (
        told(advance(ledger, History(records=tuple(each), digest=b""), COUNT_PAST, T0)) for each in (answer, shuffled)
    )
    assert {line["id"] for line in one} == {line["id"] for line in other}
