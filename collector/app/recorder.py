"""Saves what the service answers, so that it can be shown to others: redacted, an answer a line."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from collector import __version__
from collector.aom import Exchange, Redactor
from collector.errors import RecordingError

FORMAT = "aom-collector recording"
NUMBER = 1


class Recorder:
    """Writes each answer as it is heard. `answers`: how many it has written."""

    def __init__(self, file: IO[str]) -> None:
        self.answers = 0
        self.fault: OSError | None = None
        self._file = file
        self._redactor = Redactor()
        self._write({"format": FORMAT, "number": NUMBER, "version": __version__, "redacted": True})

    def heard(self, exchange: Exchange) -> None:
        """Write down an answer, if it is one for others."""
        entry = self._redactor.entry(exchange)
        if entry is not None and self.fault is None:
            self._write(entry)
            self.answers += 1

    def _write(self, line: dict[str, object]) -> None:
        try:
            self._file.write(json.dumps(line, ensure_ascii=True) + "\n")
        except OSError as error:
            self.fault = error  # said at the end: the service has nothing to do with it


@contextmanager
def recording(path: Path) -> Iterator[Recorder]:
    """Save what is heard meanwhile in a new file (mode 0600), which is there whole at the end, or not at all.

    Raises `RecordingError` where there is a file already, or where it cannot be written.
    """
    if os.path.lexists(path):
        raise _refused(path, "it is there already; give another name")
    try:
        file = tempfile.NamedTemporaryFile(  # noqa: SIM115  closed below, before it gets its name
            "w", dir=path.parent, prefix=f".{path.name}.", delete=False, encoding="utf-8"
        )
    except OSError as error:
        raise _refused(path, error.strerror) from None
    try:
        with file:
            recorder = Recorder(file)
            yield recorder
            _finish(recorder, file, path)
    finally:
        Path(file.name).unlink(missing_ok=True)


def _finish(recorder: Recorder, file: IO[str], path: Path) -> None:
    """Give a file that is whole its name."""
    try:
        if recorder.fault:
            raise recorder.fault
        file.flush()
        os.fsync(file.fileno())
        os.link(file.name, path)  # unlike a renaming, it takes no other file's place
    except FileExistsError:
        raise _refused(path, "it is there already; give another name") from None
    except OSError as error:
        raise _refused(path, error.strerror) from None


def _refused(path: Path, why: str | None) -> RecordingError:
    return RecordingError(f"{path} cannot be written: {why}")
