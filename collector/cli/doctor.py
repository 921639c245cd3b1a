"""What a visit to the service found, as a table for people and as JSON for machines."""

from collections.abc import Iterable
from itertools import count

import msgspec
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from collector.app.doctor import Check, Findings, Outcome, ProjectFindings, Seen, examine, many
from collector.cli.console import plain, progress, to_people
from collector.clock import Clock
from collector.config import Settings

STYLES = {Outcome.OK: "green", Outcome.WARNING: "yellow", Outcome.FAILED: "bold red", Outcome.SKIPPED: "dim"}


async def visit(settings: Settings) -> Findings:
    """Visit the service; on a terminal, how far that is stands on standard error meanwhile."""
    named = sum(len(project.workflows) for project in settings.projects)
    discovers = any(project.discover for project in settings.projects)
    with progress("asking the service", "workflows") as moved:
        done = count(1)
        moved(0, None if discovers else named)
        return await examine(settings, clock=Clock(), done=lambda: moved(next(done), None if discovers else named))


def as_json(findings: Findings) -> str:
    """The findings field by field, as their schema in `deploy/docs/doctor.schema.json` has them."""
    return msgspec.json.format(msgspec.json.encode(findings), indent=2).decode()


def show(findings: Findings) -> None:
    """Print the findings on standard output."""
    to_people().print(_all(findings))


def _all(findings: Findings) -> Group:
    parts: list[RenderableType] = []
    for warning in findings.warnings:
        parts += [Text.assemble(("warning  ", STYLES[Outcome.WARNING]), plain(warning)), ""]
    for project in findings.projects:
        parts += [_heading(project), Padding(_checks(project.checks), (0, 2)), ""]
        if project.workflows:
            parts += [Padding(_workflows(project.workflows), (0, 2)), ""]
    return Group(*parts, _summary(findings))


def _heading(project: ProjectFindings) -> Text:
    return Text.assemble(plain(project.name, "bold"), f"  {project.region}  {project.endpoint}")


def _checks(checks: Iterable[Check]) -> Table:
    grid = _grid()
    for check in checks:
        grid.add_row(check.name, _outcome(check.outcome), _says([check.says], check.next))
    return grid


def _workflows(workflows: Iterable[Seen]) -> Table:
    grid = _grid()
    for each in workflows:
        name = plain(each.name)
        if each.name != each.id:
            name = Text.assemble(name, "\n", plain(each.id, "dim"))
        says = [each.says]
        if each.times:
            says.append(f"times in {', '.join(each.times)}")
        if each.series is not None:
            says.append(f"{each.series} series, {each.series_at_most} at most")
        grid.add_row(name, _outcome(each.outcome), _says(says, each.next))
    return grid


def _grid() -> Table:
    """Columns for what was looked at, how that went, and what it says."""
    grid = Table(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
    grid.add_column(overflow="fold")
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold", ratio=1)
    return grid


def _outcome(outcome: Outcome) -> Text:
    return Text(outcome.value, STYLES[outcome])


def _says(says: Iterable[str], step: str) -> Text:
    told = plain("; ".join(says))
    return told.append("\n> ").append_text(plain(step)) if step else told


def _summary(findings: Findings) -> Text:
    seen = [each.outcome for project in findings.projects for each in project.workflows]
    failed = seen.count(Outcome.FAILED) + seen.count(Outcome.SKIPPED)
    fits = findings.series_at_most <= findings.series_max
    series = (
        f"{findings.series:,} series expected, {findings.series_at_most:,} at most, "
        f"of {findings.series_max:,} allowed{'' if fits else ': raise collector.series.max'}"
    )
    verdict = ("all is well", STYLES[Outcome.OK]) if findings.ok else ("something failed", STYLES[Outcome.FAILED])
    looked = f": {many(len(seen), 'workflow')}, {failed} without a history; "
    return Text.assemble(verdict, looked, (series, "" if fits else STYLES[Outcome.WARNING]))
