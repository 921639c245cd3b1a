"""A secret: written in the file, or in a file of its own that is read again when it changes."""

import os
import stat
import unicodedata
from pathlib import Path

from collector.errors import ConfigError, Fault

_LARGEST = 65536


class Secret:
    """A value that no log, error, page or `repr` shows.

    Two secrets are equal when they come from the same source: the same text, or the same file.
    """

    __slots__ = ("_key", "_path", "_signature", "_text")

    def __init__(self, text: str) -> None:
        self._text: str | None = text
        self._path: Path | None = None
        self._key = ""
        self._signature: tuple[int, int, int] | None = None

    @classmethod
    def of_file(cls, path: Path, *, key: str) -> "Secret":
        """A secret kept in a file; `key` is the configuration key that names it (`project[0].auth.token_file`)."""
        secret = cls("")
        secret._text, secret._path, secret._key = None, path, key
        return secret

    def reveal(self) -> str:
        """The value itself, without one newline at its end; a file is read again once it has changed.

        Raises `ConfigError` with one fault, naming key and file, where the file cannot be used.
        """
        if self._path is None:
            return self._text or ""
        try:
            signature = _signature(self._path.stat())
            if self._text is None or signature != self._signature:
                self._signature, self._text = self._read(self._path)
        except OSError as error:
            raise self._unusable(says=f"cannot be read: {error.strerror or error}") from None
        except ValueError:
            # A path with a NUL in it, or content that is not UTF-8: the exception's own text may quote what it read.
            raise self._unusable(says="is not UTF-8 text") from None
        return self._text

    def reread(self) -> None:
        """Forget what was read, so that the next `reveal` reads the file again; called after the service said 401."""
        if self._path is not None:
            self._text = self._signature = None

    def _read(self, path: Path) -> tuple[tuple[int, int, int], str]:
        # Opened without waiting: a pipe without a writer would otherwise stop the whole collector.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise self._unusable(says="is not a regular file")
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise self._unusable(says=f"holds more than {_LARGEST} bytes, which no secret does")
        text = content.decode().removesuffix("\n").removesuffix("\r")
        if not text:
            raise self._unusable(says="is empty")
        if not is_one_line(text):
            raise self._unusable(says="must hold one line of text without control characters")
        return _signature(status), text

    def _unusable(self, *, says: str) -> ConfigError:
        return ConfigError((Fault(path=self._key, says=f"the file {str(self._path)!r} {says}"),))

    @property
    def _source(self) -> tuple[bool, str]:
        return (False, self._text or "") if self._path is None else (True, str(self._path))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._source == other._source

    def __hash__(self) -> int:
        return hash(self._source)

    def __repr__(self) -> str:
        return "<secret>"


def is_one_line(text: str) -> bool:
    """Whether the text can travel in a header or an address: no line breaks, no control characters."""
    return not any(unicodedata.category(c) == "Cc" for c in text)


def _signature(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_mtime_ns, status.st_size, status.st_ino
