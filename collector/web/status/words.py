"""Times, spans and names as people read them. Pure.

Times are integer milliseconds since the epoch, UTC; spans are seconds.
"""

import math
from datetime import UTC, datetime, timedelta
from hashlib import blake2s

from collector.model import ACTIVE, FAILED, Status
from collector.web.facts import Health

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 253_402_300_799_999
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
# What steers a terminal or turns the direction of a text is written out; a lone surrogate cannot be written at all.
_STEERING = (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SHOWN = {code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" for code in _STEERING} | dict.fromkeys(  # noqa: PLR2004
    range(0xD800, 0xE000), "\ufffd"
)

HEALTH = {
    Health.UNSEEN: ("?", "not seen"),
    Health.FAILED: ("✕", "failed"),
    Health.ACTIVE: ("▸", "running"),
    Health.FINE: ("✓", "fine"),
    Health.NEW: ("○", "new"),
}
"""The sign and the word for each health."""

_STATUS: dict[str, tuple[str, str]] = (
    {word.value: ("▸", "running") for word in ACTIVE}
    | {word.value: ("✕", "failed") for word in FAILED}
    | {word.value: ("-", "quiet") for word in (Status.CANCEL, Status.NOT_PERFORMED)}
    | {Status.SUCCESS.value: ("✓", "fine")}
)


def shown(text: str) -> str:
    """A text from outside as it can be shown: controls written out, a lone surrogate as U+FFFD."""
    return text if text.isprintable() else text.translate(_SHOWN)


def clean(text: str) -> str:
    """The text as it can be written in UTF-8: a lone surrogate becomes U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def mark(text: str) -> str:
    """A short name for a text, good for an element's id."""
    return blake2s(clean(text).encode(), digest_size=6).hexdigest()


def rfc3339(at: int) -> str | None:
    """A time with its milliseconds, for machines; None past the year 9999."""
    if not 0 <= at <= _LATEST:
        return None
    return f"{_EPOCH + timedelta(milliseconds=at):%Y-%m-%dT%H:%M:%S}.{at % 1000:03}Z"


def utc(at: int) -> str:
    """A time to the second."""
    return f"{_EPOCH + timedelta(milliseconds=at):%Y-%m-%d %H:%M:%S} UTC" if 0 <= at <= _LATEST else "at no known time"


def ago(at: int, now: int) -> str:
    """How far a time is away: "3 min ago", "in 20 s"."""
    seconds = abs(now - at) / 1000
    if seconds < 1:
        return "just now" if at <= now else "now"
    return f"{_rough(seconds)} ago" if at < now else f"in {_rough(seconds)}"


def _rough(seconds: float) -> str:
    size, unit = next((each for each in _UNITS if seconds >= 2 * each[0]), _UNITS[-1])
    return f"{int(seconds // size)} {unit}"


def span(seconds: float) -> str:
    """How long something took, in at most two units: "2 min 5 s"."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)} ms"
    rest = round(seconds, 1) if seconds < 10 else round(seconds)  # noqa: PLR2004  a tenth counts only in little
    first = next(place for place, (size, _) in enumerate(_UNITS) if rest >= size)
    if first == len(_UNITS) - 1:
        return f"{rest:g} s"
    (size, unit), (small, small_unit) = _UNITS[first : first + 2]
    much, little = int(rest // size), int(rest % size // small)
    return f"{much} {unit} {little} {small_unit}" if little else f"{much} {unit}"


def took(begin: int | None, end: int | None) -> float | None:
    """Seconds between two times, None where they do not tell."""
    return None if begin is None or end is None or end < begin else (end - begin) / 1000


def status_sign(status: str) -> tuple[str, str]:
    """The sign for a status word, and what it means: `fine`, `failed`, `running` or `quiet`."""
    return _STATUS.get(status, ("?", "quiet"))


def counted(number: int, noun: str) -> str:
    """A number of things: "1 workflow", "12,000 workflows"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
