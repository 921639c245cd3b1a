"""What every kind of store promises."""

import asyncio
from pathlib import Path

import pytest

from collector.clock import Clock
from collector.errors import Conflict, StateError
from collector.ledger import Ledger
from collector.ledger.book import Count
from collector.model import Key, Status
from collector.store import Memory, Row, open_store

HOUR = 3_600_000
KEY = Key("prod", "wf-1")
OTHER = Key("prod", "wf-2")


class At(Clock):
    """A clock that stands still."""

    def now(self) -> int:
        return 10 * HOUR


def ledger(total: int, label: str = "nightly") -> Ledger:
    book = Ledger(project_id="p" * 32, label=label, since=1)
    book.executions.runs[Status.SUCCESS] = Count(total)
    return book


@pytest.fixture(params=["sqlite", "memory"])
async def store(request, opened, tmp_path: Path):
    where = "memory:" if request.param == "memory" else tmp_path / "state.db"
    return await opened(where, At())


async def test_a_new_store_holds_nothing(store):
    assert await store.load() == {}
    assert await store.fetch(KEY) is None


async def test_a_commit_returns_the_row_and_the_store_holds_it(store):
    row = await store.commit(KEY, ledger(1), version=0)

    assert row == Row(ledger(1), 1)
    assert await store.fetch(KEY) == row
    assert await store.load() == {KEY: row}


async def test_each_commit_starts_from_the_version_before(store):
    row = Row(ledger(0), 0)
    for total in range(1, 6):
        row = await store.commit(KEY, ledger(total), version=row.version)

    assert row == Row(ledger(5), 5)
    assert await store.load() == {KEY: row}


@pytest.mark.parametrize("version", [0, 1, 3])
async def test_a_commit_from_another_version_is_a_conflict_and_changes_nothing(store, version: int):
    await store.commit(KEY, ledger(1), version=0)
    kept = await store.commit(KEY, ledger(2), version=1)

    with pytest.raises(Conflict, match="workflow 'wf-1' in project 'prod' was changed by someone else"):
        await store.commit(KEY, ledger(9), version=version)

    assert await store.fetch(KEY) == kept


async def test_a_commit_to_a_row_that_is_gone_is_a_conflict(store):
    with pytest.raises(Conflict):
        await store.commit(KEY, ledger(1), version=1)

    assert await store.load() == {}


async def test_a_conflict_rejects_only_its_own_row(store):
    await store.commit(KEY, ledger(1), version=0)
    answers = await asyncio.gather(
        store.commit(Key("prod", "before"), ledger(2), version=0),
        store.commit(KEY, ledger(3), version=0),
        store.commit(Key("prod", "after"), ledger(4), version=0),
        return_exceptions=True,
    )

    assert [type(answer) for answer in answers] == [Row, Conflict, Row]
    found = {key.workflow_id: row.ledger for key, row in (await store.load()).items()}
    assert found == {"wf-1": ledger(1), "before": ledger(2), "after": ledger(4)}


async def test_of_many_writers_from_one_version_one_wins(store):
    answers = await asyncio.gather(
        *(store.commit(KEY, ledger(n), version=0) for n in range(20)), return_exceptions=True
    )

    won = [answer for answer in answers if isinstance(answer, Row)]
    assert len(won) == 1
    assert [type(answer) for answer in answers].count(Conflict) == 19
    assert await store.fetch(KEY) == won[0]


@pytest.mark.parametrize(
    "key",
    [
        Key("生产", "工作流-一"),
        Key("prod'; DROP TABLE workflow; --", 'quote " and \x00 inside'),
        Key("", "😀"),
        Key("a", "\u202e" + "x" * 64),
    ],
)
async def test_any_text_can_be_a_key(store, key: Key):
    row = await store.commit(key, ledger(1, label=key.workflow_id), version=0)

    assert await store.load() == {key: row}
    assert await store.fetch(key) == row


async def test_projects_keep_workflows_of_the_same_id_apart(store):
    mine = await store.commit(Key("a", "wf"), ledger(1), version=0)
    theirs = await store.commit(Key("b", "wf"), ledger(2), version=0)

    assert await store.load() == {Key("a", "wf"): mine, Key("b", "wf"): theirs}


async def test_a_sweep_deletes_what_was_last_watched_long_ago(store):
    for key in (KEY, OTHER):
        await store.commit(key, ledger(1), version=0)
    await store.watched([OTHER], 20 * HOUR)

    assert await store.sweep([], before=15 * HOUR) == 1
    assert list(await store.load()) == [OTHER]


async def test_a_sweep_keeps_what_it_is_told_to_keep(store):
    for key in (KEY, OTHER):
        await store.commit(key, ledger(1), version=0)

    assert await store.sweep([KEY], before=15 * HOUR) == 1
    assert list(await store.load()) == [KEY]


async def test_a_row_is_watched_from_its_first_commit_on(store):
    await store.commit(KEY, ledger(1), version=0)

    assert await store.sweep([], before=10 * HOUR) == 0
    assert await store.sweep([], before=10 * HOUR + 1) == 1


async def test_watching_makes_no_rows_and_moves_no_versions(store):
    row = await store.commit(KEY, ledger(1), version=0)
    await store.watched({KEY: 1, OTHER: 2}.keys(), 20 * HOUR)

    assert await store.load() == {KEY: row}
    assert (await store.commit(KEY, ledger(2), version=1)).version == 2
    assert await store.sweep([], before=20 * HOUR) == 0


async def test_a_swept_workflow_may_come_back_from_nothing(store):
    await store.commit(KEY, ledger(7), version=0)
    await store.sweep([], before=15 * HOUR)

    assert await store.commit(KEY, ledger(1), version=0) == Row(ledger(1), 1)


async def test_a_store_turns_and_may_be_closed_twice(store):
    assert store.turning(Clock().monotonic())
    await store.close()
    await store.close()


async def test_memory_may_begin_with_rows_read_elsewhere():
    store = Memory({KEY: Row(ledger(3), 8)}, clock=At())

    assert (await store.commit(KEY, ledger(4), version=8)).version == 9
    assert await store.sweep([], before=10 * HOUR) == 0


async def test_an_unknown_kind_of_state_is_refused():
    with pytest.raises(StateError, match="'postgresql' is not a kind of state this version knows"):
        await open_store("postgresql://host/db", clock=Clock(), emit=print)
