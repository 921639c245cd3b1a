"""What was acknowledged outlives a power cut. Many more cuts: `python -m tests.crash.power --cuts 200 --seed 1`."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.crash import disk_image, power

pytestmark = [pytest.mark.optional_part, pytest.mark.timeout(90)]


def cuts(count: int, folder: Path, **more: str) -> power.Figures:
    try:
        return power.run(count, seed=1, folder=folder, **more)
    except disk_image.NoDiskError as error:
        pytest.skip(f"no disk to cut the power of: {error}")


@contextmanager
def disk(folder: Path) -> Iterator[Path]:
    try:
        disk_image.make(folder / "disk")
        with disk_image.mounted(folder / "disk", folder / "mounted") as mounted:
            yield mounted
    except disk_image.NoDiskError as error:
        pytest.skip(f"no disk to cut the power of: {error}")


def test_a_power_cut_loses_no_acknowledged_commit_and_leaves_a_state_that_opens(tmp_path: Path):
    figures = cuts(8, tmp_path)

    assert (figures.lost, figures.unreadable, figures.half) == ([], [], [])
    assert figures.cuts == 8
    assert figures.acknowledged > 5  # else there was nothing to lose


def test_the_same_cuts_take_commits_from_a_store_that_does_not_wait_for_the_disk(tmp_path: Path):
    figures = cuts(8, tmp_path, synchronous="NORMAL")

    assert figures.lost  # not at every cut: a checkpoint writes the log through even then
    assert figures.unreadable == []


def test_no_disk_stays_behind(tmp_path: Path):
    with pytest.raises(ZeroDivisionError), disk(tmp_path):
        _ = 1 / 0

    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()
    devices = subprocess.run(["losetup", "-a"], capture_output=True, text=True, check=True).stdout
    assert str(tmp_path) not in devices


def test_a_disk_that_was_unmounted_in_peace_is_not_taken_for_a_cut(tmp_path: Path):
    with disk(tmp_path) as mounted:
        disk_image.make(tmp_path / "unmounted")

        with pytest.raises(AssertionError, match="in peace"):
            disk_image.cut(tmp_path / "unmounted", mounted, tmp_path / "copy")
