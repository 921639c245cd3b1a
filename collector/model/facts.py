"""The facts that stages report: the only way from them to logs, to the page, and to our own metrics. Pure.

Times are integer milliseconds since the epoch, UTC; absent is `None`. Durations are seconds.
"""

from dataclasses import dataclass

from collector.model.nouns import Key, Status, Targets


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """One request outwards ended; `code` is the HTTP status or `error`, `seconds` its duration.

    `workflow_id`: the workflow whose history was asked for, "" for anything else.
    """

    project: str
    operation: str
    code: str
    seconds: float
    error_code: str | None = None
    skew: float | None = None
    workflow_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """One execution (`node` is None) or node run that ended and was counted.

    `nth`: which of its endings it is, from 1 on. `run`: a node run's id, where its record tells it.
    """

    execution: str
    node: str | None
    status: Status
    begin: int | None
    end: int | None
    held: bool
    first_sight: bool
    nth: int = 1
    run: str | None = None
    targets: Targets | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """One look at a workflow is over. `outcome`: changed, unchanged or failed; durations in seconds.

    `executions` and `flaws`: how many the answer held, or the part of it that is new.
    """

    key: Key
    name: str
    outcome: str
    at: int
    seconds: float
    lateness: float = 0.0
    executions: int = 0
    flaws: int = 0
    ended: tuple[Ended, ...] = ()
    gap: bool = False
    words: tuple[str, ...] = ()
    rejected: dict[str, int] | None = None
    invalid: dict[str, int] | None = None
    reason: str | None = None
    says: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A group of rows went to the store (`ok`), or did not (`conflict`, `failed`); duration in seconds."""

    outcome: str
    at: int
    rows: int
    seconds: float
    says: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A workflow's row was committed, and then shown; `cause`: look, release, list, fit or leave.

    `seconds` is how long it waited for the commit; `held_until` (ms): when what it holds is shown.
    """

    key: Key
    name: str
    cause: str
    seconds: float
    held_until: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """A workflow's turn is over; the next is at `until` (ms), None: it is watched no more."""

    key: Key
    name: str
    until: int | None


@dataclass(frozen=True, slots=True)
class Scraped:
    """A scrape has carried the page to its reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """A project signs in with something new; `expires_at` (ms) where that is known."""

    project: str
    expires_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A pass over a project's workflow list ended; where it is not `ok`, `says` tells what is wrong with it.

    `came` and `went`: workflows that are watched from now on, and those that are so no more.
    """

    project: str
    at: int
    ok: bool
    workflows: int = 0
    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()
    says: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """The `config` or `web_config` was read at `at` (ms); where it is not `ok` the one before still holds."""

    at: int
    ok: bool
    says: str | None = None
    what: str = "config"


Fact = Requested | Polled | Committed | Published | Turned | Scraped | Renewed | Listed | Reloaded
