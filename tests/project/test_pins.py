"""What is installed is said exactly, once, for everyone."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "deploy" / "python" / "constraints.txt"
LOCK = ROOT / "deploy" / "python" / "requirements.lock"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PIN = re.compile(r"^([a-z0-9-]+)==([^ ;]+)(?: ;[^\\]*)?(?: \\)?$")


def names(requirements):
    return {re.match(r"[A-Za-z0-9._-]+", each)[0].lower() for each in requirements}


def pins(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line.rstrip() for line in lines if not line.startswith(("#", "    --hash=sha256:"))]
    odd = [line for line in kept if not PIN.match(line)]
    assert odd == [], f"{path.name} holds something else than pins"
    return {PIN.match(line)[1]: PIN.match(line)[2] for line in kept}


def test_everything_the_project_asks_for_is_pinned():
    extras = PROJECT["project"]["optional-dependencies"].values()
    asked = names(PROJECT["project"]["dependencies"]).union(*map(names, extras))
    assert asked <= pins(CONSTRAINTS).keys()


def test_the_image_gets_the_tested_versions_and_no_test_tools():
    locked = pins(LOCK)
    assert names(PROJECT["project"]["dependencies"]) <= locked.keys()
    assert locked.items() <= pins(CONSTRAINTS).items()
    assert "pytest" not in locked


def test_every_version_in_the_image_is_held_by_hashes():
    entries = re.split(r"^(?=[a-z])", LOCK.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("path", [CONSTRAINTS, LOCK], ids=lambda path: path.name)
def test_each_file_says_how_it_is_made_again(path):
    head = path.read_text(encoding="utf-8").splitlines()[:2]
    assert "uv pip compile --universal --python-version 3.11" in head[1]
    assert head[1].endswith(f"-o {path.relative_to(ROOT)}")


def test_an_isolated_build_uses_the_tested_build_tool():
    """Constraints do not reach pip's build environment, so the build's own requirement is exact."""
    assert PROJECT["build-system"]["requires"] == [f"hatchling=={pins(CONSTRAINTS)['hatchling']}"]
