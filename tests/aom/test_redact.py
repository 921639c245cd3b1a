"""What is shown to others is read as the answer was, and holds nothing that people wrote or are called."""

import base64
import gzip
import json
from collections import Counter
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collector.aom import Exchange, Redactor, listing, wire
from collector.aom.endpoints import CREATE_TOKEN, LEND_KEYS, LIST_EXECUTIONS, LIST_PROJECTS, LIST_WORKFLOWS, Request
from collector.errors import Unreadable
from collector.model import History
from tests.aom.test_wire import executions, json_values

NOW = 1_800_000_000_000
MARK = "Zq7-canary-王小明"


def redacted(raw: bytes, *, of_the_list: bool = False) -> bytes:
    return Redactor().body(raw, listing=of_the_list).encode()


def read(raw: bytes) -> History | str:
    try:
        return wire.history(raw, digest=b"", now=NOW, date=None)
    except Unreadable as error:
        return str(error)


def same(before: bytes) -> None:
    """Whether both are read alike; of what is left out, how much there is of which kind."""
    first, second = read(before), read(redacted(before))
    if isinstance(first, str) or isinstance(second, str):
        assert type(first) is type(second)
        if "error" not in str(first):
            assert first == second
        return
    assert first.records == second.records
    assert Counter(flaw.name for flaw in set(first.flaws)) == Counter(flaw.name for flaw in set(second.flaws))
    assert len(first.words) == len(second.words)


@given(st.lists(executions | json_values, max_size=4) | json_values)
@example([{"execution_id": "e", "begin_time": "\u2003 1700000000", "status": "\u2003success"}])
@example([{"execution_id": 1.5}, {"execution_id": {"a": 1}}, {"execution_id": {"a": 2}}])
@example([17, 18, "x", [[[[]]]], [[[[1]]]]])
@example({"executions": [{"execution_id": "e", "status": "新状态"}], "data": [1]})
@example([{"execution_id": "\ud800", "execution_result_list": [{"node_id": "\udc00"}]}])
@example([{"execution_id": "x" * 300}, {"execution_id": "y" * 300}])
def test_a_redacted_answer_is_read_as_the_answer_was(body: object):
    same(json.dumps(body).encode())


@given(st.binary(max_size=40), st.lists(executions, max_size=3))
@example(b"\xff[]", [])
def test_whatever_comes_is_redacted_and_fails_as_it_did(noise: bytes, body: list):
    raw = json.dumps(body).encode()
    for each in (noise, raw[: len(noise)], raw + noise, b"\xef\xbb\xbf" + raw):
        same(each)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b" ", b"<html>log in as 123</html>", b'{"success"}', b"null", b'"x"', b"[" * 100_000,
        b'[{"execution_id":"e","begin_time":' + b"9" * 5000 + b"}]",
        b'[{"execution_id":"e","begin_time":NaN},{"execution_id":"e","execution_id":"f"}]',
        b'{"error_code":"AOM.1","error_msg":"x"}', b'{"error":{"code":"X","message":"y"}}', b'[["\xff"]]',
        *(b'[{"execution_id":"e","log":' + b"[" * n + b"]" * n + b"},5]" for n in (900, 980, 990, 1000, 5000)),
        *(b'[{"execution_id":"e"},' + b"[" * n + b"]" * n + b"]" for n in (900, 980, 990, 1000, 5000)),
        b'[{"execution_id":"e","log":' + b"[" * 5000 + b"]" * 5000 + b"},5",
    ],
)  # fmt: skip
def test_odd_bodies_fail_or_are_read_as_they_did(raw: bytes):
    same(raw)


@given(st.lists(st.dictionaries(
    st.sampled_from(["id", "name", "type", "workflow_id", "is_delete", "nodes", "x"]),
    json_values | st.lists(st.dictionaries(st.sampled_from(["id", "name", "x"]), json_values, max_size=3), max_size=2),
    max_size=6,
), max_size=4), st.integers(0, 9))  # fmt: skip
def test_a_redacted_list_tells_of_the_same_workflows_and_nodes(elements: list, total: int):
    raw = json.dumps({"elements": elements, "total_elements": total}).encode()
    first, second = listing.read(raw), listing.read(redacted(raw, of_the_list=True))
    assert (first.elements, first.total) == (second.elements, second.total)
    shapes = [[(each.workflow_id, set(each.nodes)) for each in page.definitions] for page in (first, second)]
    assert shapes[0] == shapes[1]


