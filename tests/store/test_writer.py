"""How the SQLite writer groups, answers and fails."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from collector.clock import Clock
from collector.errors import Conflict, StateError
from collector.ledger import Ledger
from collector.model import Key
from collector.store import Row, open_store

PATIENCE = 10


class Traced:
    """Every statement that reaches SQLite; `BEGIN` and `COMMIT` can be held up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statements: list[str] = []
        self.holds = ""
        self.held = threading.Event()
        self.free = threading.Event()
        connect = sqlite3.connect

        def traced(*args, **more) -> sqlite3.Connection:
            connection = connect(*args, **more)
            connection.set_trace_callback(self._saw)
            return connection

        monkeypatch.setattr(sqlite3, "connect", traced)

    def _saw(self, statement: str) -> None:
        self.statements.append(statement)
        if statement == self.holds:
            self.held.set()
            assert self.free.wait(PATIENCE)

    def hold(self, statement: str) -> None:
        self.statements.clear()
        self.holds = statement

    async def until_held(self) -> None:
        assert await asyncio.to_thread(self.held.wait, PATIENCE)

    def go(self) -> None:
        self.holds = ""
        self.free.set()


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> Traced:
    return Traced(monkeypatch)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def key(n: int) -> Key:
    return Key("prod", f"wf-{n}")


async def test_commits_that_wait_share_a_transaction(opened, path: Path, traced: Traced, commits):
    store = await opened(path)
    traced.hold("COMMIT")
    first = asyncio.create_task(store.commit(key(0), Ledger(), version=0))
    await traced.until_held()
    others = [asyncio.create_task(store.commit(key(n), Ledger(), version=0)) for n in range(1, 101)]
    await asyncio.sleep(0)
    traced.go()
    await asyncio.gather(first, *others)

    assert traced.statements.count("COMMIT") == 2
    assert [fact.rows for fact in commits("ok")] == [1, 100]
    assert len(await store.load()) == 101


async def test_a_commit_is_acknowledged_only_when_sqlite_has_it(opened, path: Path, traced: Traced, commits):
    store = await opened(path)
    traced.hold("COMMIT")
    task = asyncio.create_task(store.commit(key(0), Ledger(), version=0))
    await traced.until_held()
    done, _ = await asyncio.wait([task], timeout=0.2)

    assert not done
    assert not commits("ok")
    traced.go()
    assert await task == Row(Ledger(), 1)
    assert len(commits("ok")) == 1


async def test_a_cancelled_caller_leaves_its_commit_alone(opened, path: Path, traced: Traced):
    store = await opened(path)
    traced.hold("COMMIT")
    held = asyncio.create_task(store.commit(key(0), Ledger(), version=0))
    await traced.until_held()
    queued = asyncio.create_task(store.commit(key(1), Ledger(), version=0))
    await asyncio.sleep(0)
    patient = asyncio.create_task(store.commit(key(2), Ledger(), version=0))
    await asyncio.sleep(0)
    for task in (held, queued):
        task.cancel()
    await asyncio.wait([held, queued])
    assert held.cancelled()
    assert queued.cancelled()
    traced.go()

    async with asyncio.timeout(PATIENCE):
        assert await patient == Row(Ledger(), 1)
    assert set(await store.load()) == {key(0), key(1), key(2)}


async def test_closing_waits_for_what_was_handed_in(opened, path: Path, traced: Traced):
    store = await opened(path)
    traced.hold("COMMIT")
    tasks = [asyncio.create_task(store.commit(key(n), Ledger(), version=0)) for n in range(5)]
    await traced.until_held()
    closing = asyncio.create_task(store.close())
    await asyncio.sleep(0)
    traced.go()
    await closing

    assert [row.version for row in await asyncio.gather(*tasks)] == [1] * 5
    again = await opened(path)
    assert len(await again.load()) == 5


async def test_a_closed_store_refuses_work_instead_of_hanging(opened, path: Path):
    store = await opened(path)
    await store.close()

    with pytest.raises(StateError, match=r"state\.db is closed"):
        await store.commit(key(0), Ledger(), version=0)


async def test_a_conflict_is_a_fact_of_its_own(opened, path: Path, commits):
    store = await opened(path)
    await store.commit(key(0), Ledger(), version=0)
    await asyncio.gather(
        store.commit(key(0), Ledger(), version=0),
        store.commit(key(1), Ledger(), version=0),
        return_exceptions=True,
    )

    assert sum(fact.rows for fact in commits("ok")) == 2
    (conflict,) = commits("conflict")
    assert conflict.rows == 1
    assert "wf-0" in conflict.says
    assert not commits("failed")


