"""Power cuts: what the store acknowledged is on the disk, and the state opens, whenever the current fails.

    python -m tests.crash.power --cuts 200 --seed 1

from the project's root, as root. One process commits to an ext4 disk of its own. It is stopped, right after an
acknowledgement or at any moment, while it opens its state too; the disk is copied as it stands, the copy mounted (ext4
replays its journal) and the state opened by the real code. Half of the processes go on from such a copy.

A disk that loses what it had taken is not simulated: whatever the kernel sent to the disk is there. So this shows that
every acknowledgement waits for the right writes, not that the drive keeps its word. A cut falls between two system
calls of the process, never within one.

`--synchronous NORMAL` proves the teeth: the store with SQLite's weaker setting must lose commits in nearly every cut.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from select import select

from collector.clock import Clock
from collector.errors import StateError
from collector.model import Key
from collector.store import open_store
from tests.crash import disk_image, power_writer
from tests.crash.power_writer import AS_IS

WRITER = Path(power_writer.__file__)
ROOT = WRITER.parents[2]
STATE = "state.db"
WORKFLOWS = 5
CUTS_EACH = 5
"""Cuts that one process lives through; it goes on after each, as only its disk's copy had one."""
HELD_UP = 0.005
"""Seconds that every second process waits before each COMMIT; the others commit as fast as they can."""
PATIENCE = 60.0
"""Seconds without an acknowledgement after which the process is given up."""


@dataclass(slots=True)
class Figures:
    """What became of the cuts; the lists hold a sentence for each cut that broke a promise."""

    cuts: int = 0
    processes: int = 0
    early: int = 0
    acknowledged: int = 0
    torn: int = 0
    lost_commits: int = 0
    lost: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.unreadable or self.half)


