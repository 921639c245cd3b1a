"""Mutation testing of the rooms that count: `python tests/mutation/run.py [room…]`, rooms being `ledger` and `wire`.

Small faults are put into the code one at a time, and the tests of its room are run against each: a mutant that no test
kills is either a gap in the tests or makes no difference. Those that make none stand in `survivors.toml`, each with
its reason. Exit status 1 where one survives that the list does not name, where the list names one that survives no
more, or where too few are killed; 2 where mutmut (3.x) is not installed or the tests fail without any mutant.

It works on a copy of the tree in a temporary folder and leaves nothing behind. Property tests and the model are left
out: they are slow, and what they find by chance an example must say. Some ten minutes on two cores.
"""

import argparse
import ast
import difflib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).with_name("survivors.toml")
LEAST = 0.95
ARROW = " ==> "


@dataclass(frozen=True, slots=True)
class Room:
    """What is mutated (patterns of files), and the tests that have to notice."""

    mutated: tuple[str, ...]
    tests: tuple[str, ...]

    def holds(self, file: str) -> bool:
        """Whether a file is one of those mutated."""
        return any(Path(file).match(pattern) for pattern in self.mutated)


ROOMS = {
    "ledger": Room(("collector/ledger/*.py",), ("tests/ledger",)),
    "wire": Room(
        ("collector/aom/wire.py", "collector/aom/times.py"),
        ("tests/aom/test_wire.py", "tests/aom/test_wire_exact.py", "tests/aom/test_times_exact.py"),
    ),
}

KINDS = ("killed", "timeout", "survived")

# What a mutant's tests exit with: its own words where it lived, pytest's where they failed, else a signal.
LIVED = {0, 5, 33, 34, 35, None}
FAILED = {1, 3}


@dataclass(frozen=True, slots=True, order=True)
class Mutant:
    """One mutant by what it does, so that its name outlives other changes: `change` is the old line and the new."""

    file: str
    function: str
    change: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the mutants: how many of each of `KINDS` per file, and who lived."""

    counts: dict[str, Counter[str]]
    survivors: frozenset[Mutant]

    @property
    def share(self) -> float:
        """The share of mutants that did not survive, 1.0 of none."""
        total = sum(count.total() for count in self.counts.values())
        return 1 - sum(count["survived"] for count in self.counts.values()) / total if total else 1.0


def listed(path: Path = LIST) -> dict[Mutant, str]:
    """The known survivors and their reasons; raises where the file cannot be read."""
    return {
        Mutant(file, function, change): reason
        for file, functions in tomllib.loads(path.read_text("utf-8")).items()
        for function, changes in functions.items()
        for change, reason in changes.items()
    }


def complaints(outcome: Outcome, known: set[Mutant]) -> list[str]:
    """What is wrong with an outcome, one line each, nothing where all is well."""
    found = [f"survives and is not listed: {_shown(each)}" for each in sorted(outcome.survivors - known)]
    found += [f"is listed and survives no more: {_shown(each)}" for each in sorted(known - outcome.survivors)]
    if outcome.share < LEAST:
        found.append(f"only {outcome.share:.1%} of the mutants were killed, {LEAST:.0%} must be")
    return found


def _shown(mutant: Mutant) -> str:
    return f"{mutant.file} {mutant.function}: {mutant.change}"


def changes(mutated: str) -> dict[str, tuple[str, str]]:
    """What each mutant in a mutated file's text is: its function, and the old line and the new."""
    lines = mutated.splitlines()
    sources = {
        node.name: lines[node.lineno - 1 : node.end_lineno]
        for node in ast.walk(ast.parse(mutated))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    found = {}
    for name, source in sources.items():
        mangled, _, number = name.partition("__mutmut_")
        if number.isdigit():
            original = sources[f"{mangled}__mutmut_orig"]
            function = ".".join(part for part in re.split("ǁ|^x_|^x(?=ǁ)", mangled) if part)
            found[name] = (function, _change(_plain(original), _plain(source)))
    return found


def _plain(source: list[str]) -> list[str]:
    """Lines without what mutmut added to them and without their place on the page."""
    plain = (re.sub(r"\s*# type: ignore # mutmut generated", "", line).strip() for line in source)
    return [re.sub(r"\b(?:x_|xǁ\w*ǁ)(\w+?)__mutmut_\w+", r"\1", line) for line in plain if line]


def _change(old: list[str], new: list[str]) -> str:
    lines = [line for line in difflib.ndiff(old, new) if line[0] in "-+"]
    was, now = (" ".join(line[2:] for line in lines if line[0] == sign) for sign in "-+")
    return f"{was}{ARROW}{now}"


def outcome(tree: Path) -> Outcome:
    """Read what mutmut left in the tree it worked on."""
    counts, survivors = {}, set()
    for meta in sorted((tree / "mutants").rglob("*.py.meta")):
        codes = json.loads(meta.read_text("utf-8"))["exit_code_by_key"]
        mutated = meta.with_suffix("")
        file = mutated.relative_to(tree / "mutants").as_posix()
        named = changes(mutated.read_text("utf-8")) if codes else {}
        for key, code in codes.items():
            kind = "survived" if code in LIVED else "killed" if code in FAILED else "timeout"
            counts.setdefault(file, Counter())[kind] += 1
            if kind == "survived":
                survivors.add(Mutant(file, *named[key.rpartition(".")[2]]))
    return Outcome(counts, frozenset(survivors))


def _copy(tree: Path) -> None:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "collector", "tests"]
    files = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    for file in filter(None, [*files, "pyproject.toml"]):
        if (ROOT / file).is_file():
            (tree / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / file, tree / file)


