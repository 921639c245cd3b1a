"""The tables of a state file, and every statement on them."""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from collector.ledger.book import FORMAT
from collector.model import Key

APPLICATION_ID = 0x414F4D31
SCHEMA = 1
PASSES_SQL = "CREATE TABLE IF NOT EXISTS pass (project TEXT PRIMARY KEY, at INTEGER NOT NULL)"
"""When each project's workflow list was last read whole; made where a state does not have it yet."""
OUTBOX_SQL = "CREATE TABLE IF NOT EXISTS outbox (number INTEGER PRIMARY KEY AUTOINCREMENT, line BLOB NOT NULL)"
"""Lines of the event log that are not delivered yet, in the order in which they came; made likewise."""
SCHEMA_SQL = f"""
PRAGMA journal_mode = MEMORY;
BEGIN;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA};
CREATE TABLE workflow (
    project TEXT NOT NULL,
    workflow_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    format INTEGER NOT NULL,
    watched_at INTEGER NOT NULL,
    ledger BLOB NOT NULL,
    UNIQUE (project, workflow_id)
);
COMMIT;
"""
_HERE = "WHERE project = ? AND workflow_id = ?"


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, and on the disk when left."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A failing disk makes SQLite roll back by itself; then there is no transaction left to end.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def upsert(connection: sqlite3.Connection, key: Key, packed: bytes, *, version: int, now: int) -> bool:
    """Write a row made from `version` (0: there was none); False where the row has moved on. `now` in ms."""
    if version:
        statement = f"UPDATE workflow SET version = ?, format = ?, ledger = ? {_HERE} AND version = ?"  # noqa: S608  constant text
        values = (version + 1, FORMAT, packed, key.project, key.workflow_id, version)
    else:
        statement = (
            "INSERT INTO workflow (version, format, ledger, project, workflow_id, watched_at) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
        )
        values = (1, FORMAT, packed, key.project, key.workflow_id, now)
    return connection.execute(statement, values).rowcount == 1


def rows(connection: sqlite3.Connection, key: Key | None = None) -> Iterator[tuple[Key, int, bytes]]:
    """Key, version and packed ledger of every row, or of one."""
    statement = "SELECT project, workflow_id, version, ledger FROM workflow"
    found = (
        connection.execute(f"{statement} {_HERE}", (key.project, key.workflow_id))
        if key
        else connection.execute(statement)
    )
    for project, workflow_id, version, packed in found:
        yield Key(project, workflow_id), version, packed


def newer(connection: sqlite3.Connection) -> Key | None:
    """A row whose format this version does not know."""
    statement = "SELECT project, workflow_id FROM workflow WHERE format > ? LIMIT 1"
    found = connection.execute(statement, (FORMAT,)).fetchone()
    return Key(*found) if found else None


def watched(connection: sqlite3.Connection, keys: Collection[Key], now: int) -> None:
    """Note when these rows were last watched (ms)."""
    statement = f"UPDATE workflow SET watched_at = ? {_HERE}"  # noqa: S608  constant text
    connection.executemany(statement, [(now, key.project, key.workflow_id) for key in keys])


def passes(connection: sqlite3.Connection) -> dict[str, int]:
    """When the list of each project was last read whole (ms)."""
    return dict(connection.execute("SELECT project, at FROM pass").fetchall())


def passed(connection: sqlite3.Connection, project: str, at: int) -> None:
    """Note that a project's list was read whole at `at` (ms)."""
    connection.execute("INSERT OR REPLACE INTO pass (project, at) VALUES (?, ?)", (project, at))


def sweep(connection: sqlite3.Connection, keep: Collection[Key], before: int) -> int:
    """Delete the rows outside `keep` last watched before `before` (ms); returns how many."""
    statement = "SELECT project, workflow_id FROM workflow WHERE watched_at < ?"
    old = [each for each in connection.execute(statement, (before,)).fetchall() if Key(*each) not in keep]
    connection.executemany(f"DELETE FROM workflow {_HERE}", old)  # noqa: S608  constant text
    return len(old)


def put(connection: sqlite3.Connection, lines: Collection[bytes]) -> None:
    """Put lines at the end of the outbox."""
    connection.executemany("INSERT INTO outbox (line) VALUES (?)", [(line,) for line in lines])


def waiting(connection: sqlite3.Connection, most: int) -> list[tuple[int, bytes]]:
    """The oldest lines of the outbox by their numbers, at most so many."""
    return connection.execute("SELECT number, line FROM outbox ORDER BY number LIMIT ?", (most,)).fetchall()


def delivered(connection: sqlite3.Connection, numbers: Collection[int]) -> None:
    """Take these lines out of the outbox."""
    connection.executemany("DELETE FROM outbox WHERE number = ?", [(number,) for number in numbers])


def trim(connection: sqlite3.Connection, most: int) -> int:
    """Drop the oldest lines until no more than so many are left; returns how many."""
    statement = "DELETE FROM outbox WHERE number <= (SELECT max(number) FROM outbox) - ?"
    return connection.execute(statement, (most,)).rowcount
