import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.aom import times, wire
from collector.errors import Unreadable
from collector.model import History, Status, Targets

NOW = 1_800_000_000_000
GOOD = {
    "execution_id": "e1",
    "status": "success",
    "begin_time": 1_700_000_000_000,
    "end_time": 1_700_000_005_000,
    "execution_result_list": [
        {"node_id": "n", "status": "fail", "function_execution_id": "r", "begin_time": 1_700_000_000_000, "end_time": 0}
    ],
}


def read(body: object) -> History:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return wire.history(raw, digest=b"d", now=NOW, date=None)


def one(**changes: object) -> object:
    (record,) = read([GOOD | changes]).records
    return record


def flaws(body: object) -> list[str]:
    return sorted(flaw.name for flaw in read(body).flaws)


def test_a_good_answer_becomes_nouns():
    (record,) = read([GOOD]).records
    assert (record.id, record.status, record.begin, record.end) == (
        "e1",
        "success",
        1_700_000_000_000,
        1_700_000_005_000,
    )
    (node,) = record.nodes
    assert (node.node, node.run, node.status, node.end, node.targets) == ("n", "r", "fail", None, None)


def test_an_empty_list_is_a_good_answer():
    assert read([]).records == ()


@pytest.mark.parametrize(
    "root", [[[GOOD]], [[[GOOD]]], {"executions": [GOOD]}, {"elements": [[GOOD]]}, {"data": [GOOD]}, {"items": [GOOD]}]
)
def test_nested_and_wrapped_roots_equal_the_flat_one(root: object):
    assert read(root).records == read([GOOD]).records


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"<html>login</html>",
        b"{",
        b'[{"execution_id": "e1"',
        b'{"success"}',
        b"null",
        b"17",
        b'"x"',
        b"{}",
        b"\xff\xfe",
        b'{"error_code":"AOM.1","error_msg":"x"}',
        b'{"errorCode":"SVC.1"}',
        b'{"error":{"code":"X","message":"y"}}',
        b"[" * 100_000,
        b'[{"a":' * 50_000,
    ],
)
def test_what_is_no_list_of_executions_is_refused_whole(body: bytes):
    with pytest.raises(Unreadable):
        read(body)


@pytest.mark.parametrize(
    "bad",
    [
        None,
        7,
        "x",
        True,
        [[[["deep"]]]],
        {},
        {"execution_id": None},
        {"execution_id": ""},
        {"execution_id": "x" * 257},
        {"execution_id": {}},
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_bad_record_never_costs_the_others(bad: object, place: int):
    body = [GOOD, GOOD | {"execution_id": "e2"}]
    body.insert(place, bad)
    found = read(body)
    assert [record.id for record in found.records] == ["e1", "e2"]
    assert len(found.flaws) == 1
    assert found.flaws[0].name in ("shape", "id")


def test_one_bad_node_never_costs_its_execution_or_the_other_nodes():
    nodes = [None, 5, {}, {"node_id": ""}, {"node_id": "good", "status": "success"}]
    record = one(execution_result_list=nodes)
    assert [node.node for node in record.nodes] == ["good"]
    assert flaws([GOOD | {"execution_result_list": nodes}]) == ["id", "id", "shape", "shape"]
    assert one(execution_result_list="none").nodes == one(execution_result_list=None).nodes == ()
    assert flaws([GOOD | {"execution_result_list": "none"}]) == ["shape"]


@pytest.mark.parametrize(
    ("value", "ms"),
    [
        (None, None),
        ("", None),
        (0, None),
        (-5, None),
        ("0", None),
        ("-1", None),
        (1_600_000_000, 1_600_000_000_000),
        ("1600000000", 1_600_000_000_000),
        (1_600_000_000.0, 1_600_000_000_000),
        (1_600_000_000_123, 1_600_000_000_123),
        ("1600000000123", 1_600_000_000_123),
        (100_000_000_000, 100_000_000_000),
        ("2024-01-02T03:04:05Z", 1_704_164_645_000),
        ("2024-01-02T03:04:05", 1_704_164_645_000),
        ("2024-01-02T11:04:05+08:00", 1_704_164_645_000),
        ("2024-01-02T03:04:05.678Z", 1_704_164_645_678),
        (NOW + 86_400_000, NOW + 86_400_000),
    ],
)
def test_a_time_that_can_be_read(value: object, ms: int | None):
    assert times.read(value, latest=NOW) == ms
    assert one(begin_time=value).begin == ms
    assert flaws([GOOD | {"begin_time": value}]) == []


@pytest.mark.parametrize(
    "value",
    [
        1,
        16_000_000,
        160_000_000,
        999_999_999,
        10_000_000_000,
        99_999_999_999,
        10**14,
        10**40,
        NOW + 86_400_001,
        "soon",
        "16000000",
        True,
        False,
        [],
        {},
        1e300,
        "2999-01-01",
        "0001-01-01T00:00:00Z",
    ],
)
def test_a_time_that_is_none_is_absent_and_noted(value: object):
    for field in ("begin_time", "end_time", "last_update_time"):
        assert flaws([GOOD | {field: value}]) == [field]
    assert one(begin_time=value).begin is None


def test_a_time_is_judged_by_the_answer_s_own_date():
    body = json.dumps([GOOD | {"begin_time": NOW}]).encode()
    assert wire.history(body, digest=b"", now=0, date=NOW).records[0].begin == NOW
    assert wire.history(body, digest=b"", now=NOW, date=NOW - 86_400_001).records[0].begin is None


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("success", "success"),
        ("SUCCESS", "success"),
        ("Failed", "fail"),
        ("cancelled", "cancel"),
        ("canceled", "cancel"),
        ("running", "executing"),
        ("in_execution", "executing"),
        ("approvalfailed", "approvalFailed"),
        ("waitApproval", "waitApproval"),
        ("not_performed", "unknown"),
        ("exploded", "unknown"),
        (None, "unknown"),
        ("", "unknown"),
        (7, "unknown"),
        ({}, "unknown"),
    ],
)
def test_status_words_are_read_without_their_case_and_never_guessed(word: object, status: str):
    assert one(status=word).status == status


