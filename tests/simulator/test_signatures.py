"""Signatures: what the vendor's signer signed is accepted, and nothing else. No network."""

import dataclasses
import json
import re
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from collector.simulator.signatures import Arrived, Key, canonical, claimed, fault
from tests.simulator.asking import ACCESS_KEY, CMS, KEYS, PROJECT, START, TEMPORARY
from tests.simulator.vendor import signed, stamp

HOST = "aom.example:8443"
NOW = START + 60_000
PATH = CMS + "/workflow/wf-1/executions"
PUBLISHED = json.loads((Path(__file__).parents[1] / "data" / "signing-vectors.json").read_text(encoding="utf-8"))

# What HTTP and the signer can carry: any character in a query, printable ones in a header.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), max_size=20)


def arrived(method="GET", path=PATH, *, body=b"", **how):
    target, headers = signed(method, HOST, path, body=body, **how)
    # The vendor prepares header values for a client that writes Latin-1; they arrive as UTF-8.
    pairs = tuple((name, value.encode("latin-1").decode()) for name, value in headers.items())
    return Arrived(method=method, target=target, headers=pairs, body=body)


def judged(request, *, key=KEYS[ACCESS_KEY], project_id=PROJECT, now=NOW):
    return fault(request, claimed(request), key, project_id=project_id, now=now)


def other(request, name, value):
    """The same request with one header changed, added, or left out (None)."""
    kept = tuple((known, held) for known, held in request.headers if known.lower() != name.lower())
    return dataclasses.replace(request, headers=kept if value is None else (*kept, (name, value)))


def claiming(request, names):
    """The same request that says other headers were signed, with a signature that would hold for them."""
    authorization = dict(request.headers)["Authorization"]
    return other(request, "Authorization", re.sub(r"SignedHeaders=[^,]+", f"SignedHeaders={names}", authorization))


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    segments=st.lists(TEXTS, min_size=1, max_size=4),
    query=st.lists(st.tuples(TEXTS.filter(bool), TEXTS), max_size=5, unique_by=lambda pair: pair[0]),
    more=st.dictionaries(st.from_regex(r"X-[A-Z][a-z]{1,8}", fullmatch=True), VALUES, max_size=3),
    body=st.binary(max_size=60),
)
def test_whatever_the_vendor_signs_is_accepted(method, segments, query, more, body):
    path = "/" + "/".join(quote(segment, safe="") for segment in segments)
    request = arrived(method, path, query=query, body=body, headers=more)
    assert judged(request, project_id="") == ""


@given(
    query=st.lists(st.tuples(TEXTS.filter(bool), TEXTS), min_size=1, max_size=4, unique_by=lambda pair: pair[0]),
    name=TEXTS.filter(bool),
    value=TEXTS,
)
def test_no_other_query_passes_for_the_signed_one(query, name, value):
    assume((name, value) not in query)
    request = arrived(query=query)
    more = dataclasses.replace(request, target=f"{request.target}&{quote(name, safe='')}={quote(value, safe='')}")
    assert judged(more) == "verify aksk signature fail"
    instead = dataclasses.replace(request, target=f"{PATH}?{quote(name, safe='')}={quote(value, safe='')}")
    assert judged(instead) == "verify aksk signature fail"


@given(body=st.binary(max_size=40), sent=st.binary(max_size=40))
def test_no_other_body_passes_for_the_signed_one(body, sent):
    request = dataclasses.replace(arrived("POST", body=body), body=sent)
    assert (judged(request) == "") is (body == sent)


@given(query=st.lists(st.tuples(TEXTS.filter(bool), TEXTS), max_size=5, unique_by=lambda pair: pair[0]), data=st.data())
def test_the_order_of_a_query_does_not_count(query, data):
    request = arrived(query=query)
    path, _, sent = request.target.partition("?")
    pieces = "&".join(data.draw(st.permutations(sent.split("&"))))
    assert judged(dataclasses.replace(request, target=f"{path}?{pieces}")) == ""


