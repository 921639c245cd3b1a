"""What an answer that is no success means: the service's own code and words, and the decision that its status carries.

Pure.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

from collector.aom.scrub import Scrub
from collector.aom.throttle import Limit
from collector.errors import Reason, Refused, SourceError, Unavailable, Unreadable

LONGEST_SAYING = 200
LONGEST_READ = 4096
"""Characters of a text in which secrets are looked for; it is cut to far fewer afterwards."""
LONGEST_WAIT = 3600.0
THROTTLED_WAIT = 2.0
"""Seconds to leave the service alone where it is too busy and does not say for how long."""
SKEWED = 60.0
"""Seconds by which clocks may differ without anybody being told."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_ADVICE = {
    "0101": "this region or endpoint does not offer the interface; check region and endpoint",
    "0103": "this region or endpoint does not offer the interface; check region and endpoint",
    "0301": "check the access key and its secret, or the token",
    "0307": "the token is of another region, or no longer valid; check region and endpoint",
    "0308": "lower max_requests_per_second",
}
"""What an operator can do, by the number of the gateway's code."""
_NOT_OFFERED = frozenset({"0101", "0103"})
LIMIT = re.compile(r"limit\s*:\s*(\d{1,9})\s*,\s*time\s*:\s*(\d{1,9})\s*(second|minute)", re.IGNORECASE)
_SECONDS = {"second": 1, "minute": 60}
LONGEST_LIMIT = 86_400
"""Seconds: whoever names a limit for longer than a day does not mean it."""


class NotOffered(Refused):
    """The gateway knows of no such interface: not in this region, or not at this endpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that is no success, from whatever shape it came in; absent is None or ""."""

    status: int
    code: str | None = None
    message: str = ""
    request_id: str = ""
    location: str = ""
    retry_after: str | None = None

    def verdict(self, *, now: int, skew: float | None = None) -> SourceError:
        """The error it stands for; `now` in ms, `skew` is the service's clock minus ours in seconds."""
        says, status = self._says(skew), self.status
        if status == 404 and self._number in _NOT_OFFERED:  # noqa: PLR2004  not found
            return NotOffered(says, reason=Reason.NOT_FOUND, status=status)
        for reason, number in ((Reason.AUTH, 401), (Reason.FORBIDDEN, 403), (Reason.NOT_FOUND, 404)):
            if status == number:
                return Refused(says, reason=reason, status=status)
        if status == 429:  # noqa: PLR2004  too many requests
            asked = wait(self.retry_after, now)
            rest = THROTTLED_WAIT if asked is None else asked
            return Unavailable(says, reason=Reason.THROTTLED, retry_after=rest, status=status)
        if status == 408 or status >= 500:  # noqa: PLR2004  a time-out of theirs, or their fault
            return Unavailable(says, reason=Reason.SERVER, retry_after=wait(self.retry_after, now), status=status)
        return Unreadable(says, reason=Reason.ANSWER, status=status)

    @property
    def _number(self) -> str:
        return (self.code or "").removeprefix("APIGW.").removeprefix("APIG.")

    def _says(self, skew: float | None) -> str:
        where = f", a redirect{self.location and f' to {self.location}'}, and none is followed"
        own = " ".join(part for part in (self.code, self.message) if part)
        said = f"it answered {self.status}{where if 300 <= self.status < 400 else ''}"  # noqa: PLR2004  redirects
        hint = _ADVICE.get(self._number, "")
        if self.status == 401 and skew is not None and (wrong := clock(skew)):  # noqa: PLR2004  not signed in
            hint = f"{wrong}; set it"
        trace = f" (request {self.request_id})" if self.request_id else ""
        return said + (f": {own}" if own else "") + trace + (f"; {hint}" if hint else "")


def read(status: int, headers: Mapping[str, str], body: bytes, *, scrub: Scrub) -> Refusal:
    """An answer that is no success, from any shape that an error of the service, its gateway or IAM has.

    `scrub` takes out of it what it was asked with, before anything is cut.
    """

    def first(found: Mapping[str, object], *keys: str) -> str:
        return scrub(_first(found, *keys)[:LONGEST_READ])

    try:
        found = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        found = None
    outer = found if isinstance(found, dict) else {}
    inner = outer["error"] if isinstance(outer.get("error"), dict) else outer
    code = first(inner, "error_code", "errorCode", "code")
    trace = first(headers, "X-Request-Id", "X-IAM-Trace-Id") or first(outer, "request_id", "trace_id")
    return Refusal(
        status=status,
        code="".join(code.split())[:64] or None,
        message=first(inner, "error_msg", "error_message", "errorMessage", "message")[:LONGEST_SAYING],
        request_id=trace[:64],
        location=_host(scrub(headers.get("Location", ""))),
        retry_after=headers.get("Retry-After"),
    )


def _first(found: Mapping[str, object], *keys: str) -> str:
    for key in keys:
        value = found.get(key)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return _CONTROL.sub(" ", str(value)).strip()
    return ""


def _host(location: str) -> str:
    """The host of an address; what else is in it may be a secret."""
    found = re.match(r"https?://(?:[^/?#@]*@)?([A-Za-z0-9.:\[\]-]{1,100})(?=[/?#]|$)", location, re.IGNORECASE)
    return found[1] if found else ""


def clock(skew: float) -> str:
    """What is wrong with this machine's clock, "" for nothing; `skew` is the service's minus ours in seconds."""
    if abs(skew) <= SKEWED:
        return ""
    return f"this machine's clock is {abs(skew) / 60:.0f} min {'behind' if skew > 0 else 'ahead of'} the service's"


def wait(value: str | None, now: int) -> float | None:
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


def limit(says: str) -> Limit | None:
    """The limit that a gateway names in a sentence, None where it names none that can be meant."""
    found = LIMIT.search(says)
    if found is None:
        return None
    requests, seconds = int(found[1]), int(found[2]) * _SECONDS[found[3].lower()]
    if not requests or not 0 < seconds <= LONGEST_LIMIT:
        return None
    return Limit(requests=requests, seconds=float(seconds))


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
