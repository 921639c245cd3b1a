"""The schemas of what is printed and served for machines, from the code that prints it: `python -m deploy.schemas`.

Who changes that runs it again; a test compares.
"""

import json
from pathlib import Path
from typing import Any

import msgspec

from collector.app.doctor import Findings
from collector.app.holdings import Holdings
from collector.cli.once import Round
from collector.events import ExecutionEnded, NodeEnded
from deploy.openapi import document

DOCS = Path(__file__).parent / "docs"
PRINTED: dict[str, Any] = {
    "doctor": Findings,
    "once": Round,
    "state": Holdings,
    "event-log": ExecutionEnded | NodeEnded,
}
"""What these commands print with `--json`, and what a line of the event log holds."""


def schema(printed: str) -> str:
    """The JSON schema of what is printed."""
    return json.dumps(msgspec.json.schema(PRINTED[printed]), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for printed in PRINTED:
        (DOCS / f"{printed}.schema.json").write_text(schema(printed), "utf-8")
    (DOCS / "openapi.json").write_text(document(), "utf-8")