def test_a_plus_in_a_query_is_a_space_as_the_handlers_read_it():
    request = arrived(query=[("name", "a b")])
    assert judged(dataclasses.replace(request, target=f"{PATH}?name=a+b")) == ""
    assert judged(dataclasses.replace(request, target=f"{PATH}?name=a%2Bb")) == "verify aksk signature fail"


def test_bytes_that_are_no_text_are_not_taken_for_others():
    request = arrived(query=[("name", "\ufffd")], headers={"X-More": "?"})
    assert judged(request) == ""
    sent = dataclasses.replace(request, target=f"{PATH}?name=%FF")
    assert judged(sent) == "verify aksk signature fail"
    assert "name=%FF" in canonical(sent, ("host",))
    assert judged(other(request, "X-More", "\udcff")) == "verify aksk signature fail"


@given(path=st.from_regex(r"(/([A-Za-z0-9~_.-]|%[0-9A-Fa-f]{2}){0,6}){1,3}", fullmatch=True))
def test_a_path_is_read_as_the_vendor_reads_it_even_where_it_is_no_text(path):
    assert judged(arrived(path=path), project_id="") == ""


def test_no_digit_of_a_signature_may_be_another():
    request = arrived()
    before, signature = dict(request.headers)["Authorization"].split("Signature=")
    for place, digit in enumerate(signature):
        forged = signature[:place] + ("0" if digit != "0" else "f") + signature[place + 1 :]
        assert judged(other(request, "Authorization", f"{before}Signature={forged}")) == "verify aksk signature fail"


@pytest.mark.parametrize("name", ["Host", "Content-Type", "X-Project-Id", "X-Sdk-Date"])
def test_a_signed_header_is_sent_once_and_as_it_was_signed(name):
    request = arrived()
    value = dict(request.headers)[name]
    assert judged(other(request, name, f"  {value} ")) == "", "space around a value does not count"
    assert judged(other(request, name, None)) == f"the signed header {name.lower()} is not sent"
    twice = dataclasses.replace(request, headers=(*request.headers, (name.upper(), value)))
    assert judged(twice) == f"{name.lower()} is sent more than once"
    changed = stamp(NOW + 1000) if name == "X-Sdk-Date" else value + "x"
    assert judged(other(request, name, changed), project_id="") == "verify aksk signature fail"


def test_an_unsigned_header_may_be_anything():
    request = dataclasses.replace(arrived(), headers=(*arrived().headers, ("Accept", "*/*"), ("Accept", "text/html")))
    assert judged(request) == ""


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ("content-type;x-project-id;x-sdk-date", "host must be signed"),
        ("content-type;host;x-project-id", "x-sdk-date must be signed"),
        ("host;x-sdk-date;content-type", "lower-case names in their order, each once"),
        ("host;host;x-sdk-date", "lower-case names in their order, each once"),
        ("Host;host;x-sdk-date", "lower-case names in their order, each once"),
        ("host;x-never;x-sdk-date", "the signed header x-never is not sent"),
    ],
)
def test_the_names_of_the_signed_headers_are_sound(names, says):
    assert says in judged(claiming(arrived(), names))


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic c3ludGhldGlj",
        "SDK-HMAC-SHA256",
        "SDK-HMAC-SHA256 Access=A, SignedHeaders=host;x-sdk-date",
        "SDK-HMAC-SHA256 Access=, SignedHeaders=host;x-sdk-date, Signature=" + "0" * 64,
        "SDK-HMAC-SHA256 Access=A, SignedHeaders=, Signature=" + "0" * 64,
        "SDK-HMAC-SHA256 Access=A, SignedHeaders=host;x-sdk-date, Signature=" + "0" * 63,
        "SDK-HMAC-SHA256 Access=A, SignedHeaders=host;x-sdk-date, Signature=" + "0" * 65,
        "SDK-HMAC-SHA256 Access=A, SignedHeaders=host;x-sdk-date, Signature=" + "G" * 64,
        "SDK-HMAC-SHA512 Access=A, SignedHeaders=host;x-sdk-date, Signature=" + "0" * 64,
        "SDK-HMAC-SHA256 Access=A, SignedHeaders=host;x-sdk-date, Signature=" + "0" * 64 + ", More=1",
    ],
)
def test_an_authorization_of_another_shape_claims_nothing(authorization):
    assert claimed(other(arrived(), "Authorization", authorization)) is None


