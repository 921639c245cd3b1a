"""A clock that passes only while it is let, and never far beyond what has been asked for."""

import time
from collections.abc import Callable


class Clock:
    """The simulated service's time, in ms; it begins at the present and stands still until it is let go.

    `limit`: how far it may come by now. So nothing comes and goes unseen because a busy machine took long to start a
    process or to answer, which no collector could help.
    """

    def __init__(self, limit: Callable[[], int]) -> None:
        self._now = round(time.time() * 1000)
        self._limit = limit
        self._since: float | None = None

    def __call__(self) -> int:
        """The time it is."""
        if self._since is not None:
            now = time.monotonic()
            self.skip(round((now - self._since) * 1000))
            self._since = now
        return self._now

    def go(self) -> None:
        """Let time pass."""
        self._since = time.monotonic() if self._since is None else self._since

    def stand(self) -> None:
        """Let time stand still."""
        self()
        self._since = None

    def skip(self, ms: int) -> None:
        """Let so many milliseconds be gone, or as many as may be."""
        self._now = max(self._now, min(self._now + ms, self._limit()))
