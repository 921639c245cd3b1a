"""The project speaks of itself alone, and keeps one of each thing."""

import re
import subprocess
from pathlib import Path

import pytest

import collector

ROOT = Path(__file__).parents[2]
TOP = {
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "collector",
    "collector.toml",
    "deploy",
    "pyproject.toml",
    "tests",
}

# One letter of each stands in brackets, so that this file is not a find of its own.
HOSTS = [
    r"p[y]pi\.(org|python)",
    r"pytho[n]hosted",
    r"registr[y]\.(npm|yarn)",
    r"(docker|ghcr|gcr|quay|k8s)\.[i]o\b",
    r"crate[s]\.io",
    r"prox[y]\.golang",
    r"--(extra-)?inde[x]-url",
]
STRANGERS = [
    r"\.\./share[d]",
    r"\bassistan[t]s?\b",
    r"\bthe brie[f]\b",
    r"\b(contract|design)\.m[d]\b",
    r"\bcontrac[t] \d",
    r"/(work|root|home)/[\w]",
    r"\b(issue|pull|ticket|PR) ?#?[\d]",
]


def listed():
    """Every file that is or may be committed; where this is no checkout, every file."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no git checkout, so what belongs to the project is not known")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def finds(patterns, *, files):
    together = re.compile("|".join(patterns), re.IGNORECASE)
    for path in files:
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if together.search(line):
                yield f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"


def test_the_root_holds_only_what_a_visitor_expects():
    names = {path.relative_to(ROOT).parts[0] for path in listed()}
    assert {name for name in names if not name.startswith(".")} <= TOP


def test_no_cache_or_state_is_committed():
    rubbish = {".pyc", ".db", ".db-wal", ".db-shm", ".egg-info", ".whl"}
    kept = ROOT / "tests" / "data"  # states of earlier formats, for the tests that open them
    mine = [path for path in listed() if not path.is_relative_to(kept)]
    assert [path for path in mine if path.suffix in rubbish or "__pycache__" in path.parts] == []


def test_no_file_names_a_package_registry():
    assert list(finds(HOSTS, files=listed())) == []


def test_the_project_speaks_of_itself_alone():
    assert list(finds(STRANGERS, files=listed())) == []


@pytest.mark.parametrize(
    "line",
    ["https://py" + "pi.org/simple", "FROM gh" + "cr.io/x", "see /wo" + "rk/main", "as con" + "tract 6.11 says"],
)
def test_a_line_of_that_kind_is_found(tmp_path, line, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    (tmp_path / "note.md").write_text(f"first\n{line}\n", encoding="utf-8")
    assert len(list(finds(HOSTS + STRANGERS, files=[tmp_path / "note.md"]))) == 1


def test_the_version_stands_in_one_place():
    pins = {"constraints.txt", "requirements.lock", "CHANGELOG.md"}
    version = rf"(?<![\w.]){re.escape(collector.__version__)}(?![\w.])"
    found = list(finds([version], files=[path for path in listed() if path.name not in pins]))
    assert [find.split(":")[0] for find in found] == ["collector/__init__.py"], found


@pytest.mark.parametrize(("folder", "longest"), [("collector", 300), ("tests", 400)])
def test_modules_are_short(folder, longest):
    """Room for one thought; what is longer is two."""
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in listed()
        if path.suffix == ".py" and path.is_relative_to(ROOT / folder)
    }
    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > longest} == {}


def test_no_module_is_named_for_nothing():
    empty = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}
    assert [path for path in listed() if path.suffix == ".py" and path.stem in empty] == []


def test_only_the_web_half_of_aiohttp_is_used_where_nothing_is_asked_for():
    """The client belongs to the source; pages and the simulator only serve."""
    served = [path for room in ("web", "simulator") for path in (ROOT / "collector" / room).rglob("*.py")]
    assert served
    client = [r"^\s*import aiohttp\b", r"^\s*from aiohttp import (?!web\b|hdrs\b)", r"^\s*from aiohttp\.client"]
    assert list(finds(client, files=served)) == []
