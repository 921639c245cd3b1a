"""Where every part is meant to be there, a skipped test fails the run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"
SKIPPED = "import pytest\ndef test_it(): pytest.skip('no such part')\n"
MODULE = "import pytest\npytest.skip('no such library', allow_module_level=True)\ndef test_it(): pass\n"
OPTIONAL = "import pytest\n@pytest.mark.optional_part\ndef test_it(): pytest.skip('no such part')\n"
INI = "[pytest]\nmarkers =\n    optional_part: may be absent\n"


def run(folder, text, *arguments, **environment):
    shutil.copy(CONFTEST, folder / "conftest.py")
    (folder / "pytest.ini").write_text(INI)
    (folder / "test_it.py").write_text(text)
    (folder / "test_other.py").write_text("def test_other(): pass\n")
    kept = {key: value for key, value in os.environ.items() if key not in {"CI", "AOM_NO_SKIPS", "PYTEST_ADDOPTS"}}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=kept | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "2")], ids=["one process", "several"])
@pytest.mark.parametrize("text", [SKIPPED, MODULE], ids=["one test", "a whole file"])
def test_a_skipped_test_fails_the_run_that_allows_none(tmp_path, text, workers):
    done = run(tmp_path, text, *workers, AOM_NO_SKIPS="1")
    assert done.returncode == 1, done.stdout
    assert "no such" in done.stdout.partition("here they must not be")[2]


def test_a_part_that_may_be_absent_is_listed_and_fails_nothing(tmp_path):
    done = run(tmp_path, OPTIONAL, CI="true")
    assert done.returncode == 0, done.stdout
    assert "no such part" in done.stdout.partition("left out, as they may be")[2]


def test_elsewhere_a_skip_is_a_skip(tmp_path):
    assert run(tmp_path, SKIPPED).returncode == 0
    assert run(tmp_path, SKIPPED, CI="false").returncode == 0


def test_a_program_that_may_be_missing_is_skipped_for_with_a_reason():
    """Prometheus and OpenSSL are not on every machine; who looks for a program says what it does without."""
    looking = {path: path.read_text(encoding="utf-8") for path in CONFTEST.parent.rglob("*.py")}
    looking = {path: text for path, text in looking.items() if "shutil" + ".which(" in text}
    silent = [path for path, text in looking.items() if "pytest.skip(" not in text and "reason=" not in text]
    assert silent == []
