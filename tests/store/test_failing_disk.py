"""A disk whose calls fail for a while: whatever was acknowledged, or shown after a restart, is truly on it."""

import asyncio
import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collector.clock import Clock
from collector.errors import StateError
from collector.ledger import Ledger
from collector.model import Key
from collector.store import file, open_store
from collector.store.sqlite import Sqlite
from tests.store.disk import FAILED, Faulty, faulty

ORDER = "FAULTY_ORDER"
HELD_UP = 0.05
SIZES = {"big": 5_000_000}
"""Bytes of rows that make the log long enough for a checkpoint."""


@pytest.fixture
def disk(tmp_path: Path) -> Faulty:
    return faulty(tmp_path)


def key(name: str) -> Key:
    return Key("prod", name)


def versions(rows: dict[Key, object]) -> dict[str, int]:
    return {found.workflow_id: row.version for found, row in rows.items()}


async def a_life(path: str, steps: list[str]) -> None:
    """Runs in a process of its own on that disk, and ends as `kill -9` ends it."""
    connect = file.connect
    file.connect = lambda path: slowed(connect(path))
    try:
        store = await open_store(f"sqlite:{path}", clock=Clock(), emit=lambda _: None)
    except StateError as error:
        say(str(error))
        sys.exit(1)
    known = versions(await store.load())
    say(f"found {known}")
    for step in steps:
        what, _, rest = step.partition(" ")
        if what == "fail":
            Path(os.environ[ORDER]).write_text(rest, "utf-8")
        elif what == "mend":
            Path(os.environ[ORDER]).unlink()
        elif what == "ask":
            others = (sys.executable, __file__, path)
            done = await asyncio.to_thread(subprocess.run, others, capture_output=True, text=True, check=False)
            say(done.stdout.strip())
        else:
            # While the writer is held up all of them come to wait, and so share a transaction.
            held_up = asyncio.create_task(store.load())
            await asyncio.sleep(0)
            say(" ".join(await asyncio.gather(*(said(store, known, name) for name in rest.split()))))
            await held_up
    os.kill(os.getpid(), signal.SIGKILL)


def slowed(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A connection whose reading of all rows takes a moment."""
    connection.set_trace_callback(lambda statement: time.sleep(HELD_UP) if statement.startswith("SELECT") else None)
    return connection


async def said(store: Sqlite, known: dict[str, int], name: str) -> str:
    try:
        ledger = Ledger(label=name, answer=os.urandom(SIZES.get(name, 6000)))
        row = await store.commit(key(name), ledger, version=known.get(name, 0))
    except StateError as error:
        return str(error)
    known[name] = row.version
    return f"{name}@{row.version}"


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def lived(disk: Faulty, *steps: str, ended: int = -signal.SIGKILL) -> list[str]:
    """What one process said, step by step."""
    done = subprocess.run(
        [sys.executable, __file__, disk.folder / "state.db", *steps],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **disk.environment, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert (done.returncode, done.stderr) == (ended, "")
    return done.stdout.splitlines()


async def made(opened, disk: Faulty) -> None:
    """An empty state that lies on the disk for certain."""
    await (await opened(disk.folder / "state.db")).close()
    shutil.copy(disk.folder / "state.db", disk.platter)


@pytest.mark.parametrize(
    ("error", "kind"), [(errno.EIO, "write 0"), (errno.EIO, "write 3"), (errno.EIO, "fsync 0"), (errno.EROFS, "all 0")]
)
async def test_a_group_fails_whole_and_the_same_connection_goes_on(opened, disk: Faulty, error: int, kind: str):
    await made(opened, disk)
    says = lived(disk, "commit a b", f"fail {error} {kind}", "commit a b c", "mend", "commit a c", "commit b")

    fault = f"state {disk.folder / 'state.db'}{FAILED}"
    assert says == ["found {}", "a@1 b@1", " ".join([fault] * 3), "a@2 c@1", "b@2"]
    # The power fails together with the process.
    store = await opened(disk.platter / "state.db")
    assert versions(await store.load()) == {"a": 2, "b": 2, "c": 1}


async def test_a_connection_whose_calls_failed_holds_its_state_alone_as_before(opened, disk: Faulty):
    await made(opened, disk)
    says = lived(disk, "commit a", f"fail {errno.EIO} all 0", "commit a", "mend", "ask", "commit a", "ask")
    state = f"state {disk.folder / 'state.db'}"
    in_use = f"{state} is in use by another process; stop that one, or name another state file"
    assert says == ["found {}", "a@1", f"{state}{FAILED}", in_use, "a@2", in_use]


@pytest.mark.parametrize("more", [[], ["commit c"]], ids=["shown", "acknowledged"])
async def test_what_a_restart_shows_after_a_failed_fsync_outlives_a_power_cut(opened, disk: Faulty, more: list[str]):
    """The kernel takes pages whose fsync failed for written, so that they are read, and are not on the disk."""
    await made(opened, disk)
    lived(disk, "commit a", f"fail {errno.EIO} fsync 0", "commit a b")
    disk.mend()
    says = lived(disk, *more)
    assert says == ["found {'a': 2, 'b': 1}", *(["c@1"] if more else [])], "refused, and yet found: to be relied on"
    store = await opened(disk.platter / "state.db")
    assert versions(await store.load()) == {"a": 2, "b": 1} | ({"c": 1} if more else {})


async def test_a_state_that_cannot_be_written_through_is_refused_and_stays(opened, disk: Faulty):
    await made(opened, disk)
    lived(disk, "commit a")
    before = {path.name: path.read_bytes() for path in disk.folder.iterdir()}
    disk.fail(errno.EIO, "fsync")
    done = lived(disk, ended=1)
    assert done == [f"state {disk.folder / 'state.db'}{FAILED}"]
    assert {path.name: path.read_bytes() for path in disk.folder.iterdir()} == before
    disk.mend()
    assert lived(disk) == ["found {'a': 1}"]


@pytest.mark.parametrize("spared", [1, 2], ids=["of the log", "of the database"])
async def test_a_checkpoint_that_fails_is_made_up_for(opened, disk: Faulty, spared: int):
    """The commit itself is in the log by then, so that it counts."""
    await made(opened, disk)
    says = lived(
        disk, "commit a", f"fail {errno.EIO} fsync {spared}", "commit big", "commit b", "mend", "commit c", "commit big"
    )
    fault = f"state {disk.folder / 'state.db'}{FAILED}"
    assert says == ["found {}", "a@1", "big@1", fault, "c@1", "big@2"]
    store = await opened(disk.platter / "state.db")
    assert versions(await store.load()) == {"a": 1, "big": 2, "c": 1}


if __name__ == "__main__":
    asyncio.run(a_life(sys.argv[1], sys.argv[2:]))
