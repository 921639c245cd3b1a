"""The thread that owns the connection: it groups the commits that wait, and answers once they are on the disk."""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from collector.clock import Clock
from collector.errors import Conflict, StateError
from collector.failpoint import failpoint
from collector.model import Committed, Key
from collector.store import file, table, wording
from collector.store.row import moved_on

T = TypeVar("T")
GROUP = 1000
"""At most this many requests are taken at once."""
STUCK = 30.0
"""Seconds after which work that has not ended means that the disk hangs."""


@dataclass(slots=True, eq=False)
class Commit:
    """A row to be written, made from `version`, and the lines that go to the outbox with it."""

    key: Key
    packed: bytes
    version: int
    lines: Sequence[bytes]
    done: asyncio.Future[None]


@dataclass(slots=True, eq=False)
class Call:
    """Anything else to be done with the connection, in a transaction of its own."""

    work: Callable[[sqlite3.Connection], Any]
    done: asyncio.Future[Any]


Answer = tuple[asyncio.Future[Any], Any, Exception | None]


class Writer:
    """Hands work to the thread; awaited answers arrive on the event loop that made it, facts just before them."""

    def __init__(self, path: Path, *, clock: Clock, emit: Callable[[Committed], None]) -> None:
        self._path = path
        self._clock = clock
        self._emit = emit
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[Commit | Call | None] = SimpleQueue()
        self._identity: tuple[int, int] | None = None
        self._busy_since: float | None = None
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="state-writer", daemon=True)

    async def open(self) -> None:
        """Start the thread and open the file there; raises `StateError`."""
        self._thread.start()
        try:
            await self._opened
        except asyncio.CancelledError:
            self._queue.put(None)
            raise

    async def commit(self, key: Key, packed: bytes, version: int, lines: Sequence[bytes] = ()) -> None:
        """Write a row made from `version` and `lines` with it; both are on the disk when this returns.

        Raises `Conflict` or `StateError`, and then neither is. A cancelled caller leaves the commit alone: what was
        handed in happens.
        """
        try:
            (key.project + key.workflow_id).encode()
        except UnicodeEncodeError:
            # Alone, so that it does not take its group along.
            msg = f"state {self._path}: {key.project!r}, {key.workflow_id!r} is not Unicode text and cannot be stored"
            raise StateError(msg) from None
        commit = Commit(key, packed, version, lines, self._loop.create_future())
        self._hand_in(commit)
        await commit.done

    async def call(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something else with the connection, in a transaction; raises `StateError`."""
        done: asyncio.Future[T] = self._loop.create_future()
        self._hand_in(Call(work, done))
        return await done

    def turning(self, now: float) -> bool:
        """Whether the thread lives and is not stuck; `now` is on the monotonic clock."""
        since = self._busy_since
        return self._thread.is_alive() and (since is None or now - since < STUCK)

    async def close(self) -> None:
        """Wait for what was handed in, then close the connection."""
        if not self._closing:
            self._closing = True
            self._queue.put(None)
        await asyncio.shield(self._closed)

    def _hand_in(self, work: Commit | Call) -> None:
        if self._closing:
            msg = f"state {self._path} is closed"
            raise StateError(msg)
        self._queue.put(work)

    # Everything below runs in the thread alone, but for `_deliver`.

    def _run(self) -> None:
        try:
            connection = file.connect(self._path)
            found = self._path.stat()
        except Exception as error:  # noqa: BLE001  the caller awaits it
            self._answer([(self._opened, None, error)])
            return
        self._identity = found.st_dev, found.st_ino
        self._answer([(self._opened, None, None)])
        try:
            while (first := self._queue.get()) is not None:
                self._work(connection, self._waiting(first))
        finally:
            with contextlib.suppress(sqlite3.Error):  # everything acknowledged is in the log already
                connection.close()
            self._answer([(self._closed, None, None)])

    def _waiting(self, first: Commit | Call) -> list[Commit | Call]:
        work = [first]
        with contextlib.suppress(Empty):
            while len(work) < GROUP:
                more = self._queue.get_nowait()
                if more is None:
                    self._queue.put(None)
                    break
                work.append(more)
        return work

    def _work(self, connection: sqlite3.Connection, work: list[Commit | Call]) -> None:
        group: list[Commit] = []
        for each in work:
            if isinstance(each, Commit):
                group.append(each)
                continue
            self._commit(connection, group)
            group = []
            self._call(connection, each)
        self._commit(connection, group)

    def _commit(self, connection: sqlite3.Connection, group: list[Commit]) -> None:
        if not group:
            return
        began = self._busy_since = self._clock.monotonic()
        now = self._clock.now()
        try:
            self._still_there()
            failpoint("commit-before")
            with table.transaction(connection):
                stored = [
                    table.upsert(connection, each.key, each.packed, version=each.version, now=now) for each in group
                ]
                lines = [line for each, written in zip(group, stored, strict=True) if written for line in each.lines]
                if lines:
                    table.put(connection, lines)
                failpoint("commit-inside")
            failpoint("commit-after")
        except Exception as error:  # noqa: BLE001  whatever it is, the callers learn it and the thread lives
            fault = self._fault(error)
            failed = self._fact("failed", len(group), began, str(fault))
            self._answer([(each.done, None, type(fault)(str(fault))) for each in group], [failed])
            return
        moved = [each.key for each, written in zip(group, stored, strict=True) if not written]
        facts = [self._fact("ok", len(group) - len(moved), began)] if len(moved) < len(group) else []
        facts += [self._fact("conflict", 1, began, moved_on(key)) for key in moved]
        self._answer(
            [
                (each.done, None, None if written else Conflict(moved_on(each.key)))
                for each, written in zip(group, stored, strict=True)
            ],
            facts,
        )

    def _call(self, connection: sqlite3.Connection, call: Call) -> None:
        self._busy_since = self._clock.monotonic()
        try:
            self._still_there()
            with table.transaction(connection):
                result = call.work(connection)
        except Exception as error:  # noqa: BLE001  whatever it is, the caller learns it and the thread lives
            self._answer([(call.done, None, self._fault(error))])
        else:
            self._answer([(call.done, result, None)])

    def _still_there(self) -> None:
        """Refuse to go on writing into a file that its name no longer leads to: nobody would ever read it again."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            found = None
        if found is None or (found.st_dev, found.st_ino) != self._identity:
            msg = f"state {self._path} was moved, deleted or replaced while in use; put it back, or start again"
            raise StateError(msg)

    def _fault(self, error: Exception) -> StateError:
        if isinstance(error, StateError):
            return error
        if isinstance(error, sqlite3.Error):
            return wording.of_sqlite(self._path, error)
        if isinstance(error, OSError):
            return wording.of_system(self._path, error)
        return StateError(f"state {self._path}: {type(error).__name__}: {error}")

    def _fact(self, outcome: str, rows: int, began: float, says: str | None = None) -> Committed:
        seconds = self._clock.monotonic() - began
        return Committed(outcome=outcome, at=self._clock.now(), rows=rows, seconds=seconds, says=says)

    def _answer(self, answers: list[Answer], facts: Iterable[Committed] = ()) -> None:
        self._busy_since = None
        with contextlib.suppress(RuntimeError):  # the event loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._deliver, answers, facts)

    def _deliver(self, answers: list[Answer], facts: Iterable[Committed]) -> None:
        try:
            for fact in facts:
                self._emit(fact)
        finally:
            for done, result, error in answers:
                if done.done():  # its caller was cancelled
                    continue
                if error:
                    done.set_exception(error)
                else:
                    done.set_result(result)
