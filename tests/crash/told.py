"""The event log against the state: what was counted is told or waits to be, and nothing else is, after every death."""

import json
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from collector.clock import Clock
from collector.store import Row, open_store

STATE, LOG = "state.db", "events.jsonl"
Key = tuple[str, str | None, str]


class Told:
    """All lines that ever stood in the event log of a folder; `waiting`: those in the outbox at the last look."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._offset = 0
        self._ids: dict[str, Key] = {}
        self._detected: dict[str, str] = {}
        self.lines = 0
        self.waiting = 0

    @property
    def repeated(self) -> int:
        """How many lines only said again what another had said."""
        return self.lines - len(self._ids)

    async def faults(self) -> list[str]:
        """What is wrong between log and state while no collector lives."""
        faults = list(self._read())
        with tempfile.TemporaryDirectory() as name:  # what opens a state mends it, and that is the collector's work
            for path in self._folder.glob(f"{STATE}*"):
                if path.is_file():
                    shutil.copy(path, name)
            store = await open_store(f"sqlite:{name}/{STATE}", clock=Clock(), emit=lambda _: None)
            rows, waiting = await store.load(), [json.loads(line) for _, line in await store.waiting(10**6)]
            await store.close()
        self.waiting = len(waiting)
        told = Counter((self._ids | {line["id"]: _key(line) for line in waiting}).values())
        counted = Counter({key: total for row in rows.items() for key, total in _totals(*row)})
        unlike = [key for key in told.keys() | counted.keys() if told[key] != counted[key]]
        return faults + [f"{key}: counted {counted[key]}, told {told[key]}" for key in unlike]

    def _read(self):
        path = self._folder / LOG
        data = path.read_bytes()[self._offset :] if path.exists() else b""
        data = data[: data.rfind(b"\n") + 1]  # what is cut off is completed later
        self._offset += len(data)
        for text in data.splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                yield f"no whole line: {text!r}"
                continue
            self.lines += 1
            if line["id"] in self._ids:
                continue
            self._ids[line["id"]] = _key(line)
            if line["detected"] < self._detected.get(line["workflow_id"], ""):
                yield f"out of order: {text!r}"
            self._detected[line["workflow_id"]] = line["detected"]


def _key(line: dict) -> Key:
    return line["workflow_id"], line.get("node"), line["status"]


def _totals(key, row: Row):
    tallies = {None: row.ledger.executions} | {name: node.tally for name, node in row.ledger.nodes.items()}
    for node, tally in tallies.items():
        for status, count in tally.runs.items():
            if count.total:
                yield (key.workflow_id, node, str(status)), count.total
