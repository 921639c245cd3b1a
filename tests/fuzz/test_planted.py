"""Faults that were planted are found: by what is made by seed, and those of the decoder by the kept bodies too."""
# ruff: noqa: SLF001  faults are planted where they would stand

import itertools
import json
import random
import struct
import zlib

import msgspec
import pytest

import collector.aom
from collector.aom import times, wire
from collector.config import kinds, lists, walk
from collector.errors import Reason, Unreadable
from collector.ledger import advance as advancing
from collector.web import accept
from tests.fuzz import corpus, counting, run

REFUSED = Unreadable("a bad record", reason=Reason.ANSWER)
MOST = 3000


def a_bad_record_refuses_its_neighbours(patch):
    def flaw(self, name, *what):
        if name == "shape":
            raise REFUSED
        _flaw(self, name, *what)

    _flaw = wire._Reading._flaw
    patch.setattr(wire._Reading, "_flaw", flaw)


def a_bad_record_hides_those_behind_it(patch):
    def until_one_is_bad(self, elements):
        return itertools.takewhile(bool, (self._execution(each) for each in elements))

    patch.setattr(wire._Reading, "all", until_one_is_bad)


def a_bad_node_takes_the_others_with_it(patch):
    def execution(self, element):
        before = len(self.flaws)
        record = _execution(self, element)
        return record and (record if len(self.flaws) == before else msgspec.structs.replace(record, nodes=()))

    _execution = wire._Reading._execution
    patch.setattr(wire._Reading, "_execution", execution)


def a_time_that_is_none_takes_the_times_behind_it_with_it(patch):
    _time = wire._Reading._time
    patch.setattr(wire._Reading, "_time", lambda self, *of: None if self.flaws else _time(self, *of))


def a_lone_surrogate_drops_the_answer(patch):
    patch.setattr(wire, "clean", lambda text: text.encode().decode())


def a_key_that_stands_there_twice_drops_the_answer(patch):
    def once(pairs):
        if len(dict(pairs)) < len(pairs):
            raise ValueError
        return dict(pairs)

    loads = json.loads
    patch.setattr(wire.json, "loads", lambda text, **more: loads(text, object_pairs_hook=once, **more))


def a_number_past_what_python_reads_drops_the_answer(patch):
    patch.setattr(wire, "whole_number", int)


def a_number_past_64_bits_raises(patch):
    def within(value, latest):
        return _number(struct.unpack("q", struct.pack("q", value))[0] if isinstance(value, int) else value, latest)

    _number = times._number
    patch.setattr(times, "_number", within)


def depths_drop_the_answer(patch):
    def refuse(body):
        if b"[" * 1000 in body or b'{"a":' * 1000 in body:  # how deep Python reads by itself depends on its version
            raise REFUSED
        return _text(body)

    _text = wire._text
    patch.setattr(wire, "_text", refuse)


def bytes_that_are_no_text_drop_the_answer(patch):
    patch.setattr(wire, "_text", lambda body: body.decode("utf-8-sig"))


def what_is_cut_off_is_read_as_far_as_it_goes(patch):
    def inflate(body, encoding, *, limit):
        return zlib.decompressobj(31).decompress(body) if "gzip" in encoding else _inflate(body, encoding, limit=limit)

    _inflate = collector.aom.body.inflate
    patch.setattr(collector.aom.body, "inflate", inflate)


def an_error_is_read_as_a_list(patch):
    patch.setattr(wire, "ERROR_KEYS", ())


def a_flaw_counts_with_each_answer(patch):
    patch.setattr(wire.xxhash, "xxh3_64_intdigest", lambda _: random.getrandbits(62))


def an_ending_counts_with_each_answer(patch):
    patch.setattr(counting, "advance", lambda _, *more: advancing.advance(counting._fresh(), *more))


def a_weight_that_is_no_number_raises(patch):
    patch.setattr(accept, "_WEIGHT", accept.re.compile(".*"))


def a_comma_in_quotes_ends_an_entry(patch):
    patch.setattr(accept, "_ENTRY", accept.re.compile("[^,]+"))


def a_weight_is_ignored(patch):
    patch.setattr(accept, "round", lambda _: 1000, raising=False)


def any_version_will_do(patch):
    patch.setattr(accept, "_TEXT", ("text", "*"))


def a_wildcard_says_as_much_as_a_name(patch):
    patch.setattr(accept, "_WILD", dict.fromkeys(accept._WILD, 0))


def a_fault_quotes_a_secret(patch):
    def wrong(self, _, path, wrong):
        self.fault(path, f"{wrong.says}, not {wrong.got}")

    patch.setattr(walk.Walk, "_wrong", wrong)


def a_fault_quotes_the_environment(patch):
    patch.setattr(walk.Walk, "_read", lambda self, key, raw: key.kind(self._expanded(raw)))


def a_number_that_is_too_large_raises(patch):
    patch.setattr(kinds, "_MOST_INTEGER", 10**5000)


def a_pattern_that_is_none_raises(patch):
    patch.setattr(lists.re, "error", OverflowError)


def a_line_break_in_a_value_breaks_the_sentence(patch):
    patch.setattr(kinds, "shown", str)


DECODER = (
    a_bad_record_refuses_its_neighbours,
    a_bad_record_hides_those_behind_it,
    a_bad_node_takes_the_others_with_it,
    a_time_that_is_none_takes_the_times_behind_it_with_it,
    a_lone_surrogate_drops_the_answer,
    a_key_that_stands_there_twice_drops_the_answer,
    a_number_past_what_python_reads_drops_the_answer,
    a_number_past_64_bits_raises,
    depths_drop_the_answer,
    bytes_that_are_no_text_drop_the_answer,
    what_is_cut_off_is_read_as_far_as_it_goes,
    an_error_is_read_as_a_list,
    a_flaw_counts_with_each_answer,
    an_ending_counts_with_each_answer,
)
HEADERS = (
    a_weight_that_is_no_number_raises,
    a_comma_in_quotes_ends_an_entry,
    a_weight_is_ignored,
    any_version_will_do,
    a_wildcard_says_as_much_as_a_name,
)
FILES = (
    a_fault_quotes_a_secret,
    a_fault_quotes_the_environment,
    a_number_that_is_too_large_raises,
    a_pattern_that_is_none_raises,
    a_line_break_in_a_value_breaks_the_sentence,
)
PLANTED = [
    *(("bodies", fault) for fault in DECODER),
    *(("headers", fault) for fault in HEADERS),
    *(("files", fault) for fault in FILES),
]


@pytest.mark.parametrize(("target", "fault"), PLANTED, ids=[fault.__name__ for _, fault in PLANTED])
def test_what_is_made_by_seed_finds_it(target, fault, monkeypatch):
    fault(monkeypatch)
    found = run.first_finding(target, range(MOST))
    monkeypatch.undo()
    assert found is not None


@pytest.mark.parametrize("fault", DECODER)
def test_a_kept_body_finds_it(fault, monkeypatch):
    kept = list(zip(corpus.load(), corpus.outcomes(), strict=True))
    fault(monkeypatch)
    found = any(now(body) != before for body, before in kept)
    monkeypatch.undo()
    assert found


def now(body):
    try:
        return corpus.comes(body)
    except counting.Finding:
        return None
