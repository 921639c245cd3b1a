"""Where the event log goes: a file that others may rotate meanwhile, or standard output. Blocking; raises `OSError`."""

import errno
import os
import select
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

MODE = 0o640
"""Of a file that is not there yet: readable for the group, in which whoever ships logs usually is."""
LONGEST = 256 * 1024
"""How far back a line that was cut off is looked for, in bytes; ours are far shorter."""
AT_ONCE = select.PIPE_BUF
"""What a pipe that takes anything takes whole, without making us wait."""
PATIENCE = 1.0
"""Seconds that a reader of standard output may be busy with something else."""


class Place(Protocol):
    """Takes lines."""

    def write(self, lines: Sequence[bytes]) -> None:
        """Write lines, each with a line end; they are safe when this returns. Raises `OSError`."""
        ...

    def close(self) -> None:
        """Let go of it; the next `write` opens it anew."""
        ...


class File:
    """A file that lines are appended to. Where its name leads to another file by now, that is taken."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def __str__(self) -> str:
        return f"event log {self._path}"

    def write(self, lines: Sequence[bytes]) -> None:
        """Append lines; they are on the disk when this returns."""
        for _ in range(2):
            file = self._opened()
            rest = memoryview(_mend(file, lines) + b"".join(line + b"\n" for line in lines))
            while rest:
                rest = rest[os.write(file, rest) :]
            os.fsync(file)
            if os.fstat(file).st_nlink:
                return  # else it was deleted meanwhile, and nobody will ever read it

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        if self._file is not None and not self._leads_to(self._file):
            self.close()
        if self._file is None:
            # Whatever else stands there may make nobody wait.
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
            file = os.open(self._path, flags, MODE)
            if not stat.S_ISREG(os.fstat(file).st_mode):
                os.close(file)
                raise OSError(errno.EINVAL, "it is no file")
            self._file = file
            self._name_is_safe()
        return self._file

    def _leads_to(self, file: int) -> bool:
        with suppress(FileNotFoundError):
            return os.path.samestat(self._path.stat(), os.fstat(file))
        return False

    def _name_is_safe(self) -> None:
        with suppress(PermissionError):  # who may write there may not be allowed to list it
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def _mend(file: int, lines: Sequence[bytes]) -> bytes:
    """What ends a line that a crash or a full disk cut off: its own rest where it is one of these, and a line end."""
    size = os.fstat(file).st_size
    torn = os.pread(file, LONGEST, max(0, size - LONGEST)).rpartition(b"\n")[2]
    if not torn:
        return b""
    return next((line[len(torn) :] for line in lines if line.startswith(torn)), b"") + b"\n"


class Standard:
    """Standard output. A line that was cut off there is ended first the next time."""

    def __init__(self) -> None:
        self._torn = b""

    def __str__(self) -> str:
        return "event log on standard output"

    def write(self, lines: Sequence[bytes]) -> None:
        """Write lines. Raises `TimeoutError` where nobody takes them for so long that others would wait for it."""
        if sys.__stdout__ is None:  # what has its number now may be anything
            raise OSError(errno.EBADF, "it is closed")
        output, data, done = sys.__stdout__.fileno(), self._torn + b"".join(line + b"\n" for line in lines), 0
        ready = select.poll()
        ready.register(output, select.POLLOUT)
        try:
            while done < len(data):
                if not ready.poll(PATIENCE * 1000):
                    raise TimeoutError(errno.ETIMEDOUT, "nobody reads it")
                done += os.write(output, data[done : done + AT_ONCE])
        except OSError:
            if done:
                cut = not data.endswith(b"\n", 0, done)
                self._torn = data[done : data.index(b"\n", done) + 1] if cut else b""
            raise
        self._torn = b""
        if stat.S_ISREG(os.fstat(output).st_mode):
            os.fsync(output)

    def close(self) -> None:
        """Nothing is let go of: it is not ours."""
