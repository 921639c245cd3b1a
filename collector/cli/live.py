"""The demonstration on a terminal: how every workflow stands, what ended just now, what failed, and where to look."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from collector.app.doctor import many
from collector.cli.console import plain, to_people
from collector.cli.wording import span
from collector.model import FAILED
from collector.web import Execution, Facts, Health, Summary

EVERY = 0.5
"""Seconds between two pictures: the ages in them count seconds, and a terminal that changes its size is filled anew."""
LATELY = 5
LEAST = 3
"""So many endings are seen however low the terminal is."""
FRAME = 6
"""The head, two headings and three empty lines."""
NARROW = 60
SUCCESS, CANCEL = "success", "cancel"
GOOD, BAD, BETWEEN, GOING = "green", "bold red", "yellow", "cyan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a picture is made from. `links`: what can be opened: `status`, `metrics` and `simulator`."""

    facts: Facts
    links: dict[str, str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Draw it as large as the terminal is, as rich asks for it."""
        yield picture(self, options.max_width, options.height or console.height)


async def show(facts: Callable[[], Facts], links: dict[str, str], until: asyncio.Event) -> None:
    """Show how everything stands until something happens; what the terminal showed before is there again then."""
    with Live(Scene(facts=facts(), links=links), console=to_people(), screen=True, auto_refresh=False) as live:
        while not until.is_set():
            live.update(Scene(facts=facts(), links=links), refresh=True)
            try:
                await asyncio.wait_for(until.wait(), EVERY)
            except TimeoutError:
                continue


def picture(scene: Scene, width: int, height: int) -> Group:
    """One picture: the head, the workflows, what ended, and where to look; what has no room is left away."""
    summaries = sorted(scene.facts.summaries(), key=lambda each: (each.project, each.workflow_id))
    stories = [(each, scene.facts.detail(each).executions) for each in summaries]
    ended = [ending for ending in _ended(stories) if ending.at >= scene.facts.started_at]
    foot = _foot(scene, summaries, links=height - len(stories) - LEAST - FRAME)
    room = height - len(foot) - FRAME
    shown = max(min(len(stories), room - LEAST), 1)
    return Group(
        _head(scene.facts, summaries, width),
        "",
        _workflows(scene.facts, _first(stories, shown), width),
        "",
        _feed(ended[: max(room - shown, 1)], width, hidden=len(stories) - shown),
        "",
        *foot,
    )


Story = tuple[Summary, tuple[Execution, ...]]


def _first(stories: list[Story], room: int) -> list[Story]:
    """As many as there is room for, in their order; those that are fine step back first."""
    if len(stories) <= room:
        return stories
    order = list(Health)
    kept = sorted(range(len(stories)), key=lambda place: (order.index(stories[place][0].health), place))[:room]
    return [stories[place] for place in sorted(kept)]


def _head(facts: Facts, summaries: Iterable[Summary], width: int) -> Table:
    states = [each.health for each in summaries]
    bad, lasts = states.count(Health.FAILED) + states.count(Health.UNSEEN), span(facts.at - facts.started_at)
    head = Text("aom-collector demo", "bold")
    if width >= NARROW:
        head.append(f"  a synthetic AOM, {many(len(states), 'workflow')}", "not bold")
    tail = Text.assemble((f"{bad} failing", BAD if bad else GOOD), f"  {lasts}  ", ("Ctrl-C ends it", "dim"))
    return _sides(head, tail)


def _sides(left: RenderableType, right: RenderableType) -> Table:
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    line.add_column(justify="right", no_wrap=True)
    line.add_row(left, right)
    return line


def _workflows(facts: Facts, stories: Iterable[Story], width: int) -> Table:
    table = Table(box=None, expand=True, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("workflow", ratio=2, no_wrap=True, overflow="ellipsis")
    table.add_column("now", ratio=3, no_wrap=True, overflow="ellipsis")
    if width >= NARROW:
        table.add_column("counted", justify="right", no_wrap=True)
        table.add_column("failed", justify="right", no_wrap=True)
        table.add_column("lately", no_wrap=True, min_width=2 * LATELY - 1)
    for summary, executions in stories:
        counts = facts.detail(summary).ended
        failed = sum(count for status, count in counts.items() if status in FAILED)
        cells = [plain(summary.name), _now(summary, executions, facts.at)]
        if width >= NARROW:
            cells += [Text(str(sum(counts.values()))), Text(str(failed), BAD if failed else "dim"), _lately(executions)]
        table.add_row(*cells)
    return table


def _now(summary: Summary, executions: Iterable[Execution], now: int) -> Text:
    """What a workflow is doing, else how its latest execution ended."""
    if summary.up is False:
        return plain(summary.says or "it could not be looked at", BAD)
    going = next((each for each in executions if each.active), None)
    if going is not None:
        node = next((run for run in going.nodes if run.end is None), None)
        text = _status(going).append(f" {span(now - going.begin)}" if going.begin is not None else "")
        return text.append("  ").append_text(plain(node.name or node.node, "dim")) if node else text
    latest = next(iter(executions), None)
    if latest is None:
        return Text("no execution yet", "dim")
    text = _status(latest).append(f" {span(now - latest.end)} ago" if latest.end is not None else "", "dim")
    return text.append_text(_failed_at(latest))


def _failed_at(of: Execution) -> Text:
    """The nodes that failed in an execution, which may have succeeded nonetheless."""
    failed = [plain(run.name or run.node, "red") for run in of.nodes if run.failed]
    how = "  at " if of.status in FAILED else "  despite "
    return Text(how, "dim").append_text(Text(", ").join(failed)) if failed else Text()


def _lately(executions: Iterable[Execution]) -> Text:
    """A sign for each of the last executions, the latest at the right."""
    signs = [_sign(each) for each in executions][:LATELY]
    return Text(" ").join(reversed(signs))


def _sign(of: Execution) -> Text:
    """A sign that is one cell wide in every font, also where the language makes others wider."""
    if of.active:
        return Text("▸", GOING)
    if of.status in FAILED:
        return Text("✗", BAD)
    return Text("✓", GOOD) if of.status == SUCCESS else Text("-", BETWEEN)


def _status(of: Execution) -> Text:
    return _sign(of).append(" ").append(plain(of.status))


@dataclass(frozen=True, slots=True)
class _Ending:
    """An execution that ended, and whose it is."""

    at: int
    summary: Summary
    execution: Execution


def _ended(stories: Iterable[Story]) -> list[_Ending]:
    """What ended, the last first."""
    found = [
        _Ending(each.end, summary, each)
        for summary, executions in stories
        for each in executions
        if each.end is not None and not each.active
    ]
    return sorted(found, key=lambda ending: (ending.at, ending.execution.execution_id), reverse=True)


def _feed(endings: Iterable[_Ending], width: int, *, hidden: int) -> Group:
    """A heading, and a line for each ending."""
    table = Table.grid(expand=True, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(ratio=2, no_wrap=True, overflow="ellipsis")
    table.add_column(ratio=3, no_wrap=True, overflow="ellipsis")
    for ending in endings:
        of = ending.execution
        what = _status(of)
        if of.begin is not None and of.end is not None:
            what.append(f" after {span(of.end - of.begin)}", "dim")
        what.append_text(_failed_at(of))
        at = Text(f"{datetime.fromtimestamp(ending.at / 1000, UTC):%H:%M:%S}", "dim")
        table.add_row(at, plain(ending.summary.name), what)
    if not table.row_count:
        table.add_row("", Text("nothing yet", "dim"), "")
    more = Text(f"{many(hidden, 'workflow')} more on the status page" if hidden and width >= NARROW else "", "dim")
    return Group(_sides(Text("just ended (UTC)", "dim"), more), table)


def _foot(scene: Scene, summaries: Iterable[Summary], *, links: int) -> list[Text]:
    """Where to look, a line for each of as many links as there is room for; the page itself first."""
    found = {"the page": scene.links["status"]}
    failed = [(each.failed_at, each) for each in summaries if each.failed_at is not None]
    if failed:
        last = max(failed, key=lambda each: (each[0], each[1].workflow_id))[1]
        asked = urlencode({"project": last.project, "workflow": last.workflow_id}, errors="replace")
        found["the last failure"] = f"{scene.links['status']}?{asked}"
    found["metrics"] = scene.links["metrics"]
    found["the synthetic AOM"] = scene.links["simulator"]
    width = max(map(len, found)) + 2
    lines = [
        Text.assemble((name.ljust(width), "dim"), (link, f"link {link}"), no_wrap=True, overflow="ellipsis")
        for name, link in found.items()
    ]
    return lines[: max(links, 1)]
