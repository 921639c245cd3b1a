"""What was acknowledged outlives the process, whenever it is killed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

COMMITTER = Path(__file__).with_name("committer.py")
ROOT = COMMITTER.parents[2]
KILLS = 10
WORKFLOWS = 5


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def acknowledged_until_killed(path: Path, after: int) -> dict[str, int]:
    """The greatest version of each workflow that the process saw acknowledged; it is killed after so many."""
    with subprocess.Popen(
        [sys.executable, COMMITTER, path, str(WORKFLOWS)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        versions: dict[str, int] = {}
        for seen, line in enumerate(_lines(process)):
            if seen == after:
                process.kill()
            name, version = line.split()
            versions[name] = int(version)
    return versions


def _lines(process: "subprocess.Popen[str]") -> Iterator[str]:
    assert process.stdout
    for line in process.stdout:
        if line.endswith("\n"):  # the last one may be cut off
            yield line


@pytest.mark.timeout(60)
async def test_a_killed_process_loses_no_acknowledged_commit(opened, path: Path):
    for kill in range(KILLS):
        acknowledged = acknowledged_until_killed(path, after=3 * kill)
        assert acknowledged
        store = await opened(path)
        rows = {key.workflow_id: row for key, row in (await store.load()).items()}
        await store.close()

        for name, version in acknowledged.items():
            assert rows[name].version >= version
        for name, row in rows.items():
            assert row.version <= acknowledged.get(name, row.version) + 1
            assert row.ledger.label == f"{name}@{row.version}"
