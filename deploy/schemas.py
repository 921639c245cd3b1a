"""The schemas of what is printed for machines, from the code that prints it: `python -m deploy.schemas`.

Who changes what is printed runs it again; a test compares.
"""

import json
from pathlib import Path

import msgspec

from collector.app.doctor import Findings
from collector.app.holdings import Holdings

DOCS = Path(__file__).parent / "docs"
PRINTED: dict[str, type] = {"doctor": Findings, "state": Holdings}
"""What each command prints with `--json`."""


def schema(command: str) -> str:
    """The JSON schema of what a command prints."""
    return json.dumps(msgspec.json.schema(PRINTED[command]), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for printed in PRINTED:
        (DOCS / f"{printed}.schema.json").write_text(schema(printed), "utf-8")
