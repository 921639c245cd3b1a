"""Log lines can be read by people and programs, hold no secret that nobody logged, and never fail."""

import errno
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
    setup("info", "auto", terminal).say("collector.stopped")
    setup("info", "auto", file).say("collector.stopped")
    assert not terminal.getvalue().startswith("{")
    assert json.loads(file.getvalue())["event"] == "collector.stopped"


def test_colours_are_for_terminals_whose_owner_did_not_decline(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured, declined, file = Terminal(), Terminal(), io.StringIO()
    setup("info", "console", coloured).say("collector.stopped")
    setup("info", "console", file).say("collector.stopped")
    monkeypatch.setenv("NO_COLOR", "1")
    setup("info", "console", declined).say("collector.stopped")
    assert "\x1b[" in coloured.getvalue()
    assert "\x1b[" not in declined.getvalue() + file.getvalue()


@pytest.mark.parametrize("shape", FORMATS)
def test_what_is_below_the_level_is_not_said(shape):
    stream = io.StringIO()
    lines = setup("warning", shape, stream)
    lines.say("collector.stopped")
    lines.say("config.refused", says="loud")
    assert "collector.stopped" not in stream.getvalue()
    assert "loud" in stream.getvalue()


@pytest.mark.parametrize("shape", FORMATS)
def test_chinese_is_readable(shape):
    stream = io.StringIO()
    setup("info", shape, stream).say("poll.recovered", workflow="夜间数据库备份")
    assert "夜间数据库备份" in stream.getvalue()


@pytest.mark.parametrize("shape", FORMATS)
def test_a_lone_surrogate_or_a_poor_encoding_loses_a_letter_and_no_line(shape):
    for encoding in ("utf-8", "ascii"):
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
        setup("info", shape, stream).say("list.failing", says="half \ud83d 节点", hint="still here")
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
    setup("info", shape, stream).say("status.unknown", word="x" * 100_000)
    assert stream.getvalue().count("x") == 2000


@pytest.mark.parametrize("shape", FORMATS)
def test_a_value_cannot_start_a_line_of_its_own(shape):
    stream = io.StringIO()
    setup("info", shape, stream).say("status.unknown", word="first\nlevel=error event=forged")
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
    lines.say("collector.stopped")
    logging.getLogger("aiohttp").warning("two")
    assert old.getvalue() == ""
    assert len(new.getvalue().splitlines()) == 2


@pytest.mark.parametrize("shape", FORMATS)
def test_a_full_disk_or_a_closed_pipe_does_not_reach_who_logs(shape):
    class Full(io.StringIO):
        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    full, closed = Full(), io.StringIO()
    lines = setup("info", shape, full)
    lines.say("collector.stopped")
    bug(lines)
    logging.getLogger("aiohttp").warning("two")
    lines = setup("info", shape, closed)
    closed.close()
    lines.say("collector.stopped")


@pytest.mark.parametrize("shape", FORMATS)
def test_a_traceback_is_cut_in_its_middle(shape):
    stream = io.StringIO()
    lines = setup("info", shape, stream)
    lines.bug(ValueError("x" * 100_000 + " the end"))
    assert len(stream.getvalue()) < 3000
    assert "the end" in stream.getvalue()


@pytest.mark.parametrize("shape", FORMATS)
def test_no_text_moves_the_cursor_or_starts_a_line(shape):
    hostile = "first\nforged \x1b[2J\r\x9b\u2028back"
    stream = io.StringIO()
    lines = setup("info", shape, stream)
    logging.getLogger("aiohttp").warning(hostile)
    lines.say("status.unknown", word=hostile)
    lines.say("status.unknown", word=hostile.replace(" ", "_"))
    assert not set("\x1b\r\x9b\u2028") & set(stream.getvalue())
    assert stream.getvalue().count("\n") == 3
    lines.bug(ValueError(hostile))
    assert not any(line.startswith("forged") for line in stream.getvalue().splitlines())


def test_what_json_says_is_what_was_meant():
    stream = io.StringIO()
    setup("info", "json", stream).say("status.unknown", word="a\nb\x9b\x1b 节点")
    assert json.loads(stream.getvalue())["word"] == "a\nb\x9b\x1b 节点"


@pytest.mark.parametrize("shape", FORMATS)
def test_a_librarys_line_that_cannot_be_made_is_named_without_its_arguments(shape, capsys):
    stream = io.StringIO()
    setup("info", shape, stream)
    logging.getLogger("aiohttp.client").warning("%d", CANARY)
    assert "log.unreadable" in stream.getvalue()
    assert "aiohttp.client" in stream.getvalue()
    assert CANARY not in stream.getvalue() + "".join(capsys.readouterr())
