"""A gap is said exactly where an answer shares nothing with the good, non-empty one just before it."""

import asyncio
import time
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from tests.flow.collector_process import collector, configuration, eventually
from tests.flow.service import Service, node, record

GAPS = "aom_workflow_history_gaps_total"
START = time.time() - 3600
REFUSED = "the service fails here"


class Story(NamedTuple):
    """What a workflow's answers hold, one letter an execution, and the gaps told after each; the tellings go on alike.

    An answer is a string of letters, newest first; "" is an empty one.
    """

    answers: tuple[str, ...]
    gaps: tuple[int, ...]


STORIES = {
    "weekly, each answer shares one with the last": Story(("BA", "CB", "DC", "ED", "FE", "GF"), (0,) * 6),
    "weekly, the same again and again": Story(("A", "A", "A", "A", "BA", "BA"), (0,) * 6),
    "shrinking to the newest": Story(("EDCBA", "EDC", "ED", "E", "E", "FE"), (0,) * 6),
    "an empty answer between two good ones": Story(("BA", "", "BA", "", "CB", "C"), (0,) * 6),
    "empty for long, then something else": Story(("A", "", "", "", "B", "CB"), (0,) * 6),
    "empty, then something else": Story(("A", "", "B", "CB", "", "D"), (0,) * 6),
    "empty before the kill, then something else": Story(("A", "A", "", "B", "B", "B"), (0,) * 6),
    "empty after the kill, then something else": Story(("A", "A", "A", "", "B", "B"), (0,) * 6),
    "empty from the beginning": Story(("", "", "", "A", "A", "BA"), (0,) * 6),
    "failing between two that share one": Story(("BA", REFUSED, "CB", REFUSED, "DC", "D"), (0,) * 6),
    "nothing shared": Story(("BA", "DC", "DC", "ED", "FE", "GF"), (0, 1, 1, 1, 1, 1)),
    "nothing shared over the kill": Story(("A", "BA", "BA", "DC", "DC", "ED"), (0, 0, 0, 1, 1, 1)),
    "nothing shared over a failure": Story(("A", REFUSED, "B", "B", REFUSED, "C"), (0, 0, 1, 1, 1, 2)),
    "nothing shared over a failure and the kill": Story(("A", "A", REFUSED, "B", "B", "B"), (0, 0, 0, 1, 1, 1)),
    "nothing shared each time": Story(("A", "B", "C", "D", "E", "F"), (0, 1, 2, 3, 4, 5)),
    "known from before, not from the last": Story(("BA", "B", "A", "BA", "B", "A"), (0, 0, 1, 1, 1, 2)),
    "gone, and back after something else": Story(("A", "", "B", "A", "A", "BA"), (0, 0, 0, 1, 1, 1)),
    "empty once the gap was told": Story(("A", "B", "", "B", "CB", "D"), (0, 1, 1, 1, 1, 2)),
}
KILLED_BEFORE = 3  # the answer that the first collector does not live to see


def _history(letters: str) -> list[dict]:
    def execution(letter: str) -> dict:
        begin = START + 10 * (ord(letter) - ord("A"))
        return record(f"e-{letter}", "success", begin, begin + 5, [node("copy", "success", begin, begin + 5)])

    return [execution(letter) for letter in letters]


async def _refuse(_: web.Request) -> web.Response:
    return web.json_response({"error_code": "AOM.0500", "error_msg": "not now"}, status=500)


async def _tell(service: Service, address: str, workflows: dict[str, Story], index: int) -> None:
    """Give every workflow its next answer, wait until each was read, and compare."""
    for workflow, story in workflows.items():
        letters = story.answers[index]
        service.answers[workflow] = _refuse if letters is REFUSED else _history(letters)
    await asyncio.gather(*(service.looks(workflow, 2) for workflow in workflows))
    wanted = {workflow: story.gaps[index] for workflow, story in workflows.items()}
    titles = dict(zip(workflows, STORIES, strict=True))

    def told(page) -> dict[str, float | None]:
        return {workflow: page.get(GAPS, workflow_id=workflow) for workflow in workflows}

    seen: dict[str, float | None] = {}

    def as_wanted(page) -> bool:
        seen.update(told(page))
        return seen == wanted

    try:
        # The very first gaps are held for `first_zero`, like everything that is born.
        await eventually(address, as_wanted, within=10)
    except AssertionError:
        odd = {titles[each]: (seen.get(each), wanted[each]) for each in wanted if seen.get(each) != wanted[each]}
        raise AssertionError(f"after answer {index}, told and wanted: {odd}") from None


async def test_a_gap_is_told_exactly_where_nothing_is_shared_with_the_last_good_answer(tmp_path: Path):
    workflows = {f"wf-{index}": story for index, story in enumerate(STORIES.values())}
    async with Service() as service:
        configuration(tmp_path, service.url, tuple(workflows), first_zero="500ms")
        for workflow, story in workflows.items():
            service.answers[workflow] = _history(story.answers[0])
        answers = range(len(next(iter(workflows.values())).answers))
        for lives in (answers[:KILLED_BEFORE], answers[KILLED_BEFORE:]):
            async with collector("run", folder=tmp_path) as running:
                address = await running.address()
                for index in lives:
                    await _tell(service, address, workflows, index)
                await running.kill()
