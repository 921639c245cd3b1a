"""Keys that a machine is lent for a while, as its metadata service hands them out. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from collector.aom import times
from collector.aom.signing import Keys
from collector.config import is_one_line
from collector.errors import Reason, Unreadable

AHEAD = 600.0
"""Seconds before their end at which keys are renewed at the earliest: until then the same ones would be lent again."""
SHARE = 0.2
"""The part of their life that is left when short-lived keys are renewed at the earliest."""
SPREAD = 0.2
"""The part of that time by which chance delays a renewal, so that many machines do not ask at once."""
UNTOLD = 600.0
"""Seconds after which keys that do not say when they expire are renewed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """Keys for a while; `expires_at` in ms and `life` in seconds from now on, None where they are not told."""

    keys: Keys
    expires_at: int | None
    life: float | None

    def renewed_after(self, chance: float) -> float:
        """Seconds after which they are to be renewed; `chance` is from 0 to 1."""
        if self.life is None:
            return UNTOLD * (1 - SPREAD * chance)
        return self.life - min(AHEAD, SHARE * self.life) * (1 - SPREAD * chance)


def read(found: Mapping[str, object], *, now: int) -> Lent:
    """The keys of an answer, in any of the shapes it comes in; `now` in ms. Raises `Unreadable`, quoting nothing."""
    inner = next((each for each in map(found.get, ("credential", "credentials")) if isinstance(each, dict)), found)
    access_key = _word(inner, "access", "accessKeyId", "access_key_id")
    secret_key = _word(inner, "secret", "secretAccessKey", "secret_access_key")
    if not access_key or not secret_key:
        says = "its answer lacks an access key, or the secret of one"
        raise Unreadable(says, reason=Reason.ANSWER)
    security_token = _word(inner, "securitytoken", "securityToken", "security_token") or None
    told = next((inner[name] for name in ("expires_at", "expiration") if inner.get(name)), None)
    moment = times.read(told, latest=now + times.DAY_MS)
    expires_at = moment if isinstance(moment, int) else None
    if expires_at is not None and expires_at <= now:
        says = "the keys it lends have expired already"
        raise Unreadable(says, reason=Reason.ANSWER)
    return Lent(
        keys=Keys(access_key, secret_key, security_token),
        expires_at=expires_at,
        life=None if expires_at is None else (expires_at - now) / 1000,
    )


def _word(found: Mapping[str, object], *names: str) -> str:
    """The first that is there and can travel in a header."""
    words = (found.get(name) for name in names)
    return next((word for word in words if isinstance(word, str) and word and is_one_line(word)), "")
