"""How a fault speaks: values, keys and types in the words of TOML, and the nearest known word."""

import datetime as dt
import difflib
import json
import re
from collections.abc import Iterable

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST = 60
_HUGE = 10**18


def quoted(text: str) -> str:
    """The text in double quotes, cut to a readable length; what does not print is escaped."""
    cut = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return printable(json.dumps(cut, ensure_ascii=False))


def printable(text: str) -> str:
    """The text on one line, a blank for a tab; what does not print is escaped."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text.replace("\t", " "))


def shown(value: object) -> str:
    """A value as a fault quotes it: strings and numbers as TOML writes them, everything else by its type."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < _HUGE):
        return str(value)
    return kind_of(value)


def kind_of(value: object) -> str:
    """The TOML type of a value with its article: `a string`, `an integer`."""
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "a boolean"),
        (str, "a string"),
        (int, "an integer"),
        (float, "a float"),
        (list, "an array"),
        (dict, "a table"),
        ((dt.date, dt.time), "a date or time"),
    )
    return next((name for types, name in kinds if isinstance(value, types)), "something else")


def step(path: str, key: str) -> str:
    """The path one key further in: `collector.listen`, `collector."odd key"`; keys at the top have no dot before."""
    name = key if _BARE.fullmatch(key) else quoted(key)
    return f"{path}.{name}" if path else name


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like this one, ignoring case, or None where nothing is like it."""
    words = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(word.lower(), words, n=1)
    return words[found[0]] if found else None
