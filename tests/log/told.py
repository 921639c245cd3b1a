"""A log that is read back, and facts in few words."""

import io
import json

from collector.log import Lines, setup
from collector.model import Ended, Key, Polled, Status

KEY = Key("prod", "wf-1")
MINUTE = 60_000
HOUR = 60 * MINUTE


class Told:
    def __init__(self, level: str = "info") -> None:
        self.stream = io.StringIO()
        self.lines: Lines = setup(level, "json", self.stream)

    def polled(self, workflow_id: str = KEY.workflow_id, *, project: str = KEY.project, **more: object) -> None:
        values = {"outcome": "unchanged", "at": 0, "seconds": 0.1} | more
        self.lines(Polled(key=Key(project, workflow_id), name="夜间备份", **values))  # type: ignore[arg-type]

    def failed(self, workflow_id: str = KEY.workflow_id, at: int = 0, says: str = "it is down", **more: object) -> None:
        self.polled(workflow_id, **{"outcome": "failed", "reason": "network", "at": at, "says": says} | more)

    @property
    def events(self) -> list[str]:
        return [line["event"] for line in self.all]

    @property
    def all(self) -> list[dict]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


def ended(node: str | None = None, *, first_sight: bool = False, held: bool = False) -> Ended:
    return Ended(
        execution="e1", node=node, status=Status.FAIL, begin=1000, end=3500, held=held, first_sight=first_sight
    )
