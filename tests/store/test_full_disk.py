"""A disk that is full or fails for a while: nothing is half stored, and counting goes on after."""

import asyncio
import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from collector.clock import Clock
from collector.errors import StateError
from collector.ledger import Ledger
from collector.model import Key
from collector.store import Row, open_store
from tests.store.disk import FAILED

KEY = Key("prod", "wf-1")


def big(n: int) -> Ledger:
    return Ledger(label=f"#{n}", answer=os.urandom(20_000))


@pytest.mark.optional_part
async def test_after_a_full_disk_the_same_store_goes_on(opened, small_disk: Path, commits):
    store = await opened(small_disk / "state.db")
    row = await store.commit(KEY, Ledger(label="small"), version=0)
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    says = None
    for n in range(100):
        try:
            row = await store.commit(KEY, big(n), version=row.version)
        except StateError as error:
            says = str(error)
            break

    assert says == f"state {small_disk}/state.db: the disk is full; free some space, counting goes on by itself"
    (failed,) = commits("failed")
    assert failed.rows == 1
    assert failed.says == says
    assert await store.fetch(KEY) == row

    ballast.unlink()
    row = await store.commit(KEY, Ledger(label="after"), version=row.version)
    await store.close()
    again = await opened(small_disk / "state.db")
    assert await again.load() == {KEY: row}


@pytest.mark.optional_part
async def test_on_a_full_disk_the_whole_group_fails(opened, small_disk: Path, commits):
    store = await opened(small_disk / "state.db")
    answers = await asyncio.gather(
        *(store.commit(Key("prod", f"wf-{n}"), big(n), version=0) for n in range(200)), return_exceptions=True
    )

    stored = sum(isinstance(answer, Row) for answer in answers)
    assert {type(answer) for answer in answers if not isinstance(answer, Row)} == {StateError}
    assert len(await store.load()) == stored
    assert sum(fact.rows for fact in commits("failed")) == 200 - stored
    assert len({id(answer) for answer in answers}) == 200


@pytest.mark.optional_part
async def test_a_first_start_on_a_full_disk_leaves_nothing_behind(opened, small_disk: Path):
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    with pytest.raises(StateError, match="the disk is full"):
        await opened(small_disk / "state.db")

    assert [found.name for found in small_disk.iterdir()] == ["ballast"]
    ballast.unlink()
    assert await (await opened(small_disk / "state.db")).load() == {}


async def in_a_small_world(path: str) -> None:
    """Runs in a process of its own, whose files may be made no longer than they are."""
    import resource  # noqa: PLC0415  only this process changes its limits

    store = await open_store(f"sqlite:{path}", clock=Clock(), emit=lambda _: None)
    row = await store.commit(KEY, Ledger(label="small"), version=0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    try:
        for n in range(100):
            row = await store.commit(KEY, big(n), version=row.version)
    except StateError as error:
        sys.stdout.write(f"{error}\n")
    assert await store.fetch(KEY) == row
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    row = await store.commit(KEY, Ledger(label="after"), version=row.version)
    await store.close()
    sys.stdout.write(f"{row.version} {row.ledger.label}\n")


async def test_after_a_failing_disk_the_same_store_goes_on(opened, tmp_path: Path):
    path = tmp_path / "state.db"
    ran = subprocess.run(
        [sys.executable, __file__, path],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert ran.stderr == ""
    says, after = ran.stdout.splitlines()
    assert says == f"state {path}{FAILED}"
    (row,) = (await (await opened(path)).load()).values()
    assert f"{row.version} {row.ledger.label}" == after


if __name__ == "__main__":
    asyncio.run(in_a_small_world(sys.argv[1]))