async def test_rows_of_one_workflow_may_share_a_group(opened, path: Path, traced: Traced):
    store = await opened(path)
    traced.hold("COMMIT")
    first = asyncio.create_task(store.commit(key(0), Ledger(), version=0))
    await traced.until_held()
    second = asyncio.create_task(store.commit(key(1), Ledger(label="a"), version=0))
    third = asyncio.create_task(store.commit(key(1), Ledger(label="b"), version=1))
    await asyncio.sleep(0)
    traced.go()
    await asyncio.gather(first, second, third)

    assert await store.fetch(key(1)) == Row(Ledger(label="b"), 2)


async def test_every_transaction_takes_the_write_lock_at_its_start(opened, path: Path, traced: Traced):
    store = await opened(path)
    traced.statements.clear()
    await store.commit(key(0), Ledger(), version=0)
    await store.load()
    await store.watched([key(0)], 1)
    await store.sweep([], 0)

    assert [statement for statement in traced.statements if "BEGIN" in statement] == ["BEGIN IMMEDIATE"] * 4


async def test_the_log_needs_no_shared_memory(opened, path: Path):
    store = await opened(path)
    await store.commit(key(0), Ledger(), version=0)

    assert {found.name for found in path.parent.iterdir()} == {"state.db", "state.db-wal"}


async def test_text_that_cannot_be_stored_fails_alone(opened, path: Path):
    store = await opened(path)
    answers = await asyncio.gather(
        store.commit(key(0), Ledger(), version=0),
        store.commit(Key("prod", "\ud83d"), Ledger(), version=0),
        return_exceptions=True,
    )

    assert [type(answer) for answer in answers] == [Row, StateError]


async def test_a_deleted_file_is_noticed_before_anything_is_lost(opened, path: Path, commits):
    store = await opened(path)
    await store.commit(key(0), Ledger(), version=0)
    aside = path.with_name("aside.db")
    path.rename(aside)

    with pytest.raises(StateError, match=r"state\.db was moved, deleted or replaced while in use"):
        await store.commit(key(1), Ledger(), version=0)
    path.write_bytes(b"another file")
    with pytest.raises(StateError, match="moved, deleted or replaced"):
        await store.commit(key(1), Ledger(), version=0)
    assert len(commits("failed")) == 2

    path.unlink()
    aside.rename(path)
    assert (await store.commit(key(1), Ledger(), version=0)).version == 1


async def test_whatever_goes_wrong_in_a_group_the_writer_lives_on(opened, path: Path, monkeypatch, commits):
    store = await opened(path)

    def fails(*_: object, **__: object) -> bool:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("collector.store.table.upsert", fails)
        with pytest.raises(StateError, match="MemoryError"):
            await store.commit(key(0), Ledger(), version=0)
    assert len(commits("failed")) == 1
    assert store.turning(Clock().monotonic())
    assert (await store.commit(key(0), Ledger(), version=0)).version == 1


async def test_a_listener_that_fails_keeps_no_caller_waiting(path: Path):
    faults = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context["exception"]))

    def listens(_: object) -> None:
        raise ZeroDivisionError

    store = await open_store(f"sqlite:{path}", clock=Clock(), emit=listens)
    async with asyncio.timeout(PATIENCE):
        await store.commit(key(0), Ledger(), version=0)
    await store.close()
    assert [type(fault) for fault in faults] == [ZeroDivisionError]


async def test_a_writer_that_hangs_in_the_disk_does_not_turn(opened, path: Path, traced: Traced):
    store = await opened(path)
    traced.hold("COMMIT")
    task = asyncio.create_task(store.commit(key(0), Ledger(), version=0))
    await traced.until_held()
    now = Clock().monotonic()

    assert store.turning(now)
    assert not store.turning(now + 60)
    traced.go()
    await task
    await store.fetch(key(0))
    assert store.turning(now + 60)


async def test_a_conflict_can_be_mended_by_fetching(opened, path: Path):
    store = await opened(path)
    await store.commit(key(0), Ledger(label="theirs"), version=0)
    with pytest.raises(Conflict):
        await store.commit(key(0), Ledger(label="mine"), version=0)
    row = await store.fetch(key(0))

    assert (await store.commit(key(0), Ledger(label="mine"), version=row.version)).version == 2
