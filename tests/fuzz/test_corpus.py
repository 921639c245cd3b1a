"""The kept bodies are read as ever, and each of them has a reason to be there."""

import pytest

from tests.fuzz import corpus
from tests.fuzz.behaviour import behaviour
from tests.fuzz.bodies import Body
from tests.fuzz.goods import GOODS

BODIES = corpus.load()


def test_what_comes_of_every_kept_body_is_what_came_of_it_before():
    assert [corpus.comes(body) for body in BODIES] == corpus.outcomes()


def test_more_than_two_hundred_kept_bodies_make_the_decoder_behave_in_as_many_ways():
    assert len({behaviour(body) for body in BODIES}) > 200
    assert len({(body.raw, body.encoding) for body in BODIES}) == len(BODIES)


def test_every_good_record_that_must_count_stands_beside_something_that_is_none():
    beside = [body for body in BODIES if body.good]
    assert len(beside) > 150
    assert {name for body in BODIES for name in body.good or ()} <= GOODS.keys()


@pytest.mark.parametrize("raw", [b"", b"[\xff\xed\xa0\x80]", b"[" * 1200, b"\x1f\x8b\x00", '["节点"]'.encode()])
def test_a_body_is_kept_byte_by_byte(tmp_path, raw):
    kept = Body("synthetic", raw, None, "gzip")
    corpus.save([kept], tmp_path / "bodies.jsonl")
    assert corpus.load(tmp_path / "bodies.jsonl") == [kept]


def test_a_body_is_made_as_small_as_it_can_be_while_it_behaves_as_before():
    text = ",".join((*(good.text for good in GOODS.values()), '{"execution_id":"x","status":"fail","end_time":"soon"}'))
    body = Body("synthetic", f"[{text}]".encode(), tuple(GOODS))
    small = corpus.smallest(body, behaviour(body))
    assert small.good == ("bare",)
    assert small.raw == (
        b'[{"execution_id":"bare","status":"canceled"},{"execution_id":"x","status":"fail","end_time":"soon"}]'
    )
