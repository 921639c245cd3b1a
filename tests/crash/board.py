"""The mutant board: each patch in `mutants/` breaks one promise, and the test it names has to say so.

    python -m tests.crash.board [name…]

A patch begins with lines that say what it breaks and how that shows:

    breaks: what is wrong then, in one sentence
    test: the test that has to fail
    says: a regular expression that its failure has to match
    with: NAME=value, for the environment of the test, as often as wanted
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

ROOT = Path(__file__).parents[2]
MUTANTS = Path(__file__).parent / "mutants"
NEEDED = ("collector", "tests", "deploy", "pyproject.toml", "collector.toml", "README.md")
PROFILE = ("--hypothesis-profile", "mutants")
FIELD = re.compile(r"^(breaks|test|says|with): (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Mutant:
    """One patch: the test that has to fail, what it has to say, and the environment it runs in."""

    path: Path
    breaks: str
    test: str
    says: str
    environment: dict[str, str]


def mutants() -> list[Mutant]:
    """Every mutant there is."""
    found = []
    for path in sorted(MUTANTS.glob("*.patch")):
        head = path.read_text(encoding="utf-8").partition("\n--- ")[0]
        fields = FIELD.findall(head)
        one = {name: value for name, value in fields if name != "with"}
        environment = dict(value.split("=", 1) for name, value in fields if name == "with")
        found.append(Mutant(path, environment=environment, **one))
    return found


def judge(mutant: Mutant) -> str | None:
    """Run the named test on a copy of the project with the patch; what is wrong with the board, None: nothing."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        folder = Path(name)
        for part in NEEDED:
            _copy(ROOT / part, folder / part)
        applied = subprocess.run(["git", "apply", mutant.path], cwd=folder, capture_output=True, text=True, check=False)
        if applied.returncode:
            return f"it cannot be applied: {applied.stderr}"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *PROFILE, mutant.test],
            cwd=folder,
            env=_environment(folder) | mutant.environment,
            capture_output=True,
            text=True,
            check=False,
        )
    said = done.stdout + done.stderr
    if done.returncode == 0:
        return f"{mutant.test} {'is skipped' if ' skipped' in said else 'passes'}"
    if not re.search(mutant.says, said):
        return f"{mutant.test} fails for another reason than {mutant.says!r}:\n{said[-3000:]}"
    return None


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)  # with what is compiled of it, which stays true: times are copied, too
    else:
        shutil.copy(source, target)


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AOM_", "COV_"))}
    return kept | {"PYTHONPATH": str(folder)}


@click.command()
@click.argument("names", nargs=-1)
def main(names: tuple[str, ...]) -> None:
    """Judge all mutants, or those named."""
    wrong = 0
    for mutant in mutants():
        if names and mutant.path.stem not in names:
            continue
        fault = judge(mutant)
        wrong += fault is not None
        click.echo(f"{mutant.path.stem}: {fault or 'found out'}")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
