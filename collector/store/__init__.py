"""Where ledgers are kept.

One row a workflow, changed by compare-and-set, so that a second writer can never count twice.
"""

from collections.abc import Callable
from pathlib import Path

from collector.clock import Clock
from collector.errors import StateError
from collector.model import Fact
from collector.store.memory import Memory
from collector.store.row import Row, Store
from collector.store.sqlite import Sqlite

__all__ = ["Memory", "Row", "Store", "open_store"]


async def open_store(url: str, *, clock: Clock, emit: Callable[[Fact], None]) -> Store:
    """Open the state that a configuration names: `sqlite:` and an absolute path, or `memory:`.

    A file that is not there is created. `emit` is called on the event loop with a `Committed` for every group of rows.
    Raises `StateLocked`, `StateNewer` or another `StateError`, each one sentence that names the file.
    """
    kind, _, rest = url.partition(":")
    if kind == "memory":
        return Memory(clock=clock)
    if kind == "sqlite":
        return await Sqlite.open(Path(rest), clock=clock, emit=emit)
    msg = f"state {kind!r} is not a kind of state this version knows; use sqlite: and a path, or memory:"
    raise StateError(msg)
