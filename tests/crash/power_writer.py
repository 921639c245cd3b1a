"""A process that commits until it is killed: `power_writer.py STATE WORKFLOWS SYNCHRONOUS HELD_UP`.

Says `opening`, then `workflow version` for every commit once it is acknowledged. SYNCHRONOUS is AS_IS, which leaves the
store alone, or what SQLite's setting of that name is changed to once the store has checked it. Each COMMIT is held up
for HELD_UP seconds, so that an acknowledgement that comes before it is seen to be one.
"""

import asyncio
import hashlib
import os
import sqlite3
import sys
import time
from pathlib import Path

from collector.clock import Clock
from collector.ledger import Ledger
from collector.model import Key
from collector.store import file, open_store

AS_IS = "AS_IS"
OUTPUT = 1


def ledger(workflow_id: str, version: int) -> Ledger:
    """What a row of this version holds: some of it within a page of the database, some over several."""
    digest = hashlib.sha256(f"{workflow_id}@{version}".encode())
    return Ledger(label=f"{workflow_id}@{version} {digest.hexdigest() * (1 + digest.digest()[0])}")


async def main(path: str, workflows: int, synchronous: str, held_up: float) -> None:
    _change(synchronous, held_up)
    _say("opening")
    store = await open_store(f"sqlite:{path}", clock=Clock(), emit=lambda _: None)
    rows = await store.load()

    async def goes_on(key: Key) -> None:
        version = rows[key].version if key in rows else 0
        while True:
            row = await store.commit(key, ledger(key.workflow_id, version + 1), version=version)
            version = row.version
            _say(f"{key.workflow_id} {version}")

    await asyncio.gather(*(goes_on(Key("prod", f"wf-{n}")) for n in range(workflows)))


def _change(synchronous: str, held_up: float) -> None:
    connect = file.connect

    def slow(statement: str) -> None:
        if statement == "COMMIT":
            time.sleep(held_up)

    def changed(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        if synchronous != AS_IS:
            connection.execute(f"PRAGMA synchronous = {synchronous}")
        if held_up:
            connection.set_trace_callback(slow)
        return connection

    file.connect = changed


def _say(line: str) -> None:
    os.write(OUTPUT, f"{line}\n".encode())  # in one piece, at once


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])))
