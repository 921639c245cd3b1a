from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.web.facts import Health
from collector.web.status.query import API, LAST_PAGE, LONGEST, PAGE, SORTS, Query
from collector.web.status.selection import select
from tests.web.synthetic import DAY, NOW, facts, many, some, summary

QUERIES = st.builds(
    Query,
    project=st.text(max_size=8),
    workflow=st.text(max_size=8),
    execution=st.text(max_size=8),
    q=st.text(max_size=8),
    health=st.lists(st.sampled_from(Health), unique=True).map(tuple),
    status=st.sampled_from(["", "fail", "approvalFailed"]),
    sort=st.sampled_from([sign + word for word in SORTS for sign in ("", "-")]),
    page=st.integers(1, LAST_PAGE),
    per_page=st.integers(1, 200),
)


def ids(found):
    return [each.workflow_id for each in found.shown]


def asked(**filters):
    return select(facts(*some()), Query(**filters))


@given(QUERIES)
def test_every_query_is_a_link_that_means_the_same(query):
    path, _, text = query.link(page=query.page).partition("?")
    assert path == "/"
    again, faults = Query.read(parse_qsl(text, keep_blank_values=True), API)
    assert (again, faults) == (query, ())
    assert query.as_json == "/api/v1/workflows" + (f"?{text}" if text else "")


def test_another_filter_begins_at_the_first_page():
    assert Query(page=7, project="prod").link(sort="-end") == "/?project=prod&sort=-end"
    assert Query(page=7).link(page=8) == "/?page=8"
    assert Query().link() == "/"


@given(st.lists(st.tuples(st.sampled_from([*API, "projct", ""]) | st.text(max_size=5), st.text(max_size=8))))
def test_whatever_comes_is_read_or_refused_in_a_sentence(pairs):
    query, faults = Query.read(pairs, API)
    assert isinstance(query, Query)
    assert all(fault.says for fault in faults)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("projct", "prod", "projct: is not known here; did you mean project?"),
        ("x", "1", f"x: is not known here; these are: {', '.join(PAGE)}"),
        ("per_page", "20", "per_page: is not known here; did you mean page?"),
        ("project", "", "project: is empty; leave it out"),
        ("q", "x" * (LONGEST + 1), "q: is longer than 1000 characters"),
        ("health", "fail", "health: must be one of unseen, failed, active, fine, new; did you mean failed?"),
        ("page", "0", "page: must be a whole number from 1 to 999999"),
        ("page", "٣", "page: must be a whole number from 1 to 999999"),
        ("page", "9" * 999, "page: must be a whole number from 1 to 999999"),
        ("page", "1\n", "page: must be a whole number from 1 to 999999"),
    ],
)
def test_a_bad_value_is_left_out_and_said(name, value, says):
    query, faults = Query.read([(name, value)], PAGE)
    assert query == Query()
    assert [str(fault) for fault in faults] == [says]


def test_health_may_be_asked_for_several_times_all_else_once():
    query, faults = Query.read([("health", "failed"), ("health", "unseen"), ("q", "a"), ("q", "b")], PAGE)
    assert query == Query(health=(Health.FAILED, Health.UNSEEN), q="a")
    assert [str(fault) for fault in faults] == ["q: is there more than once; give it once"]


def test_failures_come_first_the_latest_before_all_others():
    found = [
        summary(1, Health.FINE),
        summary(2, Health.NEW),
        summary(3, Health.ACTIVE),
        summary(4, Health.UNSEEN),
        summary(5, Health.FAILED, failed_at=NOW - DAY),
        summary(6, Health.FAILED, failed_at=NOW - 5),
        summary(7, Health.UNSEEN, failures=1, failed_at=NOW - 9),
    ]
    assert ids(select(facts(*found), Query())) == [f"wf-0000{each}" for each in (6, 7, 5, 4, 3, 1, 2)]


def test_one_filters_by_project_id_words_status_and_health():
    assert ids(asked(project="billing")) == [f"wf-{each:05}" for each in (7, 14, 21, 28, 35, 42)]
    assert ids(asked(workflow="wf-00011")) == ["wf-00011"]
    assert ids(asked(q="数据库")) == ["wf-00002"]
    assert ids(asked(q="ROTATE 00011 Prod")) == ["wf-00011"]
    assert ids(asked(q="rotate billing")) == []
    assert ids(asked(status="executing")) == ["wf-00016", "wf-00005"]
    assert ids(asked(health=(Health.UNSEEN, Health.FAILED))) == ["wf-00002", "wf-00007", "wf-00011"]
    assert ids(asked(execution="exec-000000000073")) == ["wf-00007"]
    assert ids(asked(execution="exec-000000000073", project="prod")) == []


def test_counts_are_those_that_the_other_filters_leave():
    found = asked(project="billing", health=(Health.FAILED,))
    assert found.total == 1
    assert found.counts == {"unseen": 0, "failed": 1, "active": 0, "fine": 5, "new": 0}
    assert found.standing == {"unseen": 1, "failed": 2, "active": 2, "fine": 37, "new": 0}


def test_a_link_with_a_replaced_letter_finds_its_workflow():
    lone = summary(3, workflow_id="wf-\ud800")
    assert ids(select(facts(lone, summary(4)), Query(workflow="wf-\ufffd"))) == ["wf-\ud800"]


def test_who_lacks_what_is_sorted_by_comes_last_either_way():
    found = facts(summary(1, end=5), summary(2, end=None), summary(3, end=9))
    assert ids(select(found, Query(sort="end"))) == ["wf-00001", "wf-00003", "wf-00002"]
    assert ids(select(found, Query(sort="-end"))) == ["wf-00003", "wf-00001", "wf-00002"]


@pytest.mark.parametrize("sort", [sign + word for word in SORTS for sign in ("", "-")])
def test_the_pages_of_every_order_hold_every_workflow_once(sort):
    everything = facts(*many(450))
    pages = [select(everything, Query(sort=sort, page=page)) for page in (1, 2, 3, 4)]
    assert [len(page.shown) for page in pages] == [200, 200, 50, 0]
    assert {page.pages for page in pages} == {3}
    assert len({each.workflow_id for page in pages for each in page.shown}) == 450
