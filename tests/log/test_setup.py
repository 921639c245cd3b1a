"""Log lines can be read by people and programs, hold no secret that nobody logged, and never fail."""

import io
import json
import logging
from datetime import datetime

import pytest
import structlog

from collector.log import setup

FORMATS = ("json", "logfmt", "console")
CANARY = "canary-3f9d"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def _logging_as_it_was():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def fail_with_a_secret_at_hand():
    secret = CANARY
    return {}["missing"], secret


def bug(lines):
    try:
        fail_with_a_secret_at_hand()
    except KeyError as error:
        lines.bug(error)


def test_a_json_line_begins_with_time_level_and_event():
    stream = io.StringIO()
    setup("info", "json", stream).say("poll.recovered", project="prod")
    line = json.loads(stream.getvalue())
    assert list(line) == ["time", "level", "event", "project"]
    assert line["level"] == "info"
    assert line["event"] == "poll.recovered"
    assert line["time"].endswith("Z")
    assert datetime.fromisoformat(line["time"]).utcoffset().total_seconds() == 0


def test_a_logfmt_line_begins_with_time_level_and_event():
    stream = io.StringIO()
    setup("info", "logfmt", stream).say("poll.recovered", project="two words")
    time, rest = stream.getvalue().split(" ", 1)
    assert time.startswith("time=")
    assert time.endswith("Z")
    assert rest == 'level=info event=poll.recovered project="two words"\n'


def test_auto_is_console_on_a_terminal_and_json_elsewhere():
    terminal, file = Terminal(), io.StringIO()
    setup("info", "auto", terminal).say("one")
    setup("info", "auto", file).say("one")
    assert not terminal.getvalue().startswith("{")
    assert json.loads(file.getvalue())["event"] == "one"


def test_colours_are_for_terminals_whose_owner_did_not_decline(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured, declined, file = Terminal(), Terminal(), io.StringIO()
    setup("info", "console", coloured).say("one")
    setup("info", "console", file).say("one")
    monkeypatch.setenv("NO_COLOR", "1")
    setup("info", "console", declined).say("one")
    assert "\x1b[" in coloured.getvalue()
    assert "\x1b[" not in declined.getvalue() + file.getvalue()


@pytest.mark.parametrize("shape", FORMATS)
def test_what_is_below_the_level_is_not_said(shape):
    stream = io.StringIO()
    lines = setup("warning", shape, stream)
    lines.say("quiet")
    lines.warn("loud")
    assert "quiet" not in stream.getvalue()
    assert "loud" in stream.getvalue()


@pytest.mark.parametrize("shape", FORMATS)
def test_chinese_is_readable(shape):
    stream = io.StringIO()
    setup("info", shape, stream).say("one", workflow="夜间数据库备份")
    assert "夜间数据库备份" in stream.getvalue()


@pytest.mark.parametrize("shape", FORMATS)
def test_a_lone_surrogate_or_a_poor_encoding_loses_a_letter_and_no_line(shape):
    for encoding in ("utf-8", "ascii"):
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
        setup("info", shape, stream).say("one", word="half \ud83d 节点", after="still here")
        assert "still here" in raw.getvalue().decode(encoding)


@pytest.mark.parametrize("shape", FORMATS)
def test_a_traceback_shows_where_it_broke_and_no_local_variable(shape):
    stream = io.StringIO()
    bug(setup("debug", shape, stream))
    assert "fail_with_a_secret_at_hand" in stream.getvalue()
    assert "missing" in stream.getvalue()
    assert CANARY not in stream.getvalue()


@pytest.mark.parametrize("shape", FORMATS)
def test_a_long_value_is_cut(shape):
    stream = io.StringIO()
    setup("info", shape, stream).say("one", word="x" * 100_000)
    assert stream.getvalue().count("x") == 2000


@pytest.mark.parametrize("shape", FORMATS)
def test_a_value_cannot_start_a_line_of_its_own(shape):
    stream = io.StringIO()
    setup("info", shape, stream).say("one", word="first\nlevel=error event=forged")
    assert len(stream.getvalue().splitlines()) == 1


@pytest.mark.parametrize("shape", FORMATS)
def test_a_librarys_warning_takes_the_same_way_and_its_chatter_none(shape):
    stream = io.StringIO()
    setup("debug", shape, stream)
    library = logging.getLogger("aiohttp.access")
    library.info("chatter")
    library.warning("%s of %s", "two", "three")
    library.error("broken", exc_info=KeyError("why"))
    text = stream.getvalue()
    assert "chatter" not in text
    assert "two of three" in text
    assert "KeyError" in text
    if shape == "json":
        assert [json.loads(line)["level"] for line in text.splitlines()] == ["warning", "error"]


def test_setting_up_again_replaces_and_does_not_repeat():
    old, new = io.StringIO(), io.StringIO()
    setup("info", "json", old)
    lines = setup("info", "json", new)
    lines.say("one")
    logging.getLogger("aiohttp").warning("two")
    assert old.getvalue() == ""
    assert len(new.getvalue().splitlines()) == 2
