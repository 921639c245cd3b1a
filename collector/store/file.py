"""The state file: how it is created, recognised, locked and checked before its first use.

Nothing here ever overwrites or deletes a file that was there.
"""

import contextlib
import errno
import os
import sqlite3
import stat
import tempfile
from pathlib import Path
from urllib.parse import quote

from collector.errors import StateError, StateNewer
from collector.store import mounts, table, wording

LOG = "-wal"
PIECE = 1024 * 1024
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
WAL_KEPT = 16 * 1024 * 1024
SYNCHRONOUS_FULL = 2
HEADER = 100


def connect(path: Path) -> sqlite3.Connection:
    """Open the state, created where it is not there, and hold it alone.

    Raises `StateLocked` where another process holds it, `StateNewer` where a newer version wrote it (left untouched),
    else `StateError`; each sentence names the file.
    """
    try:
        _refuse_network(path)
        if not path.exists():
            _refuse_lost(path)
            _create(path)
        _refuse_strange(path)
        _recognise(path)
        connection = sqlite3.connect(path, timeout=0.0, isolation_level=None)
        try:
            _prepare(path, connection)
        except BaseException:
            connection.close()
            raise
    except OSError as error:
        raise wording.of_system(path, error) from None
    except sqlite3.Error as error:
        raise wording.of_sqlite(path, error) from None
    return connection


def _create(path: Path) -> None:
    """Make an empty state under another name and only then give it its own: a half-made file is never taken for one."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    draft = Path(name)
    try:
        os.fchmod(descriptor, stat.S_IRUSR | stat.S_IWUSR)  # whatever the umask took away
        with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            connection.executescript(table.SCHEMA_SQL)
        os.fsync(descriptor)
        with contextlib.suppress(FileExistsError):  # another process was faster; the lock decides
            _name(draft, path)
    finally:
        os.close(descriptor)
        draft.unlink(missing_ok=True)


def _name(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)  # unlike a rename, never replaces a file that came up meanwhile
    except OSError as error:
        if error.errno not in NO_LINKS or path.exists():
            raise
        draft.rename(path)


def _refuse_network(path: Path) -> None:
    kind = mounts.network(Path(os.path.realpath(path)))  # unlike `resolve`, goes along with a link to itself
    if kind:
        msg = (
            f"state {path} lies on a network file system ({kind}), where no lock can be relied on; {wording.ELSEWHERE}"
        )
        raise StateError(msg)


def _refuse_lost(path: Path) -> None:
    """A disk that is not there yet, most likely; a state made beside it would be another one."""
    if path.is_symlink():
        msg = f"state {path} is a link that leads to no file; mend the link, or remove it to start anew"
        raise StateError(msg)


def _refuse_strange(path: Path) -> None:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        msg = f"state {path} is not a file; name another place"
        raise StateError(msg)
    if not found.st_size:
        msg = f"state {path} is empty, as a full disk or a lost file leaves it; {wording.DAMAGED}"
        raise StateError(msg)
    if found.st_size < HEADER:  # SQLite would take it for an empty database
        msg = f"state {path}{wording.STRANGE}"
        raise StateError(msg)
    if not os.access(path, os.R_OK | os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _recognise(path: Path) -> None:
    """Refuse what is not ours through a connection that cannot write, lock or leave a file beside it.

    Not by reading the file: closing it would give away the lock of another connection in this process.
    """
    address = f"file:{quote(os.fsencode(path))}?mode=ro&immutable=1"
    with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
        # A process that was killed amid a checkpoint leaves a file shorter than its first page says; the rest stands
        # in the log, which is not read here. Without this that would be taken for damage.
        connection.execute("PRAGMA writable_schema = ON")
        _versions(path, connection)
        # Without the log rows may look torn from here; they are looked at again under the lock.
        with contextlib.suppress(sqlite3.DatabaseError):
            _formats(path, connection)


def _versions(path: Path, connection: sqlite3.Connection) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (schema,) = connection.execute("PRAGMA user_version").fetchone()
    if application != table.APPLICATION_ID:
        msg = f"state {path} is another program's database; name another file"
        raise StateError(msg)
    if schema > table.SCHEMA:
        msg = f"state {path} was written by a newer version of this program; use that version, or another state file"
        raise StateNewer(msg)


def _formats(path: Path, connection: sqlite3.Connection) -> None:
    newer = table.newer(connection)
    if newer:
        msg = (
            f"state {path}: the row of workflow {newer.workflow_id!r} in project {newer.project!r} was written by a "
            "newer version of this program; use that version, or another state file"
        )
        raise StateNewer(msg)


def _write_through(path: Path) -> None:
    """Put on the disk what the log holds, and the names of both files.

    An fsync that failed in an earlier process leaves pages that are read and were never written: the system takes them
    for clean from then on. What is shown from now on would rest on them, and all that follows them in the log too.
    Written once more, with what they hold, they are on the disk when this returns. Only under the lock.
    """
    log = os.open(f"{path}{LOG}", os.O_RDWR)
    try:
        at = 0
        while piece := os.pread(log, PIECE, at):
            at += os.pwrite(log, piece, at)
        os.fsync(log)
    finally:
        os.close(log)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _prepare(path: Path, connection: sqlite3.Connection) -> None:
    """Take the lock for good, make commits durable, and look for damage."""
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # first: then the log needs no shared memory
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")  # macOS; elsewhere without effect
    connection.execute(f"PRAGMA journal_size_limit = {WAL_KEPT}")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("COMMIT")
    synchronous = connection.execute("PRAGMA synchronous").fetchone()
    if mode != ("wal",) or synchronous != (SYNCHRONOUS_FULL,):
        msg = f"state {path}: SQLite cannot write through to the disk here; name another place"
        raise StateError(msg)
    _write_through(Path(os.path.realpath(path)))  # a link to the state has its log beside the state
    _versions(path, connection)
    _formats(path, connection)
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        msg = f"state {path} is damaged ({' '.join(found.split())}); {wording.DAMAGED}"
        raise StateError(msg)
    connection.execute(table.PASSES_SQL)
    connection.execute(table.OUTBOX_SQL)
