"""A process that commits until it is killed, and says which versions were acknowledged: `committer.py STATE WORKFLOWS`.

Each COMMIT is held up for a moment, so that an acknowledgement that comes before it is seen to be one.
"""

import asyncio
import sqlite3
import sys
import time

from collector.clock import Clock
from collector.ledger import Ledger
from collector.model import Key
from collector.store import open_store

HELD_UP = 0.005


def _slow(statement: str) -> None:
    if statement == "COMMIT":
        time.sleep(HELD_UP)


async def main(path: str, workflows: int) -> None:
    connect = sqlite3.connect

    def slowed(*args, **more) -> sqlite3.Connection:
        connection = connect(*args, **more)
        connection.set_trace_callback(_slow)
        return connection

    sqlite3.connect = slowed  # type: ignore[assignment]
    store = await open_store(f"sqlite:{path}", clock=Clock(), emit=lambda _: None)
    rows = await store.load()

    async def goes_on(key: Key) -> None:
        version = rows[key].version if key in rows else 0
        while True:
            row = await store.commit(key, Ledger(label=f"{key.workflow_id}@{version + 1}"), version=version)
            version = row.version
            sys.stdout.write(f"{key.workflow_id} {version}\n")
            sys.stdout.flush()

    await asyncio.gather(*(goes_on(Key("prod", f"wf-{n}")) for n in range(workflows)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
