"""What an answer that is no success means: the service's own code and words, and the decision that its status carries.

Pure.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from collector.errors import Reason, Refused, SourceError, Unavailable, Unreadable

LONGEST_SAYING = 200
LONGEST_WAIT = 3600.0
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


def error(body: bytes) -> tuple[str | None, str]:
    """The service's code and message, from any shape an error has; None and "" where there is neither."""
    try:
        found = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None, ""
    if isinstance(found, dict) and isinstance(found.get("error"), dict):
        found = found["error"]
    if not isinstance(found, dict):
        return None, ""
    code = _first(found, "error_code", "errorCode", "code")
    message = _first(found, "error_msg", "error_message", "errorMessage", "message")
    return "".join(code.split())[:64] or None, message[:LONGEST_SAYING]


def _first(found: Mapping[str, object], *keys: str) -> str:
    for key in keys:
        value = found.get(key)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return _CONTROL.sub(" ", str(value)).strip()
    return ""


def verdict(status: int, says: str, *, retry_after: float | None = None) -> SourceError:
    """The error that a status other than 200 stands for."""
    for reason, codes in ((Reason.AUTH, (401,)), (Reason.FORBIDDEN, (403,)), (Reason.NOT_FOUND, (404,))):
        if status in codes:
            return Refused(says, reason=reason)
    if status == 429:  # noqa: PLR2004  too many requests
        return Unavailable(says, reason=Reason.THROTTLED, retry_after=retry_after)
    if status == 408 or status >= 500:  # noqa: PLR2004  a time-out of theirs, or their fault
        return Unavailable(says, reason=Reason.SERVER, retry_after=retry_after)
    return Unreadable(says, reason=Reason.ANSWER)


def retry_after(value: str | None, now: int) -> float | None:
    """Seconds to wait, from a Retry-After header in seconds or as a date; `now` in ms.

    None where it says nothing usable.
    """
    if not value:
        return None
    try:
        seconds = float(value) if value.strip().isdigit() else _until(value, now)
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


def date(value: str | None) -> int | None:
    """A Date header in ms, None where there is none or it cannot be read."""
    try:
        moment = parsedate_to_datetime(value) if value else None
    except (ValueError, OverflowError):
        return None
    if moment is None:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _until(value: str, now: int) -> float:
    moment = date(value)
    if moment is None:
        raise ValueError
    return (moment - now) / 1000