def test_only_words_nobody_knows_are_told_each_once():
    body = [
        GOOD | {"execution_id": str(i), "status": word}
        for i, word in enumerate(["exploded", "exploded", None, "success", "x" * 100])
    ]
    assert read(body).words == ("exploded", "x" * 64)


def test_a_node_may_be_unperformed():
    assert (
        one(execution_result_list=[{"node_id": "n", "status": "NOT_PERFORMED"}]).nodes[0].status is Status.NOT_PERFORMED
    )


@pytest.mark.parametrize(
    ("output", "targets", "noted"),
    [
        (None, None, []),
        ({}, None, []),
        ({"other": 1}, None, []),
        ({"success": [{}, {}], "fail": [{"log": "x"}]}, Targets(success=2, fail=1), []),
        ({"success": [], "fail": None}, Targets(), []),
        ({"success": [1, "x"]}, Targets(success=2), []),
        ("text", None, ["output"]),
        ([1], None, ["output"]),
        ({"success": {}}, None, ["output"]),
        ({"fail": 3, "success": [{}]}, None, ["output"]),
    ],
)
def test_output_is_only_counted(output: object, targets: Targets | None, noted: list[str]):
    nodes = [{"node_id": "n", "status": "success", "output": output}]
    assert one(execution_result_list=nodes).nodes[0].targets == targets
    assert flaws([GOOD | {"execution_result_list": nodes}]) == noted


def test_a_lone_surrogate_anywhere_costs_nothing():
    body = json.dumps([GOOD | {"execution_id": "x\ud800y", "created_by": "\udc00"}, GOOD]).encode()
    assert [record.id for record in read(body).records] == ["x\ufffdy", "e1"]
    ignored = b'[{"execution_id":"e1","status":"success","log":"\\ud83d"}]'
    assert len(read(ignored).records) == 1


def test_numbers_python_alone_would_read_cost_nothing():
    assert (
        len(
            read(
                b'[{"execution_id":"a","begin_time":NaN},{"execution_id":"b","end_time":1e999},'
                b'{"execution_id":"c","end_time":' + b"9" * 5000 + b"}]"
            ).records
        )
        == 3
    )


@pytest.mark.parametrize(
    "shape", [lambda records: records, lambda records: [records], lambda records: [records, records]]
)
def test_what_is_as_promised_is_decoded_by_type_output_and_all(shape, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wire, "_tolerant", lambda _: pytest.fail("it went the slow way"))
    for output in ({"success": [{"log": "x"}], "fail": []}, None, {}):
        nodes = [{"node_id": "n", "status": "success", "output": output}]
        assert read(shape([GOOD | {"execution_result_list": nodes}])).records[0].nodes[0].node == "n"


def test_ids_that_are_numbers_are_read_as_text():
    assert read([{"execution_id": 17}]).records[0].id == "17"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["success", 1_700_000_000_000, "1700000000"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["success", "fail", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
nodes = st.dictionaries(
    st.sampled_from(["node_id", "status", "begin_time", "end_time", "output", "function_execution_id", "x"]),
    json_values,
    max_size=6,
)
executions = st.dictionaries(
    st.sampled_from(["execution_id", "status", "begin_time", "end_time", "last_update_time", "x"]),
    json_values,
    max_size=6,
).flatmap(
    lambda record: st.lists(nodes | json_values, max_size=3).map(
        lambda found: record | {"execution_result_list": found}
    )
)


@given(st.lists(executions | json_values, max_size=4))
def test_nothing_an_answer_holds_raises_anything_but_unreadable(body: list):
    read(json.dumps(body).encode())


@given(st.lists(executions, max_size=4))
def test_both_decodings_agree(body: list):
    raw = json.dumps(body).encode()
    reading = wire._Reading(NOW)  # noqa: SLF001  the second decoding alone
    try:
        tolerant = list(reading.all(wire._tolerant(raw)))  # noqa: SLF001
    except Unreadable:
        return
    found = read(raw)
    assert list(found.records) == tolerant
    assert sorted(found.flaws, key=repr) == sorted(reading.flaws, key=repr)


@given(st.lists(executions, max_size=3), st.binary(max_size=40))
def test_arbitrary_bytes_raise_nothing_but_unreadable(body: list, noise: bytes):
    for raw in (noise, json.dumps(body).encode()[: len(noise)], json.dumps(body).encode() + noise):
        try:
            read(raw)
        except Unreadable:
            continue


@given(
    st.permutations(
        [GOOD | {"execution_id": str(i), "begin_time": value} for i, value in enumerate([5, "x", True, 1_700_000_000])]
    )
)
def test_the_marks_of_flaws_do_not_depend_on_the_order(body: list):
    assert {flaw.mark for flaw in read(body).flaws} == {flaw.mark for flaw in read(sorted(body, key=repr)).flaws}


def test_a_digest_tells_answers_apart():
    assert wire.digest(b"a") == wire.digest(b"a") != wire.digest(b"b")
