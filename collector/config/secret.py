"""A secret: written in the file, or in a file of its own or a profile, which are read again when they change."""

import os
import stat
import unicodedata
from pathlib import Path

from collector.config import profile
from collector.errors import ConfigError, Fault

_LARGEST = 65536
Signature = tuple[int, int, int]
_OPTIONAL = "security_token"
"""The name a profile may leave out: a permanent key has none."""


class Unfit(Exception):
    """A file that cannot be used; `str()` ends a sentence that began with its name, and quotes nothing of it."""


class Secret:
    """A value that no log, error, page or `repr` shows.

    Two secrets are equal when they come from the same source: the same text, or the same file and name in it.
    """

    __slots__ = ("_called", "_key", "_name", "_path", "_signature", "_text")

    def __init__(self, text: str) -> None:
        self._text: str | None = text
        self._path: Path | None = None
        self._name = ""
        self._key = ""
        self._called = ""
        self._signature: Signature | None = None

    @classmethod
    def of_file(cls, path: Path, *, key: str, name: str = "", called: str = "") -> "Secret":
        """A secret kept in a file; `key` is the configuration key that names it (`project[0].auth.token_file`).

        `name`: the file is a profile, and what the secret is called in it (`ak`, `sk`, `security_token`). `called`: how
        a fault names the file, where its path must not be shown.
        """
        secret = cls("")
        secret._text, secret._path, secret._key, secret._name = None, path, key, name
        secret._called = called or repr(str(path))
        return secret

    def reveal(self) -> str:
        """The value itself, without one newline at its end; a file is read again once it has changed.

        Raises `ConfigError` with one fault, naming key and, where there is one, file, if that cannot be used.
        """
        if self._path is None:
            return self._text or ""
        try:
            if self._text is None or _signature_of(self._path) != self._signature:
                self._signature, text = contents(self._path)
                self._text = self._named(text) if self._name else _line(text)
        except Unfit as error:
            # A name that no file has may be the secret itself, put into the wrong key.
            shown = os.path.lexists(self._path) or self._called != repr(str(self._path))
            file = f"the file {self._called}" if shown else "the file that it names"
            raise ConfigError((Fault(path=self._key, says=f"{file} {error}"),)) from None
        return self._text

    def reread(self) -> None:
        """Forget what was read, so that the next `reveal` reads the file again; called after the service said 401."""
        if self._path is not None:
            self._text = self._signature = None

    def _named(self, text: str) -> str:
        try:
            found = profile.read(text).get(self._name, "")
        except profile.Malformed as error:
            says = f"is no profile: {error}"
            raise Unfit(says) from None
        if not found and self._name != _OPTIONAL:
            says = f"holds no {self._name} in its section [{profile.SECTION}]"
            raise Unfit(says)
        return found

    @property
    def _source(self) -> tuple[bool, str, str]:
        return (False, self._text or "", "") if self._path is None else (True, str(self._path), self._name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._source == other._source

    def __hash__(self) -> int:
        return hash(self._source)

    def __repr__(self) -> str:
        return "<secret>"


def contents(path: Path) -> tuple[Signature, str]:
    """A small text file: what shows that it changed, and its text. Raises `Unfit`."""
    try:
        # Opened without waiting: a pipe without a writer would otherwise stop the whole collector.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                says = "is not a regular file"
                raise Unfit(says)
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise _unread(error) from None
    except ValueError:
        # A path with a NUL in it.
        says = "is not a path"
        raise Unfit(says) from None
    if len(content) > _LARGEST:
        says = f"holds more than {_LARGEST} bytes, which no secret does"
        raise Unfit(says)
    try:
        return _signature(status), content.decode()
    except UnicodeDecodeError:
        # The exception's own text quotes what it read.
        says = "is not UTF-8 text"
        raise Unfit(says) from None


def is_one_line(text: str) -> bool:
    """Whether the text can travel in a header or an address: no line breaks, no control characters."""
    return not any(unicodedata.category(c) == "Cc" for c in text)


def _line(text: str) -> str:
    line = text.removesuffix("\n").removesuffix("\r")
    if not line:
        says = "is empty"
        raise Unfit(says)
    if not is_one_line(line):
        says = "must hold one line of text without control characters"
        raise Unfit(says)
    return line


def _signature_of(path: Path) -> Signature:
    try:
        return _signature(path.stat())
    except OSError as error:
        raise _unread(error) from None


def _unread(error: OSError) -> Unfit:
    return Unfit(f"cannot be read: {error.strerror or error}")


def _signature(status: os.stat_result) -> Signature:
    return status.st_mtime_ns, status.st_size, status.st_ino
