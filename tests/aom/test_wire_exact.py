"""What an answer becomes, to the letter: the words of a refusal, the borders, and what tells one flaw from another."""

import json
from itertools import combinations

import pytest

from collector.aom import wire
from collector.aom.shallow import shallow
from collector.errors import Reason, Unreadable
from collector.model import ExecutionRecord, Flaw, History, NodeRecord, Status, Targets

NOW = 1_800_000_000_000
DAY = 86_400_000
PAGE = "it is a page for people, not JSON; check endpoint, and that no proxy or login stands in between"
NO_LIST = "it is no list of executions"


def read(body: object, *, date: int | None = None, now: int = NOW) -> History:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return wire.history(raw, digest=b"d", now=now, date=date)


def flaws(records: list[object]) -> list[Flaw]:
    """The flaws of an answer, after both decodings agreed about them."""
    found = list(read(records).flaws)
    assert list(read({"executions": records}).flaws) == found
    return found


def mark(record: object) -> int:
    (flaw,) = flaws([record])
    return flaw.mark


def with_node(**node: object) -> dict[str, object]:
    return {"execution_id": "e1", "execution_result_list": [node]}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "it is empty"),
        (b" \n ", "it is empty"),
        (b"\n <html>login</html>", PAGE),
        (b"< ", PAGE),
        (b"sorry", "it is no JSON"),
        (b"{", "it is no JSON"),
        (b'{"executions": [', "it is no JSON"),
        (b"null", NO_LIST),
        (b'"x"', NO_LIST),
        (b"{}", NO_LIST),
        (b'{"executions": {}}', NO_LIST),
        (b'{"error_code": "AOM.0400", "error_msg": "x"}', "it is an error (AOM.0400)"),
        (b'{"errorCode": 7}', "it is an error (7)"),
        (b'{"error": {"code": "IAM.1", "message": "y"}}', "it is an error (IAM.1)"),
        (b'{"error_code": "' + b"x" * 100 + b'"}', f"it is an error ({'x' * 64})"),
    ],
)
def test_a_refused_answer_says_what_it_is_instead(body: bytes, says: str):
    with pytest.raises(Unreadable) as refused:
        read(body)
    assert str(refused.value) == says
    assert refused.value.reason is Reason.ANSWER


@pytest.mark.parametrize("wrap", [lambda records: records, lambda records: {"executions": records}])
def test_every_field_of_a_record_is_read_by_itself(wrap):
    record = {
        "execution_id": "e1",
        "status": "success",
        "begin_time": 1_700_000_001_000,
        "end_time": 1_700_000_002_000,
        "last_update_time": 1_700_000_003_000,
        "execution_result_list": [
            {
                "node_id": "n",
                "function_execution_id": "r",
                "status": "fail",
                "begin_time": 1_700_000_001_500,
                "end_time": 1_700_000_001_700,
            }
        ],
    }
    node = NodeRecord(
        node="n", run="r", status=Status.FAIL, begin=1_700_000_001_500, end=1_700_000_001_700, targets=None
    )
    assert read(wrap([record])).records == (
        ExecutionRecord(
            id="e1",
            status=Status.SUCCESS,
            begin=1_700_000_001_000,
            end=1_700_000_002_000,
            updated=1_700_000_003_000,
            nodes=(node,),
        ),
    )


def test_an_answer_carries_what_it_was_asked_with():
    answer = wire.history(b"[]", digest=b"its own", now=NOW, date=NOW - 5, project_id="p")
    assert (answer.digest, answer.date, answer.project_id) == (b"its own", NOW - 5, "p")
    assert read([]).project_id == ""
    assert read([]).date is None


@pytest.mark.parametrize(
    "wrap",
    [
        lambda records: records,
        lambda records: {"executions": records},
        lambda records: f'[{json.dumps(records[0])},{{"execution_id":{"[" * 2000 + "]" * 2000}}}]'.encode(),
    ],
)
@pytest.mark.parametrize(
    ("date", "now", "begin"),
    [(None, NOW, NOW + DAY), (None, NOW - 1, None), (NOW, 0, NOW + DAY), (NOW - 1, NOW + DAY, None)],
)
def test_the_answer_s_date_or_else_our_clock_says_what_is_still_to_come(wrap, date, now, begin):
    (record,) = read(wrap([{"execution_id": "e1", "begin_time": NOW + DAY}]), date=date, now=now).records
    assert record.begin == begin


