"""Killed at any moment, the collector ends with the truth, and no scraper sees a counter fall."""

import os
from pathlib import Path

import pytest

from collector.failpoint import VARIABLE, failpoint
from tests.crash.kills import Harness
from tests.crash.points import points

KILLS = int(os.environ.get("AOM_CRASH_KILLS", "20"))
ENDINGS = int(os.environ.get("AOM_CRASH_ENDINGS", "20000"))
AT = tuple(os.environ.get("AOM_CRASH_AT", "").split())


@pytest.mark.timeout(600)
async def test_killed_at_every_failpoint_it_counts_each_ending_once_and_no_counter_falls(tmp_path: Path):
    report = await Harness(tmp_path, kills=KILLS, seed=1, endings=ENDINGS, at=AT).run()
    assert report.violations[:5] == []
    assert report.died == []
    assert report.wrong == {}, "counted, and true"
    assert report.untold[:5] == []
    assert report.lines - report.repeated == report.endings
    assert report.missed == [], "failpoints that were never come to"
    assert report.kills.total() >= KILLS
    assert report.endings >= ENDINGS
    assert report.trouble.total() > 0


def test_a_failpoint_stands_at_every_boundary():
    boundaries = {name.partition("-")[0] for name in points()}
    assert boundaries == {"answer", "commit", "deliver", "publish", "release", "reload", "start", "stop"}


def test_in_a_normal_run_a_failpoint_does_nothing():
    """Nobody ordered one here, and yet the process lives."""
    assert VARIABLE not in os.environ
    for name in points():
        failpoint(name)
