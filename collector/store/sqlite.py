"""State in one SQLite file: one writer thread, one connection that holds the file exclusively, commits grouped.

Write-ahead log with `synchronous=FULL`: what a commit acknowledged survives a power cut. A connection that never shares
its file needs no shared memory and cannot meet SQLite's races between connections.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar, cast

import msgspec

from collector.clock import Clock
from collector.errors import Conflict, StateError
from collector.ledger import Ledger
from collector.ledger.book import FORMAT, pack, unpack
from collector.model import Committed, Fact, Key
from collector.store import file
from collector.store.row import Row

T = TypeVar("T")
GROUP = 1000
"""At most this many rows go into one transaction."""


@dataclass(slots=True, eq=False)
class _Commit:
    key: Key
    packed: bytes
    version: int
    done: Future[None] = field(default_factory=Future)


@dataclass(slots=True, eq=False)
class _Call:
    work: Callable[[sqlite3.Connection], object]
    done: Future[object] = field(default_factory=Future)


class Sqlite:
    """Rows in a SQLite file that this process holds alone."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, *, clock: Clock, emit: Callable[[Fact], None]
    ) -> None:
        self._path = path
        self._connection = connection
        self._clock = clock
        self._emit = emit
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[_Commit | _Call | None] = SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="state-writer", daemon=True)
        self._writer.start()

    @classmethod
    async def open(cls, path: Path, *, clock: Clock, emit: Callable[[Fact], None]) -> "Sqlite":
        """Open or create the file and take its lock; raises `StateError` with one sentence that names the file."""
        connection = await asyncio.to_thread(file.connect, path)
        return cls(path, connection, clock=clock, emit=emit)

    async def load(self) -> dict[Key, Row]:
        """Every row there is."""
        found = await self._call(_all)
        return {Key(each[0], each[1]): self._row(*each) for each in found}

    async def fetch(self, key: Key) -> Row | None:
        """One row as it is now."""
        found = await self._call(lambda connection: _all(connection, key))
        return self._row(*found[0]) if found else None

    async def commit(self, key: Key, ledger: Ledger, *, version: int) -> Row:
        """Store a ledger made from `version`; durable when this returns. Raises `Conflict` or `StateError`."""
        commit = _Commit(key, pack(ledger), version)
        self._queue.put(commit)
        # A cancelled caller leaves the commit alone: what the writer has taken happens.
        await asyncio.shield(asyncio.wrap_future(commit.done))
        return Row(ledger, version + 1)

    async def watched(self, keys: Collection[Key], now: int) -> None:
        """Note that these workflows are watched now (ms)."""
        rows = [(now, key.project, key.workflow_id) for key in keys]
        statement = "UPDATE workflow SET watched_at = ? WHERE project = ? AND workflow_id = ?"
        await self._call(lambda connection: connection.executemany(statement, rows))

    async def sweep(self, keep: Collection[Key], before: int) -> int:
        """Delete rows outside `keep` that were last watched before `before` (ms); returns how many."""

        def delete(connection: sqlite3.Connection) -> int:
            old = connection.execute(
                "SELECT project, workflow_id FROM workflow WHERE watched_at < ?", (before,)
            ).fetchall()
            gone = [each for each in old if Key(*each) not in keep]
            connection.executemany("DELETE FROM workflow WHERE project = ? AND workflow_id = ?", gone)
            return len(gone)

        return await self._call(delete)

    async def close(self) -> None:
        """Wait for what was handed in, then let go of the file."""
        self._queue.put(None)
        await asyncio.to_thread(self._writer.join)

    async def _call(self, work: Callable[[sqlite3.Connection], T]) -> T:
        call = _Call(work)
        self._queue.put(call)
        return cast("T", await asyncio.shield(asyncio.wrap_future(call.done)))

    def _row(self, project: str, workflow: str, version: int, packed: bytes) -> Row:
        try:
            return Row(unpack(packed), version)
        except msgspec.MsgspecError:
            msg = (
                f"state {self._path}: the row of workflow {workflow!r} in project {project!r} is damaged; "
                "restore the file from a copy, or move it away to start anew"
            )
            raise StateError(msg) from None

    # The writer thread: everything below runs there alone.

    def _write(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                break
            work = [first]
            while len(work) < GROUP and not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    self._queue.put(None)
                    break
                work.append(more)
            self._commit_group([each for each in work if isinstance(each, _Commit)])
            for each in work:
                if isinstance(each, _Call):
                    self._answer(each)
        self._connection.close()

    def _commit_group(self, group: list[_Commit]) -> None:
        if not group:
            return
        began = self._clock.monotonic()
        try:
            with file.transaction(self._connection):
                moved = [commit for commit in group if not self._upsert(commit)]
        except sqlite3.Error as error:
            says = file.sentence(self._path, error)
            self._report("failed", len(group), began, says)
            for commit in group:
                commit.done.set_exception(StateError(says))
            return
        if len(group) > len(moved):
            self._report("ok", len(group) - len(moved), began)
        for commit in group:
            if commit in moved:
                msg = f"state {self._path}: workflow {commit.key.workflow_id!r} was changed by someone else"
                self._report("conflict", 1, began, msg)
                commit.done.set_exception(Conflict(msg))
            else:
                commit.done.set_result(None)

    def _upsert(self, commit: _Commit) -> bool:
        key = commit.key
        if commit.version:
            statement = (
                "UPDATE workflow SET version = ?, format = ?, ledger = ? "
                "WHERE project = ? AND workflow_id = ? AND version = ?"
            )
            values = (commit.version + 1, FORMAT, commit.packed, key.project, key.workflow_id, commit.version)
        else:
            statement = (
                "INSERT INTO workflow (version, format, ledger, project, workflow_id, watched_at) "
                "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
            )
            values = (1, FORMAT, commit.packed, key.project, key.workflow_id, self._clock.now())
        return self._connection.execute(statement, values).rowcount == 1

    def _answer(self, call: _Call) -> None:
        try:
            with file.transaction(self._connection):
                result = call.work(self._connection)
            call.done.set_result(result)
        except sqlite3.Error as error:
            call.done.set_exception(StateError(file.sentence(self._path, error)))

    def _report(self, outcome: str, rows: int, began: float, says: str | None = None) -> None:
        fact = Committed(outcome=outcome, rows=rows, seconds=self._clock.monotonic() - began, says=says)
        self._loop.call_soon_threadsafe(self._emit, fact)


def _all(connection: sqlite3.Connection, key: Key | None = None) -> list[tuple[str, str, int, bytes]]:
    where, values = ("WHERE project = ? AND workflow_id = ?", (key.project, key.workflow_id)) if key else ("", ())
    return connection.execute(
        f"SELECT project, workflow_id, version, ledger FROM workflow {where}",  # noqa: S608  the clause is one of two literals above
        values,
    ).fetchall()
