"""What the service and the way to it do wrong: which kinds there are, and which of them strike a request.

Whether a kind strikes is a pure function of the seed, the kind, the workflow and the number of the request, so that a
run can be repeated. What the kinds do is told in `glitches` (good answers that show the truth badly) and in `failures`
(answers that are none, and ways that break).
"""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b


class Kind(StrEnum):
    """Every kind of trouble there is."""

    # A good answer that shows the truth badly, and comes right later.
    EMPTY = "empty"
    SHORTENED = "shortened"
    SHUFFLED = "shuffled"
    DUPLICATED = "duplicated"
    LAGGING = "lagging"
    LATE = "late"
    ROTATED = "rotated"
    TIMES = "times"
    GARBAGE = "garbage"
    NESTED = "nested"
    WRAPPED = "wrapped"
    # No good answer, or none that arrives as it should.
    UNAUTHORIZED = "unauthorized"
    THROTTLED = "throttled"
    SERVER_ERROR = "server_error"
    BAD_GATEWAY = "bad_gateway"
    LOGIN_PAGE = "login_page"
    ERROR_OBJECT = "error_object"
    CUT_JSON = "cut_json"
    CUT_GZIP = "cut_gzip"
    LOST = "lost"
    TORN = "torn"
    TRICKLING = "trickling"
    HUGE = "huge"
    SLOW = "slow"
    # A token that dies long before the time it was promised.
    EARLY_EXPIRY = "early_expiry"


