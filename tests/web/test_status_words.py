from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.web.status import words
from tests.web.synthetic import DAY, HOUR, MINUTE, NOW


def test_a_time_is_utc_to_the_second_for_people_and_to_the_millisecond_for_programs():
    assert words.utc(NOW) == "2026-11-28 12:19:33 UTC"
    assert words.rfc3339(NOW) == "2026-11-28T12:19:33.456Z"
    assert words.rfc3339(10**15) is None
    assert words.utc(-1) == "at no known time"


@given(st.integers(0, 253_402_300_799_999))
def test_every_time_comes_back_from_its_text(at):
    assert round(datetime.fromisoformat(words.rfc3339(at)).timestamp() * 1000) == at


@pytest.mark.parametrize(
    ("away", "says"),
    [
        (500, "just now"),
        (-500, "now"),
        (3 * MINUTE, "3 min ago"),
        (119_000, "119 s ago"),
        (-20_000, "in 20 s"),
        (47 * HOUR, "47 h ago"),
        (49 * HOUR, "2 d ago"),
        (400 * DAY, "400 d ago"),
    ],
)
def test_how_far_a_time_is_away(away, says):
    assert words.ago(NOW - away, NOW) == says


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (0.0, "0 ms"),
        (0.0831, "84 ms"),
        (5.25, "5.2 s"),
        (59.7, "1 min"),
        (125, "2 min 5 s"),
        (3600, "1 h"),
        (3659, "1 h"),
        (90_000, "1 d 1 h"),
    ],
)
def test_how_long_something_took(seconds, says):
    assert words.span(seconds) == says


def test_what_steers_is_written_out_and_what_cannot_be_written_is_replaced():
    assert words.shown("a\x1b[31m\n\x00\u202eb\ud800") == "a\\x1b[31m\\x0a\\x00\\u202eb\ufffd"
    assert words.shown("夜间 备份") == "夜间 备份"


@given(st.text(st.characters()))
def test_whatever_is_shown_can_be_written_and_steers_nothing(text):
    seen = words.shown(text)
    seen.encode()
    assert all(ord(each) >= 0x20 and not 0x7F <= ord(each) < 0xA0 for each in seen)
