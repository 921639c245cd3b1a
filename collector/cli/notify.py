"""Telling the service manager how it goes, as sd_notify(3) has it; where none wants to know, nothing is said."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress

from collector.app import App
from collector.clock import Clock

PATIENCE = 0.5


class Notify:
    """Speaks to the socket that `environ` names. A manager that is gone, or does not listen, ends nothing here."""

    def __init__(self, environ: Mapping[str, str], *, clock: Clock) -> None:
        self._clock = clock
        named = environ.get("NOTIFY_SOCKET", "")
        # A leading @ stands for the NUL of a name that is in no file system.
        self._address = named.replace("@", "\0", 1) if named.startswith("@") else named
        self.interval = _half_of_the_watchdog(environ) if named else None

    def ready(self, status: str) -> None:
        """It serves: the start, or a reload, is over."""
        self._send("READY=1", _status(status))

    @contextmanager
    def reloading(self, status: Callable[[], str]) -> Iterator[None]:
        """It takes over a changed file, and is ready again afterwards, however that ends."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={round(self._clock.monotonic() * 1_000_000)}")
        try:
            yield
        finally:
            self.ready(status())

    def stopping(self) -> None:
        """It was told to stop, or has to."""
        self._send("STOPPING=1", _status("stopping"))

    def status(self, text: str) -> None:
        """One line for people."""
        self._send(_status(text))

    def alive(self) -> None:
        """It turns; without this for two intervals the manager starts it anew."""
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            # Not to be lost where the manager is busy for a moment, nor to hold up everything where it hangs.
            out.settimeout(PATIENCE)
            out.connect(self._address)
            out.send("\n".join(lines).encode("utf-8", "replace"))


def listening(app: App) -> str:
    """What a collector that is ready says of itself."""
    return f"listening on {', '.join(app.addresses)}"


@asynccontextmanager
async def notifying(app: App, notify: Notify) -> AsyncIterator[None]:
    """Say that a started collector is ready, while it runs that it turns, and then that it stops."""
    notify.ready(listening(app))
    beats = asyncio.create_task(_keep_alive(app, notify, notify.interval)) if notify.interval else None
    try:
        yield
    finally:
        if beats:
            beats.cancel()
        notify.stopping()


async def _keep_alive(app: App, notify: Notify, interval: float) -> None:
    # Not from a thread or timer of its own: an event loop that does not turn must fall silent too.
    while True:
        if app.healthy:
            notify.alive()
        await asyncio.sleep(interval)


def _status(text: str) -> str:
    return f"STATUS={' '.join(text.split())}"


def _half_of_the_watchdog(environ: Mapping[str, str]) -> float | None:
    """Seconds between two signs of life; None where nobody waits for any from this process."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    given = environ.get("WATCHDOG_USEC", "")
    return int(given) / 2_000_000 if given.isdecimal() and int(given) else None
