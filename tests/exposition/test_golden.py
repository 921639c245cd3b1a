"""Ledger in, text out. `GOLDEN=write` writes the files anew; read the difference before keeping it."""

import os
from pathlib import Path

import pytest

from collector.ledger import Ledger
from collector.model import Format
from tests.exposition.shown import calm, domain, exposition, good, series, troubled, workflow
from tests.ledger.story import T0

SUFFIXES = {Format.OPENMETRICS: ".openmetrics", Format.TEXT_1: ".prom", Format.TEXT: ".prom"}
GOLDEN = Path(__file__).parent / "golden"


def unseen():
    return Ledger(type="cron", name="learned name")


def drawn(story, form=Format.TEXT):
    shown, watched = exposition(), workflow(name=None if story is unseen else "nightly", expect_every=3600.5)
    shown.watch(watched, story(), restored=False)
    if story is not unseen:
        good(shown, watched, 0.25)
        shown.polled(watched.key, ok=False, at=T0 + 60_000, reason="throttled")
    return domain(shown.page(form))


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize("story", [unseen, calm, troubled])
def test_a_ledger_reads_as_it_is_written_down(story, form):
    # Our names and labels are such that both text formats write them alike.
    text, path = drawn(story, form), GOLDEN / f"{story.__name__}{SUFFIXES[form]}"
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_the_stories_together_show_every_family():
    from collector.exposition.catalog import CATALOG  # noqa: PLC0415  this test alone needs it

    names = {name.partition("{")[0] for story in (calm, troubled) for name in series(drawn(story))}
    shown = {name.removesuffix("_count") if name.endswith("_seconds_count") else name for name in names}
    assert {family.name for family in CATALOG} <= shown
