"""The dashboards are what Grafana's own schema says a dashboard is."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.grafana.boards import BOARDS, FOLDER

NPM = shutil.which("npm")
LISTED = Path(__file__).parents[1] / "npm"
TYPES = Path("node_modules/@grafana/schema/dist/types/raw/dashboard/x/types.gen.d.ts")

pytestmark = pytest.mark.skipif(NPM is None, reason="npm is not installed")


def installed(folder: Path) -> None:
    """The listed packages, from the network; tried twice, as networks go."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(LISTED / name, folder)
    command = [NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    for _ in range(2):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
    pytest.fail(f"npm cannot install what is listed: {done.stderr[-2000:]}")


def valid(schema: Path, board: Path) -> bool:
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", schema, board]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.timeout(400)
def test_every_dashboard_meets_the_schema_and_what_does_not_is_found(tmp_path: Path):
    installed(tmp_path)
    generator = tmp_path / "node_modules" / ".bin" / "ts-json-schema-generator"
    schema = tmp_path / "schema.json"
    subprocess.run(
        [generator, "--path", TYPES, "--type", "Dashboard", "--no-type-check", "-o", schema], cwd=tmp_path, check=True
    )
    assert [path.name for path in FOLDER.glob("*.json") if not valid(schema, path)] == []
    for change in ({"editable": "never"}, {"panels": [{"title": "a panel without a type"}]}, {"auto": True}):
        (tmp_path / "changed.json").write_text(json.dumps(BOARDS["overview"] | change), encoding="utf-8")
        assert not valid(schema, tmp_path / "changed.json"), change
