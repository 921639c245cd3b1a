"""The outbox: lines are stored with the row that they tell of, and leave once they are delivered."""

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest

from collector.errors import Conflict, StateError
from collector.ledger import Ledger
from collector.model import Key
from tests.store.make_sample import DATA

KEY, OTHER = Key("prod", "wf-1"), Key("prod", "wf-2")


@pytest.fixture(params=["sqlite", "memory"])
async def store(request, opened, tmp_path: Path):
    return await opened("memory:" if request.param == "memory" else tmp_path / "state.db")


async def told(store, most: int = 99) -> list[bytes]:
    return [line for _, line in await store.waiting(most)]


async def test_lines_wait_in_the_order_in_which_they_came_until_they_are_delivered(store):
    assert await told(store) == []
    for version in range(3):
        await store.commit(
            KEY, Ledger(label=str(version)), version=version, lines=(b"%d a" % version, b"%d b" % version)
        )
    assert await told(store) == [b"0 a", b"0 b", b"1 a", b"1 b", b"2 a", b"2 b"]

    oldest = await store.waiting(4)
    await store.delivered([number for number, _ in oldest])

    assert [line for _, line in oldest] == [b"0 a", b"0 b", b"1 a", b"1 b"]
    assert await told(store) == [b"2 a", b"2 b"]
    await store.delivered([number for number, _ in oldest])
    await store.commit(KEY, Ledger(), version=3, lines=(b"3 a",))
    assert await told(store) == [b"2 a", b"2 b", b"3 a"]


async def test_what_was_delivered_gives_its_number_to_nobody_else(store):
    await store.commit(KEY, Ledger(), version=0, lines=(b"a", b"b"))
    first = [number for number, _ in await store.waiting(9)]
    await store.delivered(first)
    await store.commit(KEY, Ledger(), version=1, lines=(b"c",))

    assert (await store.waiting(9))[0][0] not in first


async def test_who_loses_the_race_leaves_no_line_and_takes_no_other_along(store):
    await store.commit(KEY, Ledger(), version=0)
    late, fine = await asyncio.gather(
        store.commit(KEY, Ledger(), version=0, lines=(b"never",)),
        store.commit(OTHER, Ledger(), version=0, lines=(b"fine",)),
        return_exceptions=True,
    )

    assert isinstance(late, Conflict)
    assert fine.version == 1
    assert await told(store) == [b"fine"]


async def test_past_the_bound_the_oldest_are_dropped_and_counted(store):
    await store.commit(KEY, Ledger(), version=0, lines=tuple(b"%d" % n for n in range(10)))
    assert await store.trim(10) == 0
    assert await store.trim(3) == 7
    assert await told(store) == [b"7", b"8", b"9"]
    await store.delivered([number for number, _ in await store.waiting(9)])
    assert await store.trim(0) == 0


async def test_lines_outlive_the_process(opened, tmp_path: Path):
    store = await opened(tmp_path / "state.db")
    await store.commit(KEY, Ledger(), version=0, lines=("流程".encode(),))
    await store.close()

    assert await told(await opened(tmp_path / "state.db")) == ["流程".encode()]


async def test_a_commit_that_fails_leaves_neither_row_nor_line(opened, tmp_path: Path):
    store = await opened(tmp_path / "state.db")
    with pytest.raises(StateError):
        await store.commit(KEY, Ledger(), version=0, lines=(b"first", object()))  # type: ignore[arg-type]

    assert (await store.load(), await told(store)) == ({}, [])


async def test_a_state_without_an_outbox_gets_one_and_stays_what_an_earlier_version_opens(opened, tmp_path: Path):
    path = tmp_path / "state.db"
    shutil.copy(DATA / "state-1.db", path)
    with sqlite3.connect(path) as before:
        ((schema,), tables) = before.execute("PRAGMA user_version").fetchone(), _tables(before)
    before.close()
    assert "outbox" not in tables
    store = await opened(path)
    await store.commit(KEY, Ledger(), version=0, lines=(b"told",))
    assert await told(store) == [b"told"]
    await store.close()

    with sqlite3.connect(path) as after:
        assert after.execute("PRAGMA user_version").fetchone() == (schema,)
        assert tables.items() <= _tables(after).items(), "what it knows is as it was"
    after.close()


def _tables(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").fetchall())
