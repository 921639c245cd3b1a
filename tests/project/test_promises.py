"""The page of promises names tests and mutants that exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "deploy" / "docs" / "promises.md").read_text(encoding="utf-8")


def test_every_test_it_names_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)
    assert len(named) > 20
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


def test_every_command_it_names_can_be_run():
    for module in re.findall(r"python -m (tests[\w.]+)", PAGE):
        assert "__main__" in (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")


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
