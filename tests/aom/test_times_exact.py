"""The borders between seconds, milliseconds and what is no time at all."""

import time

import pytest

from collector.aom import times

FAR = 10**16
"""A last believable moment so late that the number of digits alone decides."""


@pytest.mark.parametrize(
    ("value", "ms"),
    [
        (10**9, 10**12),
        (10**9 - 1, times.INVALID),
        (10**10 - 1, 9_999_999_999_000),
        (10**10, times.INVALID),
        (float(10**10), times.INVALID),
        ("10000000000", times.INVALID),
        ("99999999999", times.INVALID),
        ("100000000000", 10**11),
        ("99999999999999", 10**14 - 1),
        ("100000000000000", times.INVALID),
        (float(10**14), times.INVALID),
    ],
)
def test_ten_digits_are_seconds_and_twelve_to_fourteen_milliseconds(value: object, ms: object):
    assert times.read(value, latest=FAR) == ms


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("+1600000000", 1_600_000_000_000),
        ("1600000000.5", 1_600_000_000_500),
        (" 1600000000123.9 ", 1_600_000_000_123),
        ("0.0", None),
        ("-1.5", None),
    ],
)
def test_text_may_have_a_sign_and_a_decimal_point(text: str, ms: int | None):
    assert times.read(text, latest=FAR) == ms


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "UTC"])
def test_a_time_without_an_offset_is_utc_wherever_the_machine_stands(zone: str, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as here:
        here.setenv("TZ", zone)
        time.tzset()
        read = times.read("2024-01-02T03:04:05", latest=FAR)
    time.tzset()
    assert read == 1_704_164_645_000


def test_text_that_names_the_epoch_or_before_is_no_time():
    for text, ms in (
        ("1969-12-31T23:59:59Z", times.INVALID),
        ("1970-01-01T00:00:00Z", times.INVALID),
        ("1970-01-01T00:00:00.001Z", 1),
    ):
        assert times.read(text, latest=FAR) == ms
