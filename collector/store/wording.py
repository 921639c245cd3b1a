"""What goes wrong with a state file, as one sentence for the person who can mend it."""

import errno
import os
import sqlite3
from pathlib import Path

from collector.errors import StateError, StateLocked

DAMAGED = "restore a copy, or move it away to start anew"
ELSEWHERE = "name a place on a disk of this machine"
STRANGE = " is not a state file of this program, or its beginning is damaged; name another one"
_READONLY = " cannot be written; check the permissions of the file and its folder, and how it is mounted"
_FAILING = ": the disk failed to read or write; check the disk, its quota and limits, and whether it became read-only"
_SAYS = {
    sqlite3.SQLITE_FULL: ": the disk is full; free some space, counting goes on by itself",
    sqlite3.SQLITE_READONLY: _READONLY,
    sqlite3.SQLITE_PERM: _READONLY,
    sqlite3.SQLITE_CANTOPEN: " cannot be opened; check that its folder exists and may be written",
    sqlite3.SQLITE_IOERR: _FAILING,
    sqlite3.SQLITE_CORRUPT: f" is damaged; {DAMAGED}",
    sqlite3.SQLITE_NOTADB: STRANGE,
}
_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
PRIMARY = 0xFF


def of_sqlite(path: Path, error: sqlite3.Error) -> StateError:
    """The error that a database error means."""
    code = getattr(error, "sqlite_errorcode", 0) & PRIMARY
    if code in _LOCKED:
        return StateLocked(f"state {path} is in use by another process; stop that one, or name another state file")
    return StateError(f"state {path}{_SAYS.get(code, f': {error}')}")


def of_system(path: Path, error: OSError) -> StateError:
    """The error that a failed call of the operating system means."""
    if error.errno == errno.ENOENT:
        return StateError(f"state {path}: the folder {path.parent} does not exist; create it")
    if error.errno == errno.ENOTDIR:
        return StateError(f"state {path}: {path.parent} is not a folder; name another place")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StateError(f"state {path}{_READONLY}")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StateError(f"state {path}: the disk is full; free some space")
    if error.errno == errno.EIO:
        return StateError(f"state {path}{_FAILING}")
    return StateError(f"state {path}: {os.strerror(error.errno or 0)}")
