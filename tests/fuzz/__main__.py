"""The long run: as many things as there is time for, and what is new among the bodies is kept.

    python -m tests.fuzz --seconds 600 --seed 1
    python -m tests.fuzz --target headers --count 100000

The same numbers are the same run, as long as the code is the same. Bodies whose behaviour no kept one has are made
small and added to `tests/fuzz/corpus/bodies.jsonl`, unless `--no-keep`. It fails with the first finding.
"""

import sys
import time
from random import Random

import click

from tests.fuzz import corpus, run
from tests.fuzz.counting import Finding

EVERY = 10.0  # seconds between two lines


@click.command(help=__doc__)
@click.option("--seconds", type=float, default=60.0, help="how long; for each target, where there are several")
@click.option("--count", type=int, help="how many of each, instead of how long")
@click.option("--seed", type=int, default=1, help="where the numbers begin, in steps of 10,000,000")
@click.option("--target", "targets", type=click.Choice(list(run.TARGETS)), multiple=True, help="default: all of them")
@click.option("--keep/--no-keep", default=True, help="whether what is new is added to the corpus")
def main(*, seconds: float, count: int | None, seed: int, targets: tuple[str, ...], keep: bool) -> None:
    """Run each target, and say what came of it."""
    for target in targets or tuple(run.TARGETS):
        began = said = time.monotonic()
        growing = run.Growing(corpus.load()) if target == "bodies" and keep else None
        done = 0
        for number in run.seeds(seed * 10_000_000, count, began + seconds):
            dice = Random(number)
            try:
                growing.take(run.body(dice)) if growing else run.TARGETS[target](dice)
            except Finding as finding:
                click.echo(f"{target}: seed {number}: {finding}\n{run.MADE[target](Random(number))!r}", err=True)
                sys.exit(1)
            done += 1
            if time.monotonic() > said + EVERY:
                said = time.monotonic()
                click.echo(_line(target, done, growing, said - began))
        click.echo(_line(target, done, growing, time.monotonic() - began))


def _line(target: str, done: int, growing: run.Growing | None, seconds: float) -> str:
    """How far it is; what was kept until then is saved, should the run be ended."""
    if growing and growing.new:
        corpus.save(growing.kept)
    kept = f", {growing.new} of them new, {len(growing.kept)} kept" if growing else ""
    return f"{target}: {done:,} tried{kept}, no finding, {seconds:.0f} s"


if __name__ == "__main__":
    main()
