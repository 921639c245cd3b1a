"""One time of the wire, read by itself: seconds, milliseconds, numeric text or ISO 8601. Pure."""

import re
from datetime import UTC, datetime

DAY_MS = 86_400_000
MS_LEAST = 10**11
LATEST = 253_402_300_799_999
"""The end of the year 9999, for whoever asks whether something is a time and not whether it can be true."""
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,12})?")


class Invalid:
    """What a value is that is neither a time nor absent."""


INVALID = Invalid()


def read(value: object, *, latest: int) -> int | Invalid | None:
    """A time in ms, None where it is absent, `INVALID` where it is neither.

    `latest` is the last believable moment (ms). Seconds have 10 digits, milliseconds 12 to 14; nothing else is a time.
    """
    if type(value) is int and MS_LEAST <= value <= latest:
        return value  # as nearly all are
    if value is None or value == "" or value is False or value is True:
        return INVALID if isinstance(value, bool) else None
    if isinstance(value, str):
        text = value.strip()
        if _NUMBER.fullmatch(text):
            return _number(float(text) if "." in text else int(text), latest)
        return _iso(text, latest)
    if isinstance(value, int | float):
        return _number(value, latest)
    return INVALID


def _number(value: float, latest: int) -> int | Invalid | None:
    if value <= 0:
        return None
    if 1e9 <= value < 1e10:  # noqa: PLR2004  seconds have ten digits
        return _believable(round(value * 1000), latest)
    if MS_LEAST <= value < 1e14:  # noqa: PLR2004  milliseconds have twelve to fourteen
        return _believable(int(value), latest)
    return INVALID


def _iso(text: str, latest: int) -> int | Invalid | None:
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        ms = round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        return INVALID
    return INVALID if ms <= 0 else _believable(ms, latest)


def _believable(ms: int, latest: int) -> int | Invalid:
    return ms if ms <= latest + DAY_MS else INVALID
