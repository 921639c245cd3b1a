"""What a configuration means for the rooms together: the rules of counting, the budgets, and what they refuse."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from collector.aom import Budget
from collector.clock import Clock
from collector.config import STANDARD, Settings
from collector.errors import ConfigError, Fault
from collector.exposition import FAMILIES
from collector.ledger import Rules
from collector.model import Key
from collector.store import Row
from collector.web import read_toolkit

BESIDE_THE_STATE = ("", "-wal", "-shm", "-journal", ".sock")
"""What is added to the state's path for the files that belong to it."""


def check(settings: Settings) -> None:
    """Refuse what only the rooms together can tell is wrong. Raises `ConfigError`."""
    if settings.web_config:
        read_toolkit(settings.web_config)
    _check_event_log(settings)
    unknown = sorted(settings.disable - FAMILIES)
    if unknown:
        near = get_close_matches(unknown[0], FAMILIES, 1)
        fix = f"did you mean {near[0]}?" if near else "the reference of metrics lists them"
        raise ConfigError((Fault(path="collector.series.disable", says=f"{unknown[0]} is no family", fix=fix),))


def _check_event_log(settings: Settings) -> None:
    """Refuse to append lines to what is no file of its own, above all not to the state."""
    path = settings.event_log
    if path is None or path == STANDARD:
        return
    says = None
    with suppress(OSError):  # a folder that cannot be looked into yet; the log tells of it once there is a line
        if path.exists() and not path.is_file():
            says = "is no file"
        elif f"sqlite:{path.resolve()}" in {f"{_resolved(settings.state)}{more}" for more in BESIDE_THE_STATE}:
            says = "is the state itself, or a file that belongs to it"
    if says:
        fix = 'name a file of its own, or write "-" for standard output'
        raise ConfigError((Fault(path="collector.event_log", says=says, fix=fix),))


def _resolved(state: str) -> str:
    kind, _, path = state.partition(":")
    return f"{kind}:{Path(path).resolve()}"


def rules_of(settings: Settings) -> Rules:
    """The counting rules that a configuration asks for."""
    return Rules(
        execution_bounds=settings.execution_buckets,
        node_bounds=settings.node_buckets,
        history="count" if settings.history == "count" else "ignore",
        first_zero=round(settings.first_zero * 1000),
        forget_after=round(settings.forget_after * 1000),
        max_nodes=settings.max_nodes_per_workflow,
    )


@dataclass(frozen=True, slots=True)
class Budgets:
    """The budgets of a configuration: `of` each project by its name, and by `owner` of the credential."""

    of: Mapping[str, Budget]
    owner: Mapping[tuple[str, ...], Budget] = field(repr=False)


def budgets(settings: Settings, clock: Clock, known: Budgets | None = None) -> Budgets:
    """A budget for each credential, whoever shares it; the lowest rate that is named holds.

    `known`: those there are. With the same rate one goes on; with another, the credential stands as it did.
    """
    owners = {project.name: project.auth.owner for project in settings.projects}
    rates: dict[tuple[str, ...], float] = {}
    for project in settings.projects:
        owner, rate = owners[project.name], project.max_requests_per_second
        rates[owner] = min(rate, rates.get(owner, rate))
    made = {}
    for owner, rate in rates.items():
        one = known.owner.get(owner) if known else None
        made[owner] = one if one and one.rate == rate else Budget(rate, clock=clock, of=one)
    return Budgets({name: made[owner] for name, owner in owners.items()}, made)


def shown_alike(one: Settings, other: Settings) -> bool:
    """Whether two configurations count and show alike, whatever they watch."""
    same = ("stale_after", "first_zero", "disable", "max_series")
    return rules_of(one) == rules_of(other) and all(getattr(one, key) == getattr(other, key) for key in same)


def refuse_other_projects(settings: Settings, rows: Mapping[Key, Row]) -> None:
    """Refuse a file that gives another project the name under which state is kept."""
    faults = []
    for index, project in enumerate(settings.projects):
        known = {row.ledger.project_id for key, row in rows.items() if key.project == project.name}
        other = sorted(known - {project.project_id, ""}) if project.project_id else []
        if other:
            says = f"is {project.project_id}, but the state of {project.name!r} belongs to {other[0]}"
            faults.append(Fault(path=f"project[{index}].project_id", says=says, fix="give the project another name"))
    if faults:
        raise ConfigError(tuple(faults))