KINDS = tuple(Kind)
GLITCHES = KINDS[: KINDS.index(Kind.UNAUTHORIZED)]
FAILURES = KINDS[KINDS.index(Kind.UNAUTHORIZED) : KINDS.index(Kind.EARLY_EXPIRY)]
# The way breaks, the answer does not: what is sent in these is the answer, glitches and all.
WAY = (Kind.CUT_GZIP, Kind.LOST, Kind.TORN, Kind.TRICKLING, Kind.HUGE, Kind.SLOW)
# What the list of workflows and the sign-in call themselves where a workflow's id is asked for.
LISTING = "workflow-list"
TOKENS = "tokens"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One request, and all that strikes it.

    `number` counts the requests for its place from 0. `failure`: the one among `kinds`, as a request meets one at most.
    """

    seed: int
    place: str
    number: int
    kinds: frozenset[Kind]
    failure: Kind | None

    def chance(self, kind: Kind) -> random.Random:
        """The chance that decides how a kind strikes this request."""
        return random.Random(f"{self.seed}:{kind}:{self.place}:{self.number}")  # noqa: S311  a story, not a secret


@dataclass(slots=True, kw_only=True, eq=False)
class Trouble:
    """Everything that goes wrong, each kind at its own rate (0 to 1; an absent one never).

    `relief`: of so many requests in a row for one workflow, one meets nothing but `late`; 0: none is spared.
    `lag`: an answer lags by up to so many ms of the service's time. `lateness`: an execution appears up to so many ms
    after it ended; one that reopens is never late, as its first ending would be shown by no answer at all. `rotation`:
    a history stays rotated for so many requests, and shows 1 to `newest` executions then. `slow`: seconds that a slow
    answer takes; `pause`: seconds between the bytes of a trickling one. `huge`: bytes of a huge one. `limit`: the
    one that a 429 names. `retry_after`: seconds. `early`: the part of its promised life that a token lives which
    expires early.

    So that a reader who counts rightly can reach the truth, choose `relief` so that `relief` looks fit into the
    shortest time for which an ending is shown (at pace 1 five seconds: a failed run that is restarted), and the world's
    `kept` so that what begins within `relief` looks, plus `lag` and `lateness`, is fewer. What ended before
    the reader's first good answer is past to it. Durations are true to the second only.

    `occurred`: how many requests each kind has changed anything for, by name.
    Raises `ValueError` for kinds that do not exist, and for rates that are none.
    """

    seed: int
    rates: Mapping[Kind, float]
    relief: int = 4
    lag: int = 5_000
    lateness: int = 10_000
    rotation: int = 3
    newest: int = 3
    slow: float = 0.5
    pause: float = 0.02
    huge: int = 64 * 1024 * 1024
    limit: str = "limit:100,time:1 minute"
    retry_after: int = 1
    early: float = 0.05
    occurred: Counter[str] = field(default_factory=Counter, init=False)
    _asked: Counter[str] = field(default_factory=Counter, init=False)
    _calm: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def __post_init__(self) -> None:
        unknown = sorted(set(self.rates) - set(KINDS))
        if unknown:
            msg = f"no kinds of trouble: {', '.join(unknown)}"
            raise ValueError(msg)
        if not all(0 <= rate <= 1 for rate in self.rates.values()):
            msg = "a rate is a number from 0 to 1"
            raise ValueError(msg)

    def calm(self) -> None:
        """End all trouble: what waits goes on at once, what is late appears. Tokens issued before die when they die."""
        self._calm.set()

    @property
    def over(self) -> bool:
        """Whether it was calmed."""
        return self._calm.is_set()

    async def wait(self, seconds: float) -> None:
        """Let so many seconds pass, or fewer where all trouble ends before."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._calm.wait(), seconds)

    def turn(self, place: str) -> Turn:
        """The next request for a workflow (or for `LISTING`, `TOKENS`), and what strikes it."""
        number = self._asked[place]
        self._asked[place] += 1
        struck = () if self.over else tuple(kind for kind in KINDS if self.strikes(kind, place, number))
        failure = next((kind for kind in FAILURES if kind in struck), None)
        # Where no answer is sent, nothing in it can glitch.
        sent = GLITCHES if failure is None or failure in WAY or failure is Kind.CUT_JSON else ()
        kinds = frozenset(kind for kind in struck if kind in {failure, Kind.EARLY_EXPIRY, *sent})
        return Turn(seed=self.seed, place=place, number=number, kinds=kinds, failure=failure)

    def life(self, promised: int) -> int:
        """How long the next token really lives, of the life it is promised (both ms)."""
        if Kind.EARLY_EXPIRY not in self.turn(TOKENS).kinds:
            return promised
        self.occurred[Kind.EARLY_EXPIRY] += 1
        return round(promised * self.early)

    def strikes(self, kind: Kind, place: str, number: int) -> bool:
        """Whether a kind strikes a request by its number, calm or not: always the same for the same four."""
        if kind is Kind.LATE:
            return self.rates.get(kind, 0) > 0  # it strikes executions, whatever the request
        if self.relieved(place, number):
            return False
        if kind is Kind.ROTATED:
            number //= max(self.rotation, 1)
        return share(self.seed, kind, place, number) < self.rates.get(kind, 0)

    def relieved(self, place: str, number: int) -> bool:
        """Whether a request is one of those that are spared; each workflow has its own turn."""
        offset = int(share(self.seed, "relief", place) * self.relief)
        return self.relief > 0 and (number + offset) % self.relief == 0

    def delay(self, execution_id: str) -> int:
        """For how many ms after its end an execution that may be late stays hidden; 0 for one that is on time."""
        late = share(self.seed, Kind.LATE, execution_id) < self.rates.get(Kind.LATE, 0)
        return round(share(self.seed, "delay", execution_id) * self.lateness) if late else 0


def share(*name: object) -> float:
    """A number from 0 to below 1 that a name always has."""
    digest = blake2b("\x00".join(map(str, name)).encode(), digest_size=6).digest()
    return int.from_bytes(digest) / 2**48


def mild(seed: int) -> Trouble:
    """Now and then something: about every fifth answer is touched, one in fifty fails."""
    return Trouble(seed=seed, rates=dict.fromkeys(GLITCHES, 0.03) | dict.fromkeys(FAILURES, 0.002))


def hostile(seed: int) -> Trouble:
    """Hardly an answer that is whole: most are touched, about every fourth fails, and tokens die early."""
    rates = dict.fromkeys(GLITCHES, 0.2) | dict.fromkeys(FAILURES, 0.03)
    return Trouble(seed=seed, rates=rates | {Kind.EARLY_EXPIRY: 0.5})
