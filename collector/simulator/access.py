"""Who may ask: the tokens that are good, and the access keys with what became of their signatures. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping

from collector.simulator import refusal
from collector.simulator.signatures import Arrived, Key, claimed, fault

TOLERATED_FAILURES = 5
LOCK_MS = 5 * 60_000


class Access:
    """What the gateway and IAM know. Every `now` is the service's time in ms.

    `foreign_tokens`: tokens of another region. `signature_failures`: by access key, as the requests named it, in all.
    """

    def __init__(self, *, token: str, keys: Mapping[str, Key], foreign_tokens: Iterable[str]) -> None:
        self.foreign_tokens = set(foreign_tokens)
        self.signature_failures: Counter[str] = Counter()
        self._token = token
        self._keys = keys
        self._expiries: dict[str, int] = {}
        self._streaks: Counter[str] = Counter()
        self._locks: dict[str, int] = {}

    def issue(self, now: int, *, length: int, life: int) -> str:
        """A new token of that many characters, good for so many ms; the others stay as they are."""
        token = f"MIIsynthetic{len(self._expiries)}".ljust(length, "A")
        self._expiries[token] = now + life
        return token

    def expire(self, now: int) -> None:
        """Let every token that was issued die."""
        self._expiries = {token: min(expiry, now) for token, expiry in self._expiries.items()}

    def locked(self, access_key: str, now: int) -> bool:
        """Whether too many failures closed a key for now."""
        return now < self._locks.get(access_key, now)

    def admit_token(self, token: str, now: int) -> None:
        """Raises `Refusal` where the token opens nothing here."""
        if token in self.foreign_tokens:
            raise refusal.gateway(401, "APIGW.0307", "The token must be updated: it is of another region.")
        if token and token == self._token:
            return
        if self._expiries.get(token, now) <= now:
            raise refusal.bad_token()

    def admit_signed(self, arrived: Arrived, now: int, *, project_id: str) -> None:
        """Raises `Refusal` where the signature does not hold, or its key is locked; writes down which it was.

        `project_id`: the project of the path, "" where it has none.
        """
        claim = claimed(arrived)
        if claim is None:
            why = "the Authorization header is malformed"
        elif key := self._keys.get(claim.access_key):
            wrong = fault(arrived, claim, key, project_id=project_id, now=now)
            why = self._written_down(claim.access_key, wrong, now)
        else:
            self.signature_failures[claim.access_key] += 1
            why = f"Get secretKey failed,ak:{claim.access_key},err:ak not exist"
        if why:
            raise refusal.bad_signature(why)

    def _written_down(self, access_key: str, wrong: str, now: int) -> str:
        """Count what became of a signature; what the gateway says to it: while a key is locked, always the same."""
        if wrong:
            self.signature_failures[access_key] += 1
        if self.locked(access_key, now):
            return "AK access failed to reach the limit,forbidden."
        self._streaks[access_key] = self._streaks[access_key] + 1 if wrong else 0
        if self._streaks[access_key] > TOLERATED_FAILURES:
            self._locks[access_key] = now + LOCK_MS
            self._streaks[access_key] = 0
        return wrong
