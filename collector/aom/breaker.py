"""What a whole project suffers from is asked about seldom, by one probe; every other look fails at once meanwhile.

Pure but for the chance that is handed in. Times are seconds on the monotonic clock.
"""

import random
from collections.abc import Callable
from typing import Self

from collector.aom.refusal import NotOffered
from collector.config import Project
from collector.errors import Reason, Refused, SourceError, Unavailable

IN_A_ROW = 5
"""Failures after which a project is left alone: more than one look makes."""
COOL = 15.0
LONGEST = 300.0
SELDOM = 3600.0
"""Where the interface is not offered: it may be, one day."""
JITTER = 0.2
ALL = frozenset({Reason.NETWORK, Reason.TIMEOUT, Reason.SERVER})
"""Failures that have nothing to do with what was asked for."""


class Tripped(Refused):
    """Nothing was asked: the whole project fails, in the words of its last failure."""


def concerns_all(error: SourceError) -> bool:
    """Whether an error concerns the whole project, and not what was asked for."""
    return isinstance(error, NotOffered) or (isinstance(error, Unavailable | Refused) and error.reason in ALL)


class Breaker:
    """One project's. Open, it lets one request through per cool-down; the first good one closes it.

    `slowest`: the longest interval of its workflows; never is it blind for longer than that. `watched`: how many
    workflows there are, 0 where that is not known: one alone cannot open it, unless there is no other, or the
    interface is not offered, which concerns all. `chance`: from 0 to below 1.
    """

    def __init__(self, *, slowest: float, watched: int, chance: Callable[[], float]) -> None:
        self._longest = min(LONGEST, slowest)
        self._enough = min(2, watched or 2)
        self._chance = chance
        self._row = 0
        self._absent = 0
        self._failing: set[str] = set()
        self._last: SourceError | None = None
        self._openings = 0
        self._until = 0.0
        self._probing = False
        self._probed = ""

    @classmethod
    def of(cls, project: Project) -> Self:
        """The breaker of a project, closed."""
        slowest = max((workflow.interval for workflow in project.workflows), default=project.interval)
        watched = 0 if project.discover else len(project.workflows)
        return cls(slowest=slowest, watched=watched, chance=random.Random().random)  # noqa: S311  jitter, not a secret

    def meet(self, what: str, now: float) -> bool:
        """Whether a request for a workflow ("": the list) is the probe. Raises `Tripped` where it may not be made."""
        last = self._last
        if not self._openings or last is None:
            return False
        # One workflow that fails on its own must not keep the others in the dark: another one probes next.
        mine = what == self._probed and len(self._failing) > 1
        due = self._until + (self._longest if mine else 0.0)
        if not what or self._probing or now < due:
            raise Tripped(str(last), reason=last.reason, status=last.status)
        self._probing = True
        return True

    def probed(self) -> None:
        """The probe is over, whatever it found."""
        self._probing = False

    def stood(self) -> None:
        """The service answered."""
        self._row, self._absent, self._openings, self._probed, self._last = 0, 0, 0, "", None
        self._failing.clear()

    def fell(self, what: str, error: SourceError, now: float, *, probe: bool = False) -> None:
        """A request for a workflow failed in a way that concerns all; `probe`: it was the probe."""
        self._last = error
        self._row += 1
        self._failing.add(what)
        absent = isinstance(error, NotOffered)
        self._absent = self._absent + 1 if absent else 0
        sick = absent or (self._row >= IN_A_ROW and len(self._failing) >= self._enough)
        if probe:
            self._probed = what
        if probe or (not self._openings and sick):
            # One answer may have been a slip of the gateway's; from the second on it is believed.
            gone = self._absent > 1
            seconds = SELDOM if gone else min(COOL * 2.0 ** min(self._openings, 16), self._longest)
            self._until = now + seconds * (1 + JITTER * (2 * self._chance() - 1))
            self._openings += 1
