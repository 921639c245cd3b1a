"""The state file: how it is created, recognised, opened and locked, and what its errors mean to a person.

Nothing here ever overwrites or deletes a file that was there.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collector.errors import StateError, StateLocked, StateNewer

APPLICATION_ID = 0x414F4D31
SCHEMA = 1
HEADER = 100
MAGIC = b"SQLite format 3\x00"

_SCHEMA_SQL = f"""
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
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open the state, created where it is not there, and hold it alone.

    Raises `StateLocked` where another process holds it, `StateNewer` where a newer version wrote it (left untouched),
    else `StateError`; each sentence names the file.
    """
    try:
        if not path.exists():
            _create(path)
        _recognise(path)
    except OSError as error:
        raise StateError(_of_system(path, error)) from None
    connection = sqlite3.connect(path, timeout=0.0, isolation_level=None, check_same_thread=False)
    try:
        _prepare(path, connection)
    except sqlite3.Error as error:
        connection.close()
        if "locked" in str(error):
            msg = f"state {path} is in use by another process; stop that one, or name another state file"
            raise StateLocked(msg) from None
        raise StateError(sentence(path, error)) from None
    except StateError:
        connection.close()
        raise
    return connection


def _create(path: Path) -> None:
    """Make an empty state under another name and only then give it its own: a half-made file is never taken for one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    try:
        connection = sqlite3.connect(draft, isolation_level=None)
        try:
            connection.executescript(_SCHEMA_SQL)
        except sqlite3.Error as error:
            raise StateError(sentence(path, error)) from None
        finally:
            connection.close()
        os.fsync(descriptor)
        os.link(draft, path)
    finally:
        os.close(descriptor)
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _recognise(path: Path) -> None:
    """Refuse what is not ours before anything is written to it."""
    with path.open("rb") as opened:
        header = opened.read(HEADER)
    if not header:
        msg = f"state {path} is empty, as a full disk or a lost file leaves it; restore a copy, or delete it to start anew"
        raise StateError(msg)
    if not header.startswith(MAGIC) or len(header) < HEADER:
        msg = f"state {path} is not a state file of this program; name another one"
        raise StateError(msg)
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        msg = f"state {path} is another program's database; name another file"
        raise StateError(msg)
    if int.from_bytes(header[60:64], "big") > SCHEMA:
        msg = f"state {path} was written by a newer version of this program; use that version"
        raise StateNewer(msg)


def _prepare(path: Path, connection: sqlite3.Connection) -> None:
    for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("COMMIT")
    if connection.execute("PRAGMA synchronous").fetchone() != (2,):
        msg = f"state {path}: SQLite does not write through to the disk here; name another place"
        raise StateError(msg)
    found = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != ("ok",):
        msg = f"state {path} is damaged ({found[0]}); restore a copy, or move it away to start anew"
        raise StateError(msg)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, and on disk when left."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A failing disk makes SQLite roll back by itself; then there is no transaction left to end.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def sentence(path: Path, error: sqlite3.Error) -> str:
    """What a database error means and what helps, in one sentence."""
    text = str(error)
    for part, meaning in (
        ("disk is full", "the disk is full; free some space, counting goes on by itself"),
        ("readonly", "it cannot be written; check the permissions of the file and its folder"),
        ("unable to open", "it cannot be opened; check that the folder exists and may be written"),
        ("malformed", "it is damaged; restore a copy, or move it away to start anew"),
        ("not a database", "it is damaged; restore a copy, or move it away to start anew"),
        ("disk I/O", "the disk failed to read or write; check the disk"),
    ):
        if part in text:
            return f"state {path}: {meaning}"
    return f"state {path}: {text}"


def _of_system(path: Path, error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return f"state {path}: the folder {path.parent} does not exist; create it"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"state {path} cannot be written; check the permissions of the file and its folder"
    if error.errno == errno.ENOSPC:
        return f"state {path}: the disk is full; free some space"
    return f"state {path}: {os.strerror(error.errno or 0)}"
