"""Every event in every format, with values that were made to break it: one line, and what it says can be read back."""

import io
import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.log import setup
from collector.log.events import EVENTS

HOSTILE = (
    "first\nlevel=error event=forged",
    'say "no" \\',
    "back\\slash",
    "\\",
    '"',
    "a=b c=d",
    "\x1b[2J\x1b]0;title\x07",
    "\r\x85\u2028\u2029\x9b2J",
    "\u202eright to left\u2066",
    "夜间 数据库备份",
    "half \ud83d\udc00 of one",
    "{'a': 1}",
    "",
    " ",
    "长" * 3000,
)
PAIR = re.compile(r'([a-z_]+)=(?:"((?:[^"\\]|\\.)*)"|([^\x00-\x20"]*))(?: |\n$)')
LISTS = {"words", "workflow_ids", "listening"}


def logfmt(line: str) -> dict[str, str]:
    """Read one line as the readers of logfmt do."""
    found, at = {}, 0
    while at < len(line):
        pair = PAIR.match(line, at)
        assert pair, f"no pair at {line[at : at + 60]!r}"
        quoted = pair[2] is not None
        found[pair[1]] = re.sub(r"\\(.)", r"\1", pair[2]) if quoted else pair[3]
        at = pair.end()
    return found


def spelled(value: str) -> str:
    """What is left of a value where it may neither end a line nor move a cursor."""
    whole = value if len(value) <= 2000 else value[:2000] + "…"
    return "".join(
        "\ufffd" if "\ud800" <= c <= "\udfff" else f"\\u{ord(c):04x}" if odd(c) else c for c in whole
    )  # fmt: skip


def odd(c: str) -> bool:
    return unicodedata.category(c) in {"Cc", "Zl", "Zp"} or unicodedata.bidirectional(c) in {
        "LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI",
    } or c in "\u200e\u200f"  # fmt: skip


def said(shape: str, event: str, value: str) -> str:
    stream = io.StringIO()
    fields = {name: (value,) if name in LISTS else value for name in EVENTS[event].fields if name != "exception"}
    setup("debug", shape, stream).say(event, **fields)
    text = stream.getvalue()
    assert text.endswith("\n")
    assert len(text.splitlines()) == 1
    return text


@pytest.mark.parametrize("event", EVENTS)
def test_json_is_one_object_per_line_with_what_was_meant(event: str):
    for value in HOSTILE:
        line = json.loads(said("json", event, value))
        assert (line["event"], line["level"]) == (event, EVENTS[event].level)
        for name in EVENTS[event].fields:
            if name not in LISTS and name != "exception" and len(value) <= 2000:
                assert line[name] == re.sub("[\ud800-\udfff]", "\ufffd", value)


@pytest.mark.parametrize("event", EVENTS)
def test_logfmt_is_pairs_whose_values_are_read_as_the_console_shows_them(event: str):
    for value in HOSTILE:
        pairs = logfmt(said("logfmt", event, value))
        assert list(pairs) == ["time", "level", "event", *(n for n in EVENTS[event].fields if n != "exception")]
        assert (pairs["event"], pairs["level"]) == (event, EVENTS[event].level)
        for name in EVENTS[event].fields:
            if name not in LISTS and name != "exception":
                assert pairs[name] == spelled(value)


@pytest.mark.parametrize("event", EVENTS)
def test_the_console_shows_every_event_on_one_line_that_moves_no_cursor(event: str):
    for value in HOSTILE:
        line = said("console", event, value)
        assert re.match(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ \[{EVENTS[event].level} *\] {re.escape(event)}", line)
        assert not any(odd(c) for c in line[:-1])


@given(st.text(st.characters(), max_size=40))
def test_whatever_a_value_is_each_format_is_one_line_that_can_be_read(value: str):
    assert json.loads(said("json", "list.failing", value))["says"] == re.sub("[\ud800-\udfff]", "\ufffd", value)
    assert logfmt(said("logfmt", "list.failing", value))["says"] == spelled(value)
    said("console", "list.failing", value)


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("collector.stopping", {}),
        ("collector.stopped", {}),
        ("config.reloaded", {"says": "nothing changed"}),
        ("config.refused", {"says": "interval: too short"}),
        ("list.recovered", {"project": "prod", "workflows": 12}),
        ("state.recovered", {"lasted": 7260, "failures": 121}),
        ("credential.renewed", {"project": "prod"}),
    ],
)
def test_short_events_fit_a_terminal_of_80_columns(event: str, fields: dict):
    stream = io.StringIO()
    setup("info", "console", stream).say(event, **fields)
    assert len(stream.getvalue().rstrip("\n")) <= 80, stream.getvalue()


@pytest.mark.parametrize("shape", ["json", "logfmt", "console"])
def test_a_list_is_as_short_as_a_text(shape: str):
    stream = io.StringIO()
    setup("info", shape, stream).say("workflows.came", project="p", count=9000, workflow_ids=("x" * 64,) * 9000)
    assert len(stream.getvalue()) < 2000
    assert stream.getvalue().count("x" * 64) == 20
