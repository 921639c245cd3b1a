"""The code holds to its own rules; the tools that know them are run as anyone would run them."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent


def silent(*command):
    """Run a tool from the project's root; what it says is the failure."""
    done = subprocess.run([TOOLS / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def test_the_linter_has_nothing_to_say():
    silent("ruff", "check", "--no-cache", "--quiet")


def test_every_file_is_formatted():
    silent("ruff", "format", "--no-cache", "--quiet", "--check")


@pytest.mark.timeout(300)
def test_the_types_are_right():
    silent("mypy")


def test_imports_follow_the_room_plan():
    silent("lint-imports", "--no-cache", "--no-logo")
