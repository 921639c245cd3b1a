"""Kinds of values: each reads one TOML value and returns what the settings hold, or raises `Wrong`."""

import math
import re
import unicodedata
from collections.abc import Callable

from collector.config.wording import kind_of, nearest, shown

Kind = Callable[[object], object]

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"([0-9]{1,15})(ms|s|m|h|d)")
_USUAL_SLIPS = (
    (r"[0-9]+", 'add its unit, as in "60s"'),
    (r"[0-9]+ *(msec|mil).*", 'write ms for milliseconds, as in "500ms"'),
    (r"[0-9]+ *sec.*", 'write s for seconds, as in "30s"'),
    (r"[0-9]+ *min.*", 'write m for minutes, as in "5m"'),
    (r"[0-9]+ *(hour|hr).*", 'write h for hours, as in "2h"'),
    (r"[0-9]+ *day.*", 'write d for days, as in "7d"'),
    (r"[0-9]+ *(w|week.*)", 'write it in days, as in "7d"'),
    (r"[0-9]+(MS|S|M|H|D)", 'write the unit in small letters, as in "5m"'),
    (r"([0-9]+ *(ms|s|m|h|d) *){2,}", 'write it in one unit, as in "90m"'),
    (r"[0-9]*\.[0-9]+ *(ms|s|m|h|d)", 'write it in a smaller unit, as in "90s"'),
)
_LONGEST = 36_500 * 86_400.0
_MOST_INTEGER = 2**62
_MOST_ID = 64


class Wrong(Exception):
    """A value cannot be used: `says` why, `fix` is the likely mend, `at` the place inside the value (`[2]`).

    `got` quotes the value or the part at fault. It stands apart, so that who knows where the value came from decides
    whether it is shown; `says` and `fix` never quote it.
    """

    def __init__(self, *, says: str, fix: str = "", got: str = "", at: str = "") -> None:
        super().__init__(says)
        self.says = says
        self.fix = fix
        self.got = got
        self.at = at


def text(value: object) -> str:
    """Any string."""
    if isinstance(value, str):
        return value
    raise Wrong(
        says=f"must be a string, not {kind_of(value)}", fix="put it in double quotes" if _is_number(value) else ""
    )


def label(value: object) -> str:
    """A string that names something: not blank, without control characters."""
    name = text(value)
    if not name.strip():
        raise Wrong(says="must not be empty")
    if any(unicodedata.category(c) == "Cc" for c in name):
        raise Wrong(says="must be without control characters", got=shown(name))
    return name


def workflow_id(value: object) -> str:
    """An id that stays one segment of an address, whatever the service's ids may look like."""
    name = text(value)
    if not 1 <= len(name) <= _MOST_ID:
        raise Wrong(
            says=f"must have 1 to {_MOST_ID} characters, not {len(name)}", fix="copy the id from the workflow list"
        )
    if name in {".", ".."} or any(c in "/?#%\\" or c.isspace() or unicodedata.category(c) == "Cc" for c in name):
        raise Wrong(
            says="must be one segment of an address, without / ? # % \\ and blanks",
            fix="copy the id from the workflow list",
            got=shown(name),
        )
    return name


def matching(pattern: str, says: str, *, empty: bool = False) -> Callable[[object], str | None]:
    """A string that matches the whole pattern; `empty` allows "" too, read as None."""
    compiled = re.compile(pattern)

    def read(value: object) -> str | None:
        given = text(value)
        if empty and not given:
            return None
        if not compiled.fullmatch(given):
            raise Wrong(says=says, got=shown(given))
        return given

    return read


def optional_text(value: object) -> str | None:
    """Any string; "" is read as None."""
    return text(value) or None


def one_of(*words: str, also: dict[str, str] | None = None) -> Callable[[object], str]:
    """One of these words; `also` maps other spellings to them."""
    spellings = {word: word for word in words} | (also or {})

    def read(value: object) -> str:
        given = text(value)
        if given not in spellings:
            near = nearest(given, spellings)
            says = f"must be one of {', '.join(shown(word) for word in words)}"
            raise Wrong(says=says, fix=f"did you mean {shown(near)}?" if near else "", got=shown(given))
        return spellings[given]

    return read


def duration(*, least: str = "0s", empty: bool = False) -> Kind:
    """Seconds from a whole number and one unit; `empty` allows "" too, read as None."""
    floor = _seconds(least)

    def read(value: object) -> float | None:
        if _is_number(value):
            raise Wrong(says=f"must be a string, not {kind_of(value)}", fix='write it with its unit, like "60s"')
        given = text(value)
        if empty and not given:
            return None
        seconds = _seconds(given)
        if seconds is None:
            mends = (mend for slip, mend in _USUAL_SLIPS if re.fullmatch(slip, given))
            fix = next(mends, "write it like 500ms, 10s, 5m, 1h or 2d")
            raise Wrong(says="must be a whole number and one unit", fix=fix, got=shown(given))
        if seconds < (floor or 0.0):
            raise Wrong(says=f"must be at least {least}", got=shown(given))
        if seconds > _LONGEST:
            raise Wrong(says="must be at most 36500d", got=shown(given))
        return seconds

    return read


def _seconds(given: str) -> float | None:
    found = _DURATION.fullmatch(given)
    return int(found[1]) * _UNITS[found[2]] if found else None


def boolean(value: object) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise Wrong(says=f"must be a boolean, not {kind_of(value)}", fix="write true or false, without quotes")


def integer(*, least: int, most: int = _MOST_INTEGER) -> Kind:
    """A whole number within these bounds, both included."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            fix = "write it without quotes" if isinstance(value, str) else ""
            raise Wrong(says=f"must be an integer, not {kind_of(value)}", fix=fix)
        if value < least:
            raise Wrong(says=f"must be at least {least}", got=shown(value))
        if value > most:
            raise Wrong(says=f"must be at most {most}", got=shown(value))
        return value

    return read


def positive(value: object) -> float:
    """A finite number above 0, whole or not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        fix = "write it without quotes" if isinstance(value, str) else ""
        raise Wrong(says=f"must be a number, not {kind_of(value)}", fix=fix)
    if isinstance(value, int) and abs(value) > _MOST_INTEGER:
        raise Wrong(says="must be a number of a sensible size", got=shown(value))
    if not (math.isfinite(value) and value > 0):
        raise Wrong(says="must be a finite number above 0", got=shown(value))
    return float(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