@pytest.mark.parametrize(
    "date", ["", "2023-11-14T22:14:20Z", "20231314T221420Z", "20231114T221420", "20231114T22142Z", "20231114T2214200Z"]
)
def test_a_date_of_another_shape_is_refused(date):
    assert judged(other(arrived(), "X-Sdk-Date", date)) == "the X-Sdk-Date is malformed"


@pytest.mark.parametrize("seconds", [900, -900])
def test_a_quarter_of_an_hour_is_tolerated_and_no_moment_more(seconds):
    assert judged(arrived(), now=NOW + seconds * 1000) == ""
    beyond = 1 if seconds > 0 else -1
    assert "15 minutes" in judged(arrived(), now=NOW + seconds * 1000 + beyond)


def test_the_project_is_that_of_the_path_where_both_name_one():
    elsewhere = arrived(headers={"X-Project-Id": "f" * 32})
    assert judged(elsewhere) == "the X-Project-Id is not the project of the path"
    assert judged(elsewhere, project_id="") == ""
    assert judged(arrived(headers={"X-Project-Id": None})) == ""


def test_a_security_token_is_the_keys_own_and_signed():
    key = KEYS[TEMPORARY]
    how = {"access_key": TEMPORARY}
    right = arrived(headers={"X-Security-Token": key.security_token}, **how)
    assert judged(right, key=key) == ""
    assert "is missing" in judged(arrived(**how), key=key)
    wrong = arrived(headers={"X-Security-Token": key.security_token + "x"}, **how)
    assert "not this access key's" in judged(wrong, key=key)
    unsigned = other(arrived(**how), "X-Security-Token", key.security_token)
    assert judged(unsigned, key=key) == "x-security-token must be signed"
    lasting = arrived(headers={"X-Security-Token": "one too many"})
    assert "not this access key's" in judged(lasting)


def test_a_secret_is_in_no_repr():
    key = Key("very-secret", "very-secret-too")
    assert "very-secret" not in repr(key)
    assert "very-secret" not in repr(arrived(headers={"X-Security-Token": "very-secret"}, body=b"very-secret"))


@pytest.mark.parametrize("vector", PUBLISHED["vectors"], ids=lambda vector: vector["name"])
def test_the_published_vectors_hold(vector):
    headers, query = vector["headers"], urlencode([tuple(pair) for pair in vector["query"]], quote_via=quote)
    names = ";".join(sorted(name.lower() for name in headers))
    access_key = PUBLISHED["keys"]["access_key"]
    says = f"SDK-HMAC-SHA256 Access={access_key}, SignedHeaders={names}, Signature={vector['signature']}"
    request = Arrived(
        method=vector["method"],
        target=vector["path"] + (f"?{query}" if query else ""),
        headers=(*headers.items(), ("Authorization", says)),
        body=vector["body"].encode(),
    )
    claim = claimed(request)
    assert claim.access_key == access_key
    assert sha256(canonical(request, claim.names).encode()).hexdigest() == vector["canonical_hash"]
    at = datetime.strptime(headers["X-Sdk-Date"], "%Y%m%dT%H%M%S%z")
    key = Key(PUBLISHED["keys"]["secret_key"], headers.get("X-Security-Token", ""))
    assert judged(request, key=key, now=int(at.timestamp() * 1000)) == ""
