"""Asks the real service what works, project by project and workflow by workflow. The state is neither read nor changed.

It asks as the collector itself does: with the same credential, at the same rate, and for nothing else.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from collector import __version__
from collector.aom import Budget
from collector.app.doctor.checks import rate
from collector.app.doctor.findings import Check, Findings, Outcome, ProjectFindings, Seen, many
from collector.app.doctor.forecast import Forecast
from collector.app.doctor.visit import Visit
from collector.app.terms import budgets, check
from collector.clock import Clock
from collector.config import Settings

__all__ = ["Check", "Findings", "Outcome", "ProjectFindings", "Seen", "examine", "many"]


async def examine(settings: Settings, *, clock: Clock, done: Callable[[], None]) -> Findings:
    """Visit every project; `done` is called after each workflow. Raises `ConfigError`."""
    check(settings)
    shared, forecast = budgets(settings, clock).of, Forecast(settings, clock=clock)
    visits = [
        Visit(project, place=place, budget=shared[project.name], forecast=forecast, clock=clock, done=done)
        for place, project in enumerate(settings.projects)
    ]
    projects = _rated(await asyncio.gather(*(visit.findings() for visit in visits)), shared)
    seen = [workflow for project in projects for workflow in project.workflows]
    outcomes = [each.outcome for each in seen] + [each.outcome for project in projects for each in project.checks]
    return Findings(
        version=__version__,
        ok=Outcome.FAILED not in outcomes,
        warnings=settings.warnings,
        series=sum(each.series or 0 for each in seen),
        series_at_most=sum(each.series_at_most or 0 for each in seen),
        series_max=settings.max_series,
        projects=tuple(projects),
    )


def _rated(projects: Iterable[ProjectFindings], shared: Mapping[str, Budget]) -> list[ProjectFindings]:
    """Each project with what it costs together with all that share its credential."""
    known = {project.name: project for project in projects}
    found = []
    for name, project in known.items():
        others = tuple(other for other in known if other != name and shared[other] is shared[name])
        cost = sum(known[each].requests_per_minute for each in (name, *others))
        costs = rate(cost, allowed=project.budget_per_minute, others=others)
        found.append(replace(project, checks=(*project.checks, costs), shared_with=others))
    return found
