"""Failures since the last success, whatever the order in which endings are learned. Pure.

Law: the length depends on the set of verdicts alone, as long as none arrives later than `KEPT` newer ones.
"""

from collector.ledger.book import Streak, Verdict

KEPT = 8


def length(streak: Streak) -> int:
    """How many runs failed since the last success; consecutive endings of one run are one contribution, its last."""
    count = 0
    later: str | None = None
    for verdict in reversed(streak.verdicts):
        if verdict.run == later:
            continue
        if not verdict.failed:
            return count
        count += 1
        later = verdict.run
    return count + streak.before


def extend(streak: Streak, new: Verdict, *, was: int | None = None, before: tuple[str, ...] = ()) -> Streak:
    """The streak with one more verdict in its place.

    `was`: the second since the epoch under which the same ending stood until its time became better known, for this
    run or what it may have gone by `before`. Where no time tells two endings of a run apart, the one learned last
    stands.
    """

    def same(known: Verdict) -> bool:
        return known.run == new.run and (known.at // 1000 == was or known.at == new.at)

    named = (Verdict(each.at, new.run, each.failed) if each.run in before else each for each in streak.verdicts)
    known = (verdict for verdict in named if not same(verdict))
    verdicts = sorted({*known, new})
    if len(verdicts) <= KEPT:
        return Streak(streak.before, tuple(verdicts))
    dropped, *kept = verdicts
    if dropped.run == kept[0].run:
        return Streak(streak.before, tuple(kept))
    return Streak(streak.before + 1 if dropped.failed else 0, tuple(kept))