def marked(place: str) -> object:  # noqa: C901, PLR0912  a row for each place
    """An answer with a mark in a place that is nobody's business."""
    run = {"node_id": "n", "status": "fail", "output": {"fail": [{"log": "x"}]}}
    record = {"execution_id": "e", "status": "fail", "execution_result_list": [run]}
    match place:
        case "a log":
            run["output"] = {"fail": [{"host": MARK, "log": MARK}], "note": MARK}
        case "an output that is text":
            run["output"] = MARK
        case "a field nobody knows":
            record["description"] = record["create_by"] = MARK
        case "deep in a field nobody knows":
            record["input"] = {"hosts": [{MARK: [MARK]}]}
        case "a key":
            record[MARK] = 1
        case "a time":
            record["begin_time"] = run["end_time"] = record["x_time"] = MARK
        case "a status":
            record["status"] = MARK
        case "an element that is text":
            return [MARK, [MARK], record]
        case "an id that is none":
            record["execution_id"] = MARK * 100
        case "an error":
            return {"error_code": MARK, "error_msg": MARK, "request_id": MARK}
        case "an error of identity":
            return {"error": {"code": MARK, "message": f"{MARK} limit:60,time:1 minute", "title": MARK}}
        case "an object around it":
            return {"executions": [record], "owner": MARK, "total_elements": MARK}
        case "a project":
            record["project_id"] = record["domain_id"] = MARK
    return [record]


PLACES = (
    "a log", "an output that is text", "a field nobody knows", "deep in a field nobody knows", "a key", "a time",
    "a status", "an element that is text", "an id that is none", "an error", "an error of identity",
    "an object around it", "a project",
)  # fmt: skip


@pytest.mark.parametrize("of", ["a history", "the list"])
@pytest.mark.parametrize("place", PLACES)
def test_what_people_wrote_or_are_called_is_in_it_in_no_form(place: str, of: str):
    raw = json.dumps(marked(place), ensure_ascii=False).encode()
    assert MARK.encode() in raw
    unmarked(redacted(raw, of_the_list=of == "the list").decode())


def unmarked(text: str) -> None:
    """No form of the mark is there; its halves neither."""
    for mark in (MARK, "王小明", "Zq7-canary"):
        plain = mark.encode()
        for form in (mark, json.dumps(mark)[1:-1], quote(mark), plain.hex(), base64.b64encode(plain).decode()):
            assert form not in text


@pytest.mark.parametrize("page", [f"<html>{MARK}</html>", MARK, f"[{MARK}"])
def test_nothing_of_a_body_that_is_no_json_stays(page: str):
    unmarked(redacted(page.encode()).decode())


def test_equal_things_stay_equal_and_different_ones_different():
    redactor = Redactor()

    def names(*values: str) -> list[str]:
        elements = [{"id": str(number), "name": value} for number, value in enumerate(values)]
        found = json.loads(redactor.body(json.dumps({"elements": elements}).encode(), listing=True))
        return [each["name"] for each in found["elements"]]

    assert names("a", "b", "a") == ["name-1", "name-2", "name-1"]
    assert names("b", "c") == ["name-2", "name-3"], "in the next answer too"


def test_the_limit_that_a_gateway_names_stays():
    body = json.dumps(
        {"error_code": "APIGW.0308", "error_msg": "policy user Tom over ratelimit,limit:60,time:1 minute"}
    )
    found = json.loads(redacted(body.encode()))
    assert found == {"error_code": "APIGW.0308", "error_msg": "message-1, limit:60,time:1 minute"}


def exchange(operation=LIST_EXECUTIONS, **changes) -> Exchange:
    ids = {"workflow_id": "wf-1"} if operation is LIST_EXECUTIONS else {}
    request = Request(operation=operation, ids=ids, body=changes.pop("asked", b""))
    given = {"status": 200, "headers": {}, "raw": b"[]", "encoding": ""} | changes
    return Exchange(request=request, **given)


def test_an_entry_says_what_was_asked_and_keeps_the_headers_that_matter():
    headers = {
        "Date": "Wed, 01 Jul 2026 10:00:00 GMT", "Content-Type": "application/json; charset=UTF-8", "Retry-After": "3",
        "X-Request-Id": MARK, "Set-Cookie": MARK, "X-Auth-Token": MARK,
    }  # fmt: skip
    assert Redactor().entry(exchange(headers=headers, raw=gzip.compress(b"[]"), encoding="gzip")) == {
        "operation": "list_executions",
        "workflow_id": "wf-1",
        "page": None,
        "status": 200,
        "headers": {name: headers[name] for name in ("Date", "Content-Type", "Retry-After")},
        "body": "[]",
    }
    listed = Redactor().entry(exchange(LIST_WORKFLOWS, asked=listing.asks(3), headers={"Date": MARK}, raw=b"{}"))
    assert listed is not None
    assert (listed["page"], listed["workflow_id"], listed["headers"]) == (3, None, {})


@pytest.mark.parametrize("operation", [CREATE_TOKEN, LIST_PROJECTS, LEND_KEYS])
def test_what_is_signed_in_with_is_never_in_it(operation):
    assert Redactor().entry(exchange(operation)) is None


def test_what_did_not_arrive_whole_is_left_out():
    assert Redactor().entry(exchange(raw=gzip.compress(b"[]" * 99)[:-9], encoding="gzip")) is None
