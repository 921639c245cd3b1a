"""Who may come in, and what every answer wears: a web configuration, read again when one of its files changes."""

import ipaddress
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from ssl import SSLContext

from aiohttp import web

from collector.errors import ConfigError
from collector.web import toolkit_file
from collector.web.toolkit import Toolkit
from collector.web.users import Crowded, Users

_Mark = tuple[int, int, int] | None


class Refusal(web.Response):
    """An answer to somebody who may not know anything, not even who answers."""


class Entrance:
    """Goes by a file, or, without one, lets everybody in."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._marks: tuple[_Mark, ...] = ()
        self._toolkit = Toolkit()
        self._users = Users({})
        self._refused = ""

    @property
    def context(self) -> SSLContext | None:
        """How connections are encrypted, None: not at all."""
        return self._toolkit.context

    @property
    def headers(self) -> Iterable[tuple[str, str]]:
        """What the file adds to every answer."""
        return self._toolkit.headers.items()

    def take(self, path: Path | None) -> None:
        """Go by a file from now on. Raises `ConfigError`, and then all stays as it was."""
        found = toolkit_file.read(path) if path else Toolkit()
        marks = _marks(found.files)
        # Once more, so that what is read is never older than its marks.
        found = toolkit_file.read(path) if path else found
        self._path, self._marks, self._toolkit, self._users = path, marks, found, Users(found.users)
        self._refused = ""

    def changed(self) -> bool:
        """Whether it has to be read again: a file changed since then, or what was found was bad.

        What is bad may be mended by a file that nothing good has named yet.
        """
        return bool(self._refused) or self._marks != _marks(self._toolkit.files)

    def again(self) -> bool:
        """Read it again; whether it is good. Raises `ConfigError` once for the same faults, and all stays as it was."""
        marks = _marks(self._toolkit.files)
        try:
            self.take(self._path)
        except ConfigError as error:
            said, self._refused, self._marks = self._refused, str(error), marks
            if said != self._refused:
                raise
            return False
        return True

    async def refusal(self, request: web.Request) -> Refusal | None:
        """What to answer somebody who may not come in; None: come in."""
        if self._toolkit.sans and not self._toolkit.sans & _names(request):
            return Refusal(status=403, text="Forbidden.\n")
        try:
            if await self._users.admit(request.headers.get("Authorization")):
                return None
        except Crowded:
            return Refusal(status=503, text="Too many requests at once.\n")
        return Refusal(status=401, text="Unauthorized.\n", headers={"WWW-Authenticate": 'Basic, charset="UTF-8"'})


def is_foreign(request: web.Request) -> bool:
    """Whether a page of another site sent a request, as browsers tell; programs tell nothing."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    # A proxy that ends encryption changes the scheme.
    other = origin is not None and origin.partition("://")[2] != request.host
    return other or site not in {None, "same-origin", "none"}


def _marks(files: Iterable[Path]) -> tuple[_Mark, ...]:
    return tuple(map(_mark, files))


def _mark(file: Path) -> _Mark:
    """Tells whether a file is still the one it was; None where it cannot be had."""
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _names(request: web.Request) -> set[str]:
    """All names of a client's certificate."""
    shown = request.get_extra_info("peercert") or {}
    found = set()
    for kind, name in shown.get("subjectAltName", ()):
        found.add(name)
        if kind == "IP Address":
            with suppress(ValueError):  # OpenSSL writes them out, people do not
                found.add(str(ipaddress.ip_address(name)))
    return found
