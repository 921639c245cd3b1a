"""The list of surviving mutants is kept honest here; the mutants themselves are run by `tests/mutation/run.py`."""

import ast
from collections import Counter

import pytest

from tests.mutation import run
from tests.mutation.run import ROOT, Mutant, Outcome

MUTATED = """\
def x_double__mutmut_orig(n: int) -> int: # type: ignore # mutmut generated
    return twice( # type: ignore # mutmut generated
        n, # type: ignore # mutmut generated
        by=2, # type: ignore # mutmut generated
    ) # type: ignore # mutmut generated


def x_double__mutmut_1(n: int) -> int:
    return twice(
        n,
        by=3,
    )


def x_double__mutmut_2(n: int) -> int:
    return twice(
        n,
        )


class Life:
    def xǁLifeǁ_older__mutmut_orig(self, by: int = 1) -> int:
        return self.age + by

    def xǁLifeǁ_older__mutmut_1(self, by: int = 2) -> int:
        return self.age + by
"""


def functions(source: str) -> dict[str, str]:
    """The text of every function and method, in one line each without its places on the page, by name."""
    found: dict[str, str] = {}

    def look(body: list[ast.stmt], prefix: str) -> None:
        for part in body:
            if isinstance(part, ast.ClassDef):
                look(part.body, f"{prefix}{part.name}.")
            elif isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_source_segment(source, part) or ""
                found[prefix + part.name] = " ".join(line.strip() for line in text.splitlines())

    look(ast.parse(source).body, "")
    return found


@pytest.mark.parametrize("file", sorted({mutant.file for mutant in run.listed()}))
def test_every_survivor_is_a_line_of_a_function_that_exists_in_a_mutated_file(file: str):
    known = functions((ROOT / file).read_text("utf-8"))
    assert any(room.holds(file) for room in run.ROOMS.values())
    for mutant in run.listed():
        if mutant.file == file:
            was, _, now = mutant.change.partition(run.ARROW)
            assert was in known[mutant.function], mutant
            assert was != now, mutant


def test_every_survivor_has_its_reason():
    for mutant, reason in run.listed().items():
        assert len(reason.split()) >= 4, mutant


def test_every_room_names_files_and_tests_that_exist():
    for room in run.ROOMS.values():
        assert all(list(ROOT.glob(pattern)) for pattern in room.mutated)
        assert all((ROOT / test).exists() for test in room.tests)


def test_a_mutant_is_named_by_its_function_and_by_what_it_changes():
    assert run.changes(MUTATED) == {
        "x_double__mutmut_1": ("double", "by=2, ==> by=3,"),
        "x_double__mutmut_2": ("double", "by=2, ==> "),
        "xǁLifeǁ_older__mutmut_1": (
            "Life._older",
            "def _older(self, by: int = 1) -> int: ==> def _older(self, by: int = 2) -> int:",
        ),
    }


def test_a_new_survivor_one_that_is_killed_now_and_too_few_killed_are_each_complained_of():
    a, b = (Mutant("collector/ledger/book.py", "pack", change) for change in ("x ==> y", "x ==> z"))
    good = {"collector/ledger/book.py": Counter(killed=98, timeout=1, survived=1)}
    assert run.complaints(Outcome(good, frozenset({a})), {a}) == []
    assert run.complaints(Outcome(good, frozenset({a})), {b}) == [
        "survives and is not listed: collector/ledger/book.py pack: x ==> y",
        "is listed and survives no more: collector/ledger/book.py pack: x ==> z",
    ]
    bad = {"collector/ledger/book.py": Counter(killed=94, survived=6)}
    assert run.complaints(Outcome(bad, frozenset({a})), {a}) == ["only 94.0% of the mutants were killed, 95% must be"]


def test_without_mutmut_it_says_so_and_starts_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    monkeypatch.setattr(run.importlib.util, "find_spec", lambda _: None)
    assert run.main(["ledger"]) == 2
    assert "mutmut is not installed" in capsys.readouterr().out


def test_a_room_nobody_knows_is_refused(capsys: pytest.CaptureFixture):
    with pytest.raises(SystemExit) as refused:
        run.main(["cellar"])
    assert refused.value.code == 2
    assert "no room is called cellar" in capsys.readouterr().err
