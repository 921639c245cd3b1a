"""What a visit to the service found: for the table that people read, and, field by field, for machines. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a check ended; `skipped`: it was not reached, because of one before it."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of a project: resolve, connect, sign, clock, list or rate. `next`: the step to take, "" for none."""

    name: str
    outcome: Outcome
    says: str
    next: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One workflow, and its history as it is now.

    `executions`: how many it shows. `oldest_begin`: the begin of the oldest, ISO 8601 in UTC. `times`: the forms in
    which its times came. `series` and `series_at_most`: samples on the page, now and once every status has occurred.
    All of these are null where its history could not be read.
    """

    id: str
    name: str
    outcome: Outcome
    says: str
    next: str = ""
    executions: int | None = None
    oldest_begin: str | None = None
    times: tuple[str, ...] = ()
    series: int | None = None
    series_at_most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFindings:
    """One project. `listed`: workflows that its list has, null where it cannot be had.

    `requests_per_minute`: what its intervals cost. `budget_per_minute`: what its credential may ask for, together with
    the projects that `shared_with` names.
    """

    name: str
    region: str
    endpoint: str
    signs_in_with: str
    checks: tuple[Check, ...]
    workflows: tuple[Seen, ...]
    listed: int | None
    requests_per_minute: float
    budget_per_minute: float
    shared_with: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The whole visit. `ok`: nothing failed. `series_max`: what `collector.series.max` allows.

    `warnings`: what `check` says of the file. Series count the workflows that could be read.
    """

    version: str
    ok: bool
    warnings: tuple[str, ...]
    series: int
    series_at_most: int
    series_max: int
    projects: tuple[ProjectFindings, ...]


def many(number: int, noun: str) -> str:
    """So many of something, in words."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
