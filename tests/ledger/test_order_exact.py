"""The order of several records of one run in one answer, and the digests in stored rows."""

from itertools import combinations, permutations

import pytest

from collector.ledger.cursor import execution_digest, mark_of, node_states, run_digest, states
from collector.model import ExecutionRecord, NodeRecord, Targets
from tests.ledger.story import Watch, node, run

# Each pair: the record that stands before the other.
EXECUTIONS = {
    "an absent update is the oldest": (run("fail", 50, 60), run("executing", 10, updated=1)),
    "the later update is newer, whatever began later": (
        run("fail", 50, 60, updated=1),
        run("executing", 10, updated=2),
    ),
    "an absent begin is older": (run("waitApproval", None, 60), run("executing", 10)),
    "the later begin is newer, whatever ended later": (run("success", 10, 90), run("fail", 11, 20)),
    "an absent end is older": (run("waitApproval", 10), run("executing", 10, 20)),
    "the later end is newer": (run("success", 10, 20), run("fail", 10, 30)),
    "active before final": (run("waitApproval", 10), run("cancel", 10)),
    "an unknown word without an end is active": (run("unknown", 10), run("cancel", 10)),
    "then by word": (run("cancel", 10, 20), run("fail", 10, 20)),
    "then what shows more": (run("fail", 10, 20), run("fail", 10, 20, nodes=(node("fail", 10, 20),))),
}
NODES = {
    "an absent begin is older": (node("waitApproval", None, 60), node("executing", 10)),
    "the later begin is newer, whatever ended later": (node("success", 10, 90), node("fail", 11, 20)),
    "an absent end is older": (node("waitApproval", 10), node("executing", 10, 20)),
    "the later end is newer": (node("success", 10, 20), node("fail", 10, 30)),
    "active before final": (node("waitApproval", 10), node("cancel", 10)),
    "then by word": (node("cancel", 10, 20), node("fail", 10, 20)),
    "what tells of targets is read first, for the first counts": (
        node("fail", 10, 20, targets=Targets(success=1)),
        node("fail", 10, 20),
    ),
}


@pytest.mark.parametrize("pair", EXECUTIONS.values(), ids=EXECUTIONS)
def test_the_states_of_an_execution_stand_in_the_order_of_its_life(pair: tuple[ExecutionRecord, ...]):
    for records in (pair, pair[::-1], (*pair, *pair)):
        assert states(list(records)) == list(pair)


@pytest.mark.parametrize("pair", NODES.values(), ids=NODES)
def test_the_states_of_a_node_stand_in_the_order_of_its_life(pair: tuple[NodeRecord, ...]):
    for records in (pair, pair[::-1], (*pair, *pair)):
        assert node_states(run("executing", 1, nodes=records)) == list(pair)


@pytest.mark.parametrize(
    ("execution", "first"), [(run("executing", 1), "not_performed"), (run("fail", 1, 9), "executing")]
)
def test_not_performed_stands_after_what_is_active_only_where_its_execution_ended(execution, first):
    records = (node("not_performed", 1), node("executing", 1))
    if first == "not_performed":
        # Both are active then, and the words decide.
        records = (node("not_performed", 1), node("pausing", 1))
    for order in permutations(records):
        shown = run(execution.status, 1, None if execution.end is None else 9, nodes=order)
        assert node_states(shown)[0].status == first


def test_what_shows_more_is_newer_for_whole_sets_of_records_too():
    """Where nothing but the digest of a set would decide, one run of the tests could be lucky; sixteen are not."""
    for i in range(16):
        alike = [
            run("executing", 10, id=f"e{i}", nodes=tuple(node("executing", 10, node=f"n{k}") for k in range(count)))
            for count in range(4)
        ]
        for order in permutations(alike):
            assert [len(record.nodes) for record in states(list(order))] == [0, 1, 2, 3]


def test_the_last_of_several_states_is_the_present_one_and_those_before_are_its_past():
    watch = Watch().begins()
    step = watch.sees(
        run("executing", 10, updated=40, nodes=(node("executing", 30, run="r1"),)),
        run("fail", 10, 20, updated=20, nodes=(node("fail", 10, 19, run="r1"),)),
    )
    assert step.ledger.open["e1"].status == "executing"
    assert step.ledger.reopened.total == 1, "it failed, and then went on"
    assert watch.node().tally.latest.status == "executing"
    assert watch.node_total("fail") == 1


def test_the_digests_in_stored_rows_never_change():
    """A row of yesterday's version must find today's executions and node runs again."""
    assert execution_digest("e1") == 1_134_645_427_122_500_983
    assert run_digest("r1") == 3_229_810_466
    assert run_digest(None) is None
    assert mark_of([run("fail", 10, 20)]) == 4_998_440_474_000_737_536


def test_digests_fit_their_columns_and_use_them():
    executions = [execution_digest(str(i)) for i in range(100)]
    runs = [run_digest(str(i)) for i in range(100)]
    assert 2**62 <= max(executions) < 2**63
    assert 2**31 <= max(runs) < 2**32
    assert all(one != other for digests in (executions, runs) for one, other in combinations(digests, 2))