@pytest.mark.parametrize(
    ("root", "deep"),
    [
        ([[[[{"execution_id": "e1"}]]]], True),
        ([[[[[{"execution_id": "e1"}]]]]], False),
        ([[[[[[[{"execution_id": "e1"}]]]]]]], False),
        ({"data": [[[{"execution_id": "e1"}]]]}, True),
        ({"data": [[[[{"execution_id": "e1"}]]]]}, False),
    ],
)
def test_lists_in_lists_are_opened_three_times_and_what_is_deeper_is_one_bad_record(root, deep):
    answer = read(root)
    assert [record.id for record in answer.records] == (["e1"] if deep else [])
    assert [flaw.name for flaw in answer.flaws] == ([] if deep else ["shape"])


@pytest.mark.parametrize("wrap", [lambda records: records, lambda records: {"executions": records}])
def test_an_id_has_at_most_256_characters_and_may_be_a_number(wrap):
    ids = ["x" * 256, "x" * 257, 17, 2**53 + 1, -3, True, 1.5]
    answer = read(wrap([{"execution_id": id_} for id_ in ids]))
    assert [record.id for record in answer.records] == ["x" * 256, "17", str(2**53 + 1), "-3"]
    assert [flaw.name for flaw in answer.flaws] == ["id"] * 3


def test_bytes_that_are_no_text_cost_nothing_but_themselves():
    assert read(b'[{"execution_id":"e\xff1","status":"success"}]').records[0].id == "e\ufffd1"


@pytest.mark.parametrize("wrap", [lambda records: records, lambda records: {"executions": records}])
@pytest.mark.parametrize("output", [None, {}, {"other": [1]}, {"success": None, "fail": None}])
def test_an_output_without_any_list_has_no_targets(wrap, output):
    answer = read(wrap([with_node(node_id="n", output=output)]))
    assert answer.records[0].nodes[0].targets is None
    assert answer.flaws == ()


@pytest.mark.parametrize("wrap", [lambda records: records, lambda records: {"executions": records}])
def test_each_list_of_an_output_is_counted_under_its_own_name(wrap):
    output = {"in_execution": [{}] * 4, "success": [{}], "not_performed": [{}] * 3, "fail": [{}] * 2}
    (record,) = read(wrap([with_node(node_id="n", output=output)])).records
    assert record.nodes[0].targets == Targets(success=1, fail=2, not_performed=3, in_execution=4)


def test_of_several_lists_and_several_codes_the_service_s_own_word_comes_first():
    lists = {"items": [], "data": [{}], "elements": [{}, {}], "executions": [{"execution_id": "e1"}]}
    assert [record.id for record in read(lists).records] == ["e1"]
    with pytest.raises(Unreadable, match=r"\(AOM\.1\)"):
        read({"error": {"code": "x"}, "errorCode": "y", "error_code": "AOM.1"})


def test_twenty_unknown_words_are_told_and_no_more():
    words = [f"word-{i:02}" for i in range(25)]
    assert read([{"execution_id": str(i), "status": word} for i, word in enumerate(words)]).words == tuple(words[:20])


def test_not_performed_is_a_word_of_nodes_alone():
    answer = read([{"execution_id": "e1", "status": "not_performed"} | with_node(node_id="n", status="not_performed")])
    (record,) = answer.records
    assert (record.status, record.nodes[0].status) == (Status.UNKNOWN, Status.NOT_PERFORMED)
    assert answer.words == ("not_performed",)


