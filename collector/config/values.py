"""What a value may be: one small reader per kind. A reader raises `ValueError` with what is wrong."""

import math
import re
from collections.abc import Callable
from difflib import get_close_matches
from itertools import pairwise
from urllib.parse import urlsplit

Reader = Callable[[object], object]

_DURATION = re.compile(r"([0-9]+)(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LISTEN = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\[\]:/\s]*):([0-9]{1,5})")
_ID = re.compile(r"[A-Za-z0-9_.~:-]{1,64}")
_PROJECT_ID = re.compile(r"[0-9A-Za-z]{32}")
_MOST_BUCKETS = 50
_LAST_PORT = 65535


def kind(value: object) -> str:
    """The TOML word for what a value is."""
    for types, word in (
        (bool, "a boolean"),
        (str, "a string"),
        (int, "an integer"),
        (float, "a float"),
        (list, "an array"),
        (dict, "a table"),
    ):
        if isinstance(value, types):
            return word
    return "a date or time"


def _must(want: str, value: object) -> ValueError:
    return ValueError(f"must be {want}, not {kind(value)}")


def text(value: object) -> str:
    """Any string."""
    if not isinstance(value, str):
        msg = "a string"
        raise _must(msg, value)
    return value


def name(value: object) -> str:
    """A string that says something."""
    if not text(value).strip():
        msg = "must not be empty"
        raise ValueError(msg)
    return text(value)


def boolean(value: object) -> bool:
    """Either true or false."""
    if not isinstance(value, bool):
        msg = "true or false"
        raise _must(msg, value)
    return value


def integer(least: int, most: int) -> Reader:
    """An integer in a range."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            msg = "an integer"
            raise _must(msg, value)
        if not least <= value <= most:
            msg = f"{value} is outside {least} to {most}"
            raise ValueError(msg)
        return value

    return read


def rate(value: object) -> float:
    """A positive number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = "a number"
        raise _must(msg, value)
    if not (value > 0 and math.isfinite(value)):
        msg = f"{value} is not above 0"
        raise ValueError(msg)
    return float(value)


def duration(least: float) -> Reader:
    """A whole number and one unit, at least so many seconds."""

    def read(value: object) -> float:
        match = _DURATION.fullmatch(text(value))
        if match is None:
            msg = f"{value!r} is not a duration; write a whole number and one unit, such as 500ms, 10s, 5m, 1h or 2d"
            raise ValueError(msg)
        seconds = int(match[1]) * _UNITS[match[2]]
        if seconds < least:
            msg = f"{value!r} is too short; the least is {least:g}s"
            raise ValueError(msg)
        return seconds

    return read


def optional(reader: Reader) -> Reader:
    """Whatever `reader` takes, or the empty string for None."""
    return lambda value: None if value == "" else reader(value)


def choice(*words: str) -> Reader:
    """One of a few words."""

    def read(value: object) -> str:
        if text(value) in words:
            return text(value)
        near = get_close_matches(text(value), words, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        msg = f"{value!r} is not one of {', '.join(words)}{hint}"
        raise ValueError(msg)

    return read


def texts(value: object) -> tuple[str, ...]:
    """An array of strings."""
    if not isinstance(value, list):
        msg = "an array of strings"
        raise _must(msg, value)
    return tuple(text(each) for each in value)


def bounds(value: object) -> tuple[float, ...]:
    """Ascending bucket bounds in seconds."""
    if not isinstance(value, list):
        msg = "an array of numbers"
        raise _must(msg, value)
    numbers = tuple(rate(each) for each in value)
    if not 1 <= len(numbers) <= _MOST_BUCKETS:
        msg = f"has {len(numbers)} bounds; 1 to {_MOST_BUCKETS} are possible"
        raise ValueError(msg)
    if any(low >= high for low, high in pairwise(numbers)):
        msg = "its bounds must ascend"
        raise ValueError(msg)
    return numbers


def listen(value: object) -> str:
    """An address to listen on: `host:port`, `:port` or `[v6]:port`."""
    match = _LISTEN.fullmatch(text(value))
    if match is None or int(match[2]) > _LAST_PORT:
        msg = f"{value!r} is not an address; write host:port, :port or [IPv6]:port"
        raise ValueError(msg)
    return text(value)


def url(value: object) -> str:
    """The base of a web address, without path, query and user."""
    address = text(value)
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        good = good and parts.path in ("", "/") and not parts.query and not parts.fragment
        _ = parts.port
    except ValueError:
        good = False
    if not good:
        msg = "is not an endpoint; write https://host, without path, query or user"
        raise ValueError(msg)
    return address.rstrip("/")


def workflow_id(value: object) -> str:
    """An id that is one segment of a path as it stands."""
    if not isinstance(value, str):
        msg = "a string"
        raise _must(msg, value)
    if _ID.fullmatch(value) is None or value in (".", ".."):
        msg = f"{value!r} is not a workflow id; it has 1 to 64 letters, digits and - _ . ~ :"
        raise ValueError(msg)
    return value


def project_id(value: object) -> str:
    """Thirty-two letters and digits."""
    if _PROJECT_ID.fullmatch(text(value)) is None:
        msg = f"{value!r} is not a project id; it has 32 letters and digits"
        raise ValueError(msg)
    return text(value)
