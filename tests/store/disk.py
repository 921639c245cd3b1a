"""Disks that can be filled, made read-only, or fail when they are told to."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

FAILED = ": the disk failed to read or write; check the disk, its quota and limits, and whether it became read-only"
SOURCE = Path(__file__).with_name("faulty_disk.c")


@dataclass(frozen=True, slots=True)
class Faulty:
    """A folder that a process with this `environment` takes for a disk that fails as it is told.

    `platter` gets what would be left there if the power failed.
    """

    folder: Path
    platter: Path
    environment: dict[str, str]

    def fail(self, error: int, kind: str = "all", spared: int = 0) -> None:
        """Let calls end in this `errno` from now on: `write`, `fsync`, `open` (for writing) or `all`."""
        draft = self._order.with_suffix(".new")
        draft.write_text(f"{error} {kind} {spared}", "utf-8")
        draft.replace(self._order)

    def mend(self) -> None:
        """Let it work again."""
        self._order.unlink()

    @property
    def _order(self) -> Path:
        return Path(self.environment["FAULTY_ORDER"])


def faulty(place: Path) -> Faulty:
    """Such a disk, in an empty folder below `place`; skips where nothing can be compiled."""
    if shutil.which("cc") is None:
        pytest.skip("no compiler (cc) for a disk that fails")
    shim, folder, platter = place / "faulty_disk.so", place / "disk", place / "platter"
    subprocess.run(["cc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", shim, SOURCE, "-ldl"], check=True)
    folder.mkdir()
    platter.mkdir()
    environment = {
        "LD_PRELOAD": str(shim),
        "FAULTY_FOLDER": str(folder),
        "FAULTY_ORDER": str(place / "order"),
        "FAULTY_PLATTER": str(platter),
    }
    return Faulty(folder, platter, environment)


@contextmanager
def mounted(folder: Path, *, size: str) -> Iterator[Path]:
    """A small disk of its own, where this user may mount one."""
    folder.mkdir()
    made = _run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    if made.returncode:
        pytest.skip(f"no disk of its own for this test: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        _run("umount", "-l", str(folder))


def read_only(folder: Path) -> None:
    """Make a mounted disk read-only."""
    assert _run("mount", "-o", "remount,ro", str(folder)).returncode == 0


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))