DIFFERENT = [
    pytest.param([None, 7, "x", ["y"], 2**53, 2**53 + 1, 10**20, 10**21], id="records that are none"),
    pytest.param(
        [
            {"execution_id": None},
            {"execution_id": ""},
            {"execution_id": None, "begin_time": 1},
            {"execution_id": None, "end_time": 1},
            {"execution_id": None, "status": "fail"},
        ],
        id="executions without an id",
    ),
    pytest.param(
        [
            {"execution_id": "e1", "execution_result_list": "x"},
            {"execution_id": "e1", "execution_result_list": "y"},
            {"execution_id": "e2", "execution_result_list": "x"},
        ],
        id="node lists that are none",
    ),
    pytest.param(
        [
            {"execution_id": "e1", "execution_result_list": ["x"]},
            {"execution_id": "e1", "execution_result_list": ["y"]},
            {"execution_id": "e2", "execution_result_list": ["y"]},
        ],
        id="nodes that are none",
    ),
    pytest.param(
        [
            with_node(),
            with_node(node_id=""),
            with_node(begin_time=1),
            with_node(end_time=1),
            with_node(status="fail"),
            with_node(status="fail") | {"execution_id": "e2"},
        ],
        id="nodes without an id",
    ),
    pytest.param(
        [
            {"execution_id": id_, field: value}
            for id_ in ("e1", "e2")
            for field in ("begin_time", "end_time", "last_update_time")
            for value in ("x", "y", 5)
        ],
        id="times of executions",
    ),
    pytest.param(
        [
            with_node(node_id=node, function_execution_id=run, **{field: value}) | {"execution_id": id_}
            for id_, node, run in (("e1", "n", "r"), ("e2", "n", "r"), ("e1", "m", "r"), ("e1", "n", "s"))
            for field in ("begin_time", "end_time", "output")
            for value in (["x"] if field == "output" else ["x", "y"])
        ],
        id="fields of node runs",
    ),
]


@pytest.mark.parametrize("records", DIFFERENT)
def test_flaws_that_differ_in_anything_are_counted_each(records: list[object]):
    for one, other in combinations(records, 2):
        assert mark(one) != mark(other), (one, other)


@pytest.mark.parametrize(
    ("record", "names"),
    [
        (with_node(node_id="n", begin_time="x", end_time="y"), ["begin_time", "end_time"]),
        (with_node(node_id="n", output=3), ["output"]),
        ({"execution_id": "e1", "begin_time": 2**64, "end_time": -(10**20) + 0.5}, ["begin_time"]),
    ],
)
def test_a_flaw_bears_the_name_of_its_field(record: object, names: list[str]):
    assert [flaw.name for flaw in flaws([record])] == names


