"""The pages of promises name tests, mutants and commands that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "deploy" / "docs" / "promises.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
THREATS = (ROOT / "deploy" / "docs" / "threat-model.md").read_text(encoding="utf-8")
A_TEST = r"`(tests/[\w/]+\.py)(?:::(\w+))?`"


@pytest.mark.parametrize(("page", "least"), [(PAGE, 20), (SECURITY, 25), (THREATS, 0)])
def test_every_test_that_is_named_exists(page: str, least: int):
    named = re.findall(A_TEST, page)
    assert len(named) >= least
    assert named or "SECURITY.md" in page
    for path, function in named:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert not function or function in defined, f"{path} has no {function}"


def test_every_mutant_stands_beside_the_promise_it_breaks():
    table = PAGE.partition("## How it is tried")[0]
    beside = {name for row in table.splitlines() if row.startswith("|") for name in re.findall(r"`([a-z-]+)`", row)}
    mutants = {path.stem for path in (ROOT / "tests" / "crash" / "mutants").glob("*.patch")}
    assert mutants
    assert mutants <= beside


def test_every_security_promise_has_a_test_that_would_fail():
    table = SECURITY.partition("## What it promises")[2].partition("## What it does not promise")[0]
    rows = [row for row in table.splitlines() if row.startswith("|")][2:]
    assert len(rows) > 15
    assert [row for row in rows if not re.search(A_TEST, row.rpartition(" | ")[2])] == []


def test_the_links_of_the_security_pages_lead_somewhere():
    for page, folder in ((SECURITY, ROOT), (THREATS, ROOT / "deploy" / "docs")):
        links = re.findall(r"\]\(([^)#]+)", page)
        assert links
        assert [link for link in links if not (folder / link).exists()] == []


def test_the_threat_model_is_one_page_and_every_threat_is_answered_and_owned_up_to():
    assert len(THREATS.split()) < 1000
    rows = [row.strip("|").split("|") for row in THREATS.splitlines() if row.startswith("|")]
    assert len(rows) > 8
    assert all(len(row) == 4 and all(cell.strip() for cell in row[1:]) for row in rows)


@pytest.mark.parametrize("page", [PAGE, SECURITY, THREATS])
def test_every_command_that_is_named_can_be_run(page: str):
    for module in re.findall(r"python -m (tests[\w.]+)", page):
        place = ROOT / module.replace(".", "/")
        file = place / "__main__.py" if place.is_dir() else place.with_suffix(".py")
        assert "__main__" in file.read_text(encoding="utf-8")


def test_every_long_run_is_told_with_its_date_machine_command_and_result():
    rows = PAGE.partition("## Long runs")[2].partition("\n## ")[0].strip().splitlines()[2:]
    assert len(rows) >= 3
    for row in rows:
        what, when, machine, command, result = (cell.strip() for cell in row.strip("|").split("|"))
        assert what
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", when)
        assert "cores" in machine
        assert "python" in command
        assert re.search(r"\d", result)
