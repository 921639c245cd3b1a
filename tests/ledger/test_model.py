"""Thousands of unfolding histories, and the core counts what a naive model counts."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(600)
def test_whatever_the_service_shows_the_ledger_says_what_the_model_counts():
    """In a process of its own: which sequences are tried depends on what else is loaded."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.ledger.model_machine"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    (sequences,) = re.findall(r"^(\d+) sequences", done.stdout, re.MULTILINE)
    assert int(sequences) >= 2_000
