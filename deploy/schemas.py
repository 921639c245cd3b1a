"""The schemas of what is printed for machines, from the code that prints it: `python -m deploy.schemas`.

Who changes a finding of `doctor` runs it again; a test compares.
"""

import json
from pathlib import Path

import msgspec

from collector.app.doctor import Findings

DOCTOR = Path(__file__).parent / "docs" / "doctor.schema.json"


def doctor() -> str:
    """The JSON schema of `doctor --json`."""
    return json.dumps(msgspec.json.schema(Findings), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    DOCTOR.write_text(doctor(), "utf-8")
