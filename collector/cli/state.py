"""What the state holds, a copy of it, and health: asked of the collector that has it, else read from the free file."""

import http.client
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click
import msgspec
from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from collector.app import PRIVATE
from collector.app.doctor import many
from collector.app.holdings import Holding, Holdings, holdings
from collector.cli.console import Moved, grid, plain, progress, to_people
from collector.cli.serve import turn
from collector.clock import Clock
from collector.errors import StateError
from collector.model import FAILED
from collector.store import Store, open_store
from collector.web import reached

T = TypeVar("T")
PATIENCE = 60.0
AT_ONCE = 10.0
"""Seconds after which a collector that says nothing of its health has none; images and units ask often."""
PART = 1 << 20
"""Bytes that are read at once."""


class Unreached(Exception):
    """No collector listens there."""


class _Connection(http.client.HTTPConnection):
    """To a collector on this machine, through its private socket."""

    def __init__(self, path: Path, patience: float) -> None:
        super().__init__("localhost", timeout=patience)
        self._path = path

    def connect(self) -> None:
        """Connect, as the library asks for it."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        with reached(self._path) as address:
            self.sock.connect(address)


def path_of(state: str) -> Path:
    """The file of a state; refuses one that has none."""
    kind, _, path = state.partition(":")
    if kind != "sqlite":
        msg = f"the state is {kind}:, which has no file, nor a private socket beside it"
        raise click.UsageError(msg)
    return Path(path)


def healthy(state: Path, *, patience: float = AT_ONCE) -> tuple[bool, str]:
    """Whether the collector that has a state is healthy, and what it says."""
    try:
        status, told = _ask(state, "healthy", patience)
    except Unreached:
        return False, f"no collector answers at {state}{PRIVATE}"
    return status == http.client.OK, told.decode()


def held(state: Path) -> Holdings:
    """What a state holds. Raises `StateError`."""
    try:
        return msgspec.json.decode(_answer(state, "holdings"), type=Holdings)
    except Unreached:
        return holdings(_read(state, lambda store: store.load()))


def back_up(state: Path, target: Path) -> int:
    """Write a copy of a state into a new file that only its owner may read; returns its bytes. Raises `StateError`."""
    if target.exists():
        raise _Refused(target, "exists already, and nothing is overwritten")
    try:
        with progress("copying the state", "bytes") as moved:
            try:
                copy = _answer(state, "backup", moved)
            except Unreached:
                copy = _read(state, lambda store: store.backup())
            _write(target, copy)
    except OSError as error:
        raise _Refused(target, f"cannot be written: {error.strerror}") from None
    return len(copy)


class _Refused(StateError):
    def __init__(self, target: Path, says: str) -> None:
        super().__init__(f"backup {target} {says}; name another file")


def _write(target: Path, copy: bytes) -> None:
    """All or nothing, and never over what is there."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(copy)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _read(state: Path, read: Callable[[Store], Awaitable[T]]) -> T:
    """Read the file of a state that nobody else has. Raises `StateError`."""
    if not state.exists():
        says = f"state {state} does not exist; the first run of the collector makes it"
        raise StateError(says)

    async def reading() -> T:
        store = await open_store(f"sqlite:{state}", clock=Clock(), emit=lambda _: None)
        try:
            return await read(store)
        finally:
            await store.close()

    return turn(reading())


def _answer(state: Path, what: str, moved: Moved = lambda _, __: None) -> bytes:
    status, told = _ask(state, what, moved=moved)
    if status != http.client.OK:
        raise StateError(told.decode("utf-8", "replace"))
    return told


def _ask(state: Path, what: str, patience: float = PATIENCE, moved: Moved = lambda _, __: None) -> tuple[int, bytes]:
    """What the collector that has a state answers; `moved` is told how much of it has come. Raises `Unreached`."""
    connection = _Connection(Path(f"{state}{PRIVATE}"), patience)
    try:
        connection.request("GET", f"/{what}")
        answer = connection.getresponse()
        told = bytearray()
        while part := answer.read(PART):
            told += part
            moved(len(told), answer.length and len(told) + answer.length)
        if answer.length:  # the library says nothing of a part that did not come
            raise http.client.IncompleteRead(bytes(told), answer.length)
        return answer.status, bytes(told)
    except (OSError, http.client.HTTPException):
        raise Unreached from None
    finally:
        connection.close()


def show(state: Path, held: Holdings) -> None:
    """Print what a state holds, for people."""
    to_people().print(_all(state, held))


def _all(state: Path, held: Holdings) -> Group:
    table = grid("project", "workflow", "ended", ">known", ">size")
    for each in held.workflows:
        name = plain(each.name)
        if each.name != each.workflow_id:
            name = Text.assemble(name, "\n", plain(each.workflow_id, "dim"))
        if not each.watched:
            name.append("\nnot watched any more", "yellow")
        table.add_row(plain(each.project), name, _ended(each), str(each.executions), f"{each.bytes / 1000:,.1f} kB")
    size = sum(each.bytes for each in held.workflows)
    summary = f"{state}: {many(len(held.workflows), 'workflow')}, {size / 1000:,.1f} kB"
    return Group(*([Padding(table, (0, 0, 1, 0))] if held.workflows else []), plain(summary))


def _ended(each: Holding) -> Text:
    parts: list[str | tuple[str, str]] = []
    for status, count in sorted(each.ended.items()):
        parts += [", "] if parts else []
        parts.append((f"{count} {status}", "red" if status in FAILED else ""))
    if each.failures:
        parts.append((f"\n{many(each.failures, 'failure')} in a row", "bold red"))
    return Text.assemble(*parts) if parts else Text("nothing", "dim")
