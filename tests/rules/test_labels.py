"""The series that the alerts are tested with are those that a collector shows."""

from pathlib import Path

from collector.exposition.catalog import CATALOG
from collector.exposition.looks import LOOKS
from tests.flow.collector_process import Page, collector, eventually
from tests.rules import collector_stories, workflow_stories
from tests.rules.promql import SCRAPED, VALUES, known
from tests.rules.ruleset import RECORDED
from tests.rules.story import Labels, Series

CLOSED = {*VALUES, "code", "operation", "version", "python_version", "le"}
"""Labels whose values are a closed set, or differ from one machine to the next."""
OF_WORKFLOWS = {f"{family.name}{ending}" for family in (*CATALOG, *LOOKS) for ending in ("", "_bucket")}


def series_of_stories() -> list[Series]:
    """Those that are scraped, not recorded, and are the collector's."""
    stories = (workflow_stories.STORIES | collector_stories.STORIES).values()
    found = (series for each in stories for story in each for series in story.series)
    return [series for series in found if series.name not in RECORDED and series.name != "up"]


def identity(labels: Labels) -> frozenset[tuple[str, str]]:
    """What it is about: without what Prometheus adds, and what is one of a closed set."""
    return frozenset((name, value) for name, value in labels.items() if name not in SCRAPED | CLOSED)


def shows_enough(page: Page) -> bool:
    """The workflow of the stories has ended, its node too, and something is active."""
    of_story = {"workflow_id": "wf-backup-nightly", "node": "dump-orders"}
    return (
        page.total("aom_workflow_node_last_end_timestamp_seconds", **of_story) > 0
        and page.total("aom_workflow_node_oldest_active_begin_timestamp_seconds") > 0
    )


async def test_the_label_sets_of_the_stories_are_those_of_the_demonstration(tmp_path: Path):
    async with collector("demo", "--web.listen-address", "127.0.0.1:0", folder=tmp_path) as running:
        page = await eventually(await running.address(), shows_enough, within=60)
        assert await running.stop() == 0
    shown = {identity(dict(pairs)) for _, pairs in page.samples}
    labels = {(name, frozenset(label for label, _ in pairs)) for name, pairs in page.samples}
    tested = series_of_stories()
    assert [series.written for series in tested if identity(series.labels) not in shown] == []
    of_workflows = [series for series in tested if series.name in OF_WORKFLOWS]
    assert of_workflows
    assert [each.written for each in of_workflows if (each.name, frozenset(each.labels) - SCRAPED) not in labels] == []


def test_what_the_demonstration_cannot_show_has_the_labels_of_the_catalog():
    names = known(set())
    for series in series_of_stories():
        assert series.labels.keys() == names[series.name], series.written