@dataclass(slots=True)
class Writer:
    """The process that commits, and what it said."""

    process: "subprocess.Popen[bytes]"
    acknowledged: dict[str, int]
    opening: bool = False
    commits: int = 0
    rest: bytes = b""

    def hear(self, seconds: float) -> bool:
        """Wait for it to say something, at most so long; take in all there is. False where it said nothing."""
        output = self.process.stdout
        assert output
        if not select([output], [], [], max(seconds, 0.0))[0]:
            return False
        while select([output], [], [], 0)[0]:
            said = os.read(output.fileno(), 65536)
            if not said:
                raise AssertionError(f"the writer ended: {self.process.wait()}")
            *lines, self.rest = (self.rest + said).split(b"\n")
            for line in lines:
                self._take(line.decode())
        return True

    def hear_until(self, deadline: float) -> None:
        """Listen until then (monotonic seconds)."""
        while (left := deadline - time.monotonic()) > 0:
            self.hear(left)

    def _take(self, line: str) -> None:
        if line == "opening":
            self.opening = True
            return
        name, version = line.split()
        self.acknowledged[name] = int(version)
        self.commits += 1

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Stopped, all its threads, and heard to the last word."""
        self.process.send_signal(signal.SIGSTOP)
        _, status = os.waitpid(self.process.pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            raise AssertionError(f"the writer ended with {status}")
        self.hear(0)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


def run(cuts: int, *, seed: int, folder: Path, synchronous: str = AS_IS) -> Figures:
    """Make so many cuts in an empty folder, which is left empty; raises `NoDiskError` where no disk can be mounted."""
    random = Random(seed)
    figures = Figures()
    image, copy = folder / "disk", folder / "copy"
    acknowledged: dict[str, int] = {}
    try:
        while figures.cuts < cuts:
            if copy.exists() and figures.kept and random.random() < 0.5:
                copy.replace(image)
            else:
                acknowledged = {}
                disk_image.make(image)
            wanted = min(CUTS_EACH, cuts - figures.cuts)
            acknowledged = _life(
                wanted, acknowledged, random=random, figures=figures, folder=folder, synchronous=synchronous
            )
    finally:
        image.unlink(missing_ok=True)
        copy.unlink(missing_ok=True)
    return figures


def _life(
    cuts: int, acknowledged: dict[str, int], *, random: Random, figures: Figures, folder: Path, synchronous: str
) -> dict[str, int]:
    """One process and its cuts; returns what the last copy holds for certain."""
    image, copy = folder / "disk", folder / "copy"
    certain = acknowledged
    figures.processes += 1
    how = (synchronous, str(HELD_UP if figures.processes % 2 else 0))
    with disk_image.mounted(image, folder / "mounted") as disk, _writing(disk, acknowledged, how) as writer:
        for cut in range(cuts):
            _moment(writer, random, early=cut == 0)
            with writer.stopped():
                if random.random() < 0.5:
                    disk_image.write_back_some(disk, random)
                figures.torn += disk_image.cut(image, disk, copy)
                certain = dict(writer.acknowledged)
                figures.early += not writer.commits
            figures.cuts += 1
            with disk_image.mounted(copy, folder / "remounted") as found:
                certain = _look(found / STATE, certain, figures)
        figures.acknowledged += writer.commits
    return certain


@contextlib.contextmanager
def _writing(disk: Path, acknowledged: dict[str, int], how: tuple[str, ...]) -> Iterator[Writer]:
    with subprocess.Popen(
        [sys.executable, WRITER, disk / STATE, str(WORKFLOWS), *how],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        try:
            yield Writer(process, dict(acknowledged))
        finally:
            process.kill()


def _moment(writer: Writer, random: Random, *, early: bool) -> None:
    """Wait for the moment of the next cut."""
    if early:
        while not writer.opening:
            _expect(writer)
        writer.hear_until(time.monotonic() + random.uniform(0, 0.03))
        return
    after = writer.commits + random.randint(1, 100)
    while writer.commits < after:
        _expect(writer)
    if random.random() < 0.5:
        writer.hear_until(time.monotonic() + random.uniform(0, 0.02))


def _expect(writer: Writer) -> None:
    if not writer.hear(PATIENCE):
        raise AssertionError(f"the writer said nothing for {PATIENCE:.0f} s")


def _look(path: Path, acknowledged: dict[str, int], figures: Figures) -> dict[str, int]:
    """Open what the cut left, hold it against what was acknowledged, and go on with it; returns the versions there."""
    cut = f"cut {figures.cuts}"
    if not path.exists():
        if acknowledged:
            figures.lost.append(f"{cut}: no state")
            figures.lost_commits += sum(acknowledged.values())
        return {}
    try:
        found, after = asyncio.run(_versions(path, figures))
    except StateError as error:
        figures.unreadable.append(f"{cut}: {error}")
        return {}
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (says,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if says != "ok":
        figures.unreadable.append(f"{cut}: {says}")
    lost = {name: version - found.get(name, 0) for name, version in acknowledged.items()}
    lost = {name: commits for name, commits in lost.items() if commits > 0}
    if lost:
        figures.lost.append(f"{cut}: commits lost of {lost}")
        figures.lost_commits += sum(lost.values())
    # Each workflow hands in its next row only when the one before is acknowledged.
    ahead = {name: version for name, version in found.items() if version > acknowledged.get(name, 0) + 1}
    if ahead:
        figures.half.append(f"{cut}: versions nobody committed: {ahead}")
    return after


async def _versions(path: Path, figures: Figures) -> tuple[dict[str, int], dict[str, int]]:
    """The version of each row as found, and once one more commit was made."""
    store = await open_store(f"sqlite:{path}", clock=Clock(), emit=lambda _: None)
    try:
        rows = await store.load()
        found = {key.workflow_id: row.version for key, row in rows.items()}
        figures.half += [
            f"cut {figures.cuts}: {key.workflow_id}@{row.version} holds something else"
            for key, row in rows.items()
            if row.ledger != power_writer.ledger(key.workflow_id, row.version)
        ]
        key = Key("prod", "wf-0")
        version = found.get(key.workflow_id, 0)
        row = await store.commit(key, power_writer.ledger(key.workflow_id, version + 1), version=version)
    finally:
        await store.close()
    return found, {**found, key.workflow_id: row.version}


def main() -> int:
    """Make the cuts that the command line asks for, say what broke a promise, and end with one line of figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.power", description="Cut the power, many times.")
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the moments asked for; the machine has its own say")
    parser.add_argument("--synchronous", choices=[AS_IS, "NORMAL", "OFF"], default=AS_IS)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that disks are unmounted on the way out
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="power-") as folder:
        try:
            figures = run(asked.cuts, seed=asked.seed, folder=Path(folder), synchronous=asked.synchronous)
        except disk_image.NoDiskError as error:
            sys.stderr.write(f"no disk to cut the power of: {error}\n")
            return 2
    for sentence in (*figures.lost, *figures.unreadable, *figures.half):
        sys.stderr.write(f"{sentence}\n")
    sys.stdout.write(
        f"cuts={figures.cuts} processes={figures.processes} seed={asked.seed} synchronous={asked.synchronous} "
        f"before_first_commit={figures.early} acknowledged={figures.acknowledged} "
        f"cuts_with_losses={len(figures.lost)} lost={figures.lost_commits} "
        f"unreadable={len(figures.unreadable)} half={len(figures.half)} copied_again={figures.torn} "
        f"seconds={time.monotonic() - began:.1f}\n"
    )
    return 0 if figures.kept else 1


if __name__ == "__main__":
    sys.exit(main())