@pytest.mark.parametrize("number", [2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**20, 10**21, 10**40, 10**299])
def test_a_number_has_one_mark_however_it_was_decoded_and_however_large_it_is(number: int):
    assert mark({"execution_id": "e1", "begin_time": number}) != mark({"execution_id": "e1", "begin_time": number // 3})


@pytest.mark.parametrize("sign", [b"", b"-"])
@pytest.mark.parametrize("digits", [299, 300, 301, 310, 4299, 4300, 4301, 5000])
@pytest.mark.parametrize(
    "shape",
    [
        b"[%s]",
        b'[{"execution_id": %s}]',
        b'[{"execution_id": "e1", "begin_time": %s}]',
        b'[{"execution_id": "e1", "begin_time": [%s]}]',
        b'[{"execution_id": "e1", "execution_result_list": [{"node_id": "n", "output": %s}]}]',
    ],
)
def test_a_number_of_any_length_is_read_alike_in_both_decodings(sign: bytes, digits: int, shape: bytes):
    records = shape % (sign + b"9" * digits)
    typed, tolerant = read(records), read(b'{"executions": %s}' % records)
    assert (typed.records, typed.flaws) == (tolerant.records, tolerant.flaws)


@pytest.mark.parametrize(
    "output", [b'"\xff"', b'{"success": 3, "x": "\xff"}', b"1e999", b'"\\ud83d"', b"[" * 900 + b"]" * 900]
)
def test_an_output_that_cannot_be_decoded_costs_itself_alone(output: bytes):
    record = (
        b'{"execution_id": "e1", "execution_result_list": [{"node_id": "n", "output": %s}, {"node_id": "m"}]}' % output
    )
    for root in (b"[%s]", b'{"executions": [%s]}'):
        answer = read(root % record)
        assert [(node.node, node.targets) for node in answer.records[0].nodes] == [("n", None), ("m", None)]
        assert [flaw.name for flaw in answer.flaws] == ["output"]


def test_marks_are_the_same_in_every_version_so_that_no_update_counts_a_flaw_again():
    found = flaws(["text", {"execution_id": None}, {"execution_id": "e1", "begin_time": 2**63 - 1}])
    assert [(flaw.name, flaw.mark) for flaw in found] == [
        ("shape", 6_311_292_935_716_704_143),
        ("id", 6_748_229_830_130_748_794),
        ("begin_time", 1_481_984_220_634_350_157),
    ]


def test_a_mark_is_a_number_that_every_store_can_hold():
    marks = [mark(f"text {i}") for i in range(200)]
    assert max(marks) < 2**63
    assert max(marks) >= 2**62
    assert min(marks) >= 0


GOOD = '{"execution_id":"good","status":"success"}'
LEVELS = (900, 980, 990, 995, 1000, 1005, 100_000)


@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}")])
def test_what_is_nested_beyond_reason_costs_its_own_record_at_most(levels: int, opens: str, closes: str):
    depths = f"{opens * levels}1{closes * levels}"
    unread = f'{{"execution_id":"deep","status":"fail","log":{depths}}}'
    output = f'{{"execution_id":"deep","execution_result_list":[{{"node_id":"n","output":{{"fail":[{depths}]}}}}]}}'
    for element, ids, left_out in (
        (depths, [], ["shape" if opens == "[" else "id"]),
        (f'{{"execution_id":{depths}}}', [], ["id"]),
        (f'{{"execution_id":"deep","begin_time":{depths}}}', ["deep"], ["begin_time"]),
        (unread, ["deep"], []),
        (output, ["deep"], []),
    ):
        for body in (f"[{GOOD},{element}]", f"[{element},{GOOD}]", f'{{"executions":[{GOOD},{element}]}}'):
            found = read(body.encode())
            assert sorted(record.id for record in found.records) == sorted([*ids, "good"])
            assert [flaw.name for flaw in found.flaws] == left_out
    assert read(f"[{GOOD},{output}]".encode()).records[1].nodes[0].targets == Targets(fail=1)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (f"[{GOOD}," + "[" * 2000, "it is no JSON"),
        (f"[{GOOD}," + "[" * 2000 + "]" * 1999, "it is no JSON"),
        (f"[{GOOD}," + "[" * 2000 + '"' + "]" * 2000 + "]", "it is no JSON"),
        ('{"a":' * 2000 + "1" + "}" * 2000, NO_LIST),
        ('{"error_code":"X","a":' + "[" * 2000 + "]" * 2001 + "}", "it is no JSON"),
        ('{"error_code":"X","a":' + "[" * 2000 + "]" * 2000 + "}", "it is an error (X)"),
        ("[" * 200_000 + '"",' * 300_000 + '""' + "]" * 200_000, "it is nested too deeply"),
    ],
)
def test_depths_that_end_nowhere_or_hide_no_list_are_refused(body: str, says: str):
    with pytest.raises(Unreadable) as error:
        read(body.encode())
    assert (str(error.value), error.value.reason) == (says, Reason.ANSWER)


@pytest.mark.parametrize("more", [0, 1])
def test_what_is_kept_of_depths_ends_at_the_thirty_second_level(more: int):
    levels = 32 + more
    text = "[" * levels + '"[]\\"["' + "]" * levels + ",[{}]"
    assert shallow(text) == (text if not more else "[" * 32 + "null" + "]" * 32 + ",[{}]")
    assert shallow(f"[{text}]") == "[[" + "[" * 30 + "null" + "]" * 30 + "]" + ",[{}]]"


def test_what_is_looked_through_has_its_end():
    assert shallow('""' * 500_000) == '""' * 500_000
    assert shallow('""' * 500_001) is None
