"""How far apart requests are: by the configured rate, and by a limit that a gateway has named. Pure.

Times are seconds on the monotonic clock.
"""

from dataclasses import dataclass

MARGIN = 0.05
"""Seconds by which one request may take longer on its way than another without both arriving in one window."""
SHARE = 0.5
"""The part of a limit that is ours: others of the same user and account share it."""
HELD = 300.0
"""Seconds for which a limit that was named is kept to."""
STEP = 60.0
"""Seconds after which the rate doubles once a limit is no longer kept to."""
SECOND = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """So many requests in so many seconds, as a gateway names them."""

    requests: int
    seconds: float


def spacing(rate: float) -> float:
    """Seconds between requests, so that at most max(1, floor(rate)) of them arrive in any one second.

    Below one a second it is what the rate says; in between, a fraction of a request cannot be made.
    """
    if rate < 1:
        return 1 / rate + MARGIN
    return (SECOND + MARGIN) / int(rate)


class Gate:
    """One gateway as one credential sees it: the rest it asked for, and the limit it named.

    `rate`: the configured one, which nothing raises.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._adopted = rate
        self._told = float("-inf")
        self._rested = float("-inf")
        self._ready = float("-inf")

    def rest(self, until: float) -> None:
        """Be left alone until then, or for longer where that was asked before."""
        self._rested = max(self._rested, until)

    def left(self, now: float) -> float:
        """Seconds of rest that are left, none where not above 0."""
        return self._rested - now

    def name(self, limit: Limit, now: float) -> None:
        """Keep to our share of a limit for a while, from now on, and then come back step by step."""
        share = SHARE * limit.requests / limit.seconds
        before = self.rate(now)
        self._adopted, self._told = min(share, before) if before < self._rate else min(share, self._rate), now

    def rate(self, now: float) -> float:
        """Requests a second that are allowed now."""
        over = now - self._told - HELD
        steps = int(min(over, 64 * STEP) // STEP) + 1 if over >= 0 else 0
        return min(self._rate, self._adopted * 2.0**steps)

    def used(self, now: float) -> None:
        """A request goes out."""
        rate = self.rate(now)
        # The configured rate is kept to by all gateways together, and not here.
        self._ready = now + spacing(rate) if rate < self._rate else float("-inf")

    @property
    def ready(self) -> float:
        """The time from which the next request may go out."""
        return self._ready