def _settings(rooms: list[Room]) -> str:
    values = {
        "source_paths": ["collector"],
        "only_mutate": [pattern for room in rooms for pattern in room.mutated],
        "pytest_add_cli_args": [
            "-q",
            "-m",
            "not hypothesis",
            "--ignore-glob=*/test_model.py",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
        ],
        "pytest_add_cli_args_test_selection": [test for room in rooms for test in room.tests],
    }
    return "[mutmut]\n" + "".join(f"{key}=\n    " + "\n    ".join(value) + "\n" for key, value in values.items())


def _run(tree: Path, rooms: list[Room], jobs: int) -> bool:
    _copy(tree)
    (tree / "setup.cfg").write_text(_settings(rooms), "utf-8")
    # Where hashes decide nothing, no survivor depends on chance.
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": ""}
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(jobs)]
    with (tree / "mutmut.log").open("wb") as log:
        done = subprocess.run(command, cwd=tree, env=environment, stdout=log, stderr=log, check=False)
    if done.returncode:
        _say((tree / "mutmut.log").read_text("utf-8", "replace")[-4000:])
    return done.returncode == 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Run the mutants of some rooms, or of all, and judge; the exit status."""
    parser = argparse.ArgumentParser(description="Put faults into the code and see whether the tests notice.")
    parser.add_argument("rooms", nargs="*", metavar="room", help=f"one of {', '.join(ROOMS)}; none: all of them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many mutants at once")
    given = parser.parse_args(arguments)
    if unknown := set(given.rooms) - set(ROOMS):
        parser.error(f"no room is called {', '.join(sorted(unknown))}")
    if importlib.util.find_spec("mutmut") is None:
        _say("mutmut is not installed here; it is in the optional dependencies called `mutation`")
        return 2
    rooms = [ROOMS[name] for name in given.rooms or ROOMS]
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        tree = Path(folder)
        if not _run(tree, rooms, given.jobs):
            return 2
        result = outcome(tree)
    for file, count in result.counts.items():
        kinds = ", ".join(f"{count[kind]} {kind}" for kind in KINDS)
        _say(f"{file}: {count.total()} mutants, {kinds}")
    wrong = complaints(result, {each for each in listed() if any(room.holds(each.file) for room in rooms)})
    for line in wrong:
        _say(line)
    _say(f"{result.share:.1%} killed, {len(wrong)} complaints")
    return 1 if wrong or not result.counts else 0


if __name__ == "__main__":
    sys.exit(main())
