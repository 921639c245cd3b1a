"""Errors of the service, its gateway and IAM, whatever shape they come in."""

import json
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.aom import refusal
from collector.aom.scrub import Scrub
from collector.errors import Reason, Refused, Unavailable, Unreadable

NOW = 1_800_000_000_000
read = partial(refusal.read, scrub=Scrub())


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"error_code": "AOM.31009004", "error_message": "failed", "http_code": "401"}, "AOM.31009004", "failed"),
        ({"error_code": "AOM.31001405", "error_msg": "internal.", "http_code": 500}, "AOM.31001405", "internal."),
        ({"error_code": "AOM.0403", "error_msg": "no", "error_type": "x", "trace_id": "t"}, "AOM.0403", "no"),
        ({"errorCode": "SVCSTG.AMS.2000051", "errorMessage": "auth"}, "SVCSTG.AMS.2000051", "auth"),
        ({"error_msg": "throttled", "error_code": "APIGW.0308", "request_id": "r"}, "APIGW.0308", "throttled"),
        ({"error_msg": "old", "error_code": "APIG.0301", "request_id": "r"}, "APIG.0301", "old"),
        ({"error": {"code": 401, "message": "wrong password", "title": "Unauthorized"}}, "401", "wrong password"),
        ({"error_code": "IAM.0001", "error_msg": "no", "encoded_authorization_message": "secret"}, "IAM.0001", "no"),
        ({"error_code": " AOM. 31009004", "error_msg": "spaces"}, "AOM.31009004", "spaces"),
        ({"error_code": None, "error_msg": ["x"]}, None, ""),
        ({"error_code": True}, None, ""),
        ([], None, ""),
        ("text", None, ""),
        (None, None, ""),
    ],
)  # fmt: skip
def test_every_shape_is_understood(body: object, code: str | None, message: str):
    found = read(401, {}, json.dumps(body).encode())
    assert (found.code, found.message) == (code, message)


@pytest.mark.parametrize(
    "body", [b"", b"<html><h1>502 Bad Gateway</h1></html>", b'{"success"}', b"[" * 100_000, b"\xff"]
)
def test_what_is_no_json_has_neither_code_nor_words(body: bytes):
    found = read(502, {}, body)
    assert (found.code, found.message) == (None, "")
    assert str(found.verdict(now=NOW)) == "it answered 502"


@pytest.mark.parametrize(
    ("headers", "body", "trace"),
    [
        ({"X-Request-Id": "h"}, {"request_id": "b"}, "h"),
        ({"X-IAM-Trace-Id": "i"}, {}, "i"),
        ({}, {"request_id": "b"}, "b"),
        ({}, {"trace_id": "t"}, "t"),
        ({}, {}, ""),
    ],
)
def test_the_request_id_is_kept_for_the_vendor_s_support(headers: dict, body: dict, trace: str):
    found = read(500, headers, json.dumps(body).encode())
    assert found.request_id == trace
    assert (f"(request {trace})" in str(found.verdict(now=NOW))) is bool(trace)


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (401, Refused, Reason.AUTH),
        (403, Refused, Reason.FORBIDDEN),
        (404, Refused, Reason.NOT_FOUND),
        (429, Unavailable, Reason.THROTTLED),
        (408, Unavailable, Reason.SERVER),
        (500, Unavailable, Reason.SERVER),
        (504, Unavailable, Reason.SERVER),
        (204, Unreadable, Reason.ANSWER),
        (302, Unreadable, Reason.ANSWER),
        (400, Unreadable, Reason.ANSWER),
        (494, Unreadable, Reason.ANSWER),
    ],
)
def test_the_status_alone_carries_the_decision(status: int, kind: type, reason: Reason):
    for body in (b"", b'{"http_code":"200","error_code":"X"}'):
        error = read(status, {}, body).verdict(now=NOW)
        assert (type(error), error.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7), ("0", 0), ("999999", 3600), ("soon", 2.0), ("", 2.0), ("-5", 2.0), (None, 2.0), ("\u0663", 3),
        ("Fri, 15 Jan 2027 08:00:30 GMT", 30), ("Fri, 15 Jan 2027 07:00:00 GMT", 0),
    ],
)  # fmt: skip
def test_how_long_to_wait_is_read_from_the_answer(value: str | None, seconds: float):
    error = read(429, {} if value is None else {"Retry-After": value}, b"").verdict(now=NOW)
    assert error.retry_after == seconds


def test_a_server_error_waits_only_where_it_is_asked_to():
    assert read(503, {}, b"").verdict(now=NOW).retry_after is None
    assert read(503, {"Retry-After": "9"}, b"").verdict(now=NOW).retry_after == 9


@pytest.mark.parametrize(
    ("skew", "says"),
    [
        (1200.0, "20 min behind the service"),
        (-1200.0, "20 min ahead of the service"),
        (30.0, None),
        (-59.0, None),
        (None, None),
    ],
)
def test_a_clock_that_is_off_is_named_where_a_signature_fails(skew: float | None, says: str | None):
    error = str(read(401, {}, b"").verdict(now=NOW, skew=skew))
    assert (says or "it answered 401") in error
    assert ("clock" in error) is (says is not None)
    assert "clock" not in str(read(403, {}, b"").verdict(now=NOW, skew=skew))


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("APIGW.0301", "access key"),
        ("APIG.0307", "another region"),
        ("APIGW.0101", "does not offer"),
        ("APIGW.0308", "lower"),
    ],
)
def test_what_an_operator_can_do_stands_behind_the_code(code: str, says: str):
    body = json.dumps({"error_code": code, "error_msg": "m"}).encode()
    assert says in str(read(401, {}, body).verdict(now=NOW))


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("https://login.example/a?token=canary", "a redirect to login.example,"),
        ("https://user:canary@login.example:8443/a", "a redirect to login.example:8443,"),
        ("/relative/canary", "a redirect,"),
        ("https://exa mple/canary", "a redirect,"),
        ("", "a redirect,"),
    ],
)
def test_a_redirect_names_the_host_and_nothing_else_of_it(location: str, says: str):
    error = str(read(302, {"Location": location}, b"").verdict(now=NOW))
    assert says in error
    assert "canary" not in error


@given(
    st.integers(100, 599),
    st.binary(max_size=200),
    st.dictionaries(st.sampled_from(["Location", "Retry-After", "X-Request-Id"]), st.text(max_size=30)),
)
def test_whatever_comes_there_is_one_line_and_an_error(status: int, body: bytes, headers: dict):
    error = read(status, headers, body).verdict(now=NOW, skew=0.0)
    assert len(str(error)) < 700
    assert not set(str(error)) & set("\n\r\x00")
