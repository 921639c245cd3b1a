"""What a ledger says, and what the model expects it to say, in the same words."""

from itertools import accumulate

from collector.ledger import Ledger
from collector.ledger.book import Open
from tests.ledger.model import Model

Said = dict[tuple[object, ...], object]


def said(ledger: Ledger) -> Said:
    """Every series of a ledger: total, published, and when its hold ends."""
    tallies = [(None, ledger.executions), *((name, node.tally) for name, node in ledger.nodes.items())]
    counts = {("runs", name, status): c for name, tally in tallies for status, c in tally.runs.items()}
    if ledger.since is not None:
        counts |= {("reopened",): ledger.reopened, ("gaps",): ledger.gaps}
    counts |= {("targets", name, o): c for name, node in ledger.nodes.items() for o, c in node.targets.items()}
    found: Said = {
        key: (count.total, count.published, None if count.shown is None else count.until)
        for key, count in counts.items()
    }
    for name, tally in tallies:
        for status, histogram in tally.durations.items():
            shown_counts, shown_sum = histogram.published
            until = None if histogram.shown_counts is None else histogram.until
            whole = (histogram.counts, round(histogram.sum, 4))
            found["durations", name, status] = (whole, (shown_counts, round(shown_sum, 4)), until)
    return found


def expected(model: Model) -> Said:
    """The same of the model."""
    found: Said = {}
    for key, series in model.series.items():
        if key[0] == "durations":
            bounds = model.rules.node_bounds if key[1] else model.rules.execution_bounds
            whole, part = (series.buckets(bounds, published=published) for published in (False, True))
            found[key] = (whole, part, series.until)
        else:
            found[key] = series.said()
    return found


def heights(spoken: Said, ledger: Ledger) -> dict[tuple[object, ...], float]:
    """Every number that may never fall, by what it is called: buckets cumulatively and by their bound."""
    found: dict[tuple[object, ...], float] = {}
    for key, value in spoken.items():
        for which, part in enumerate(value[:2]):  # type: ignore[index]
            if key[0] != "durations":
                found[which, *key] = part
                continue
            bounds = ledger.node_bounds if key[1] else ledger.execution_bounds
            for bound, height in zip((*bounds, "+Inf"), accumulate(part[0]), strict=True):
                found[which, *key, bound] = height
            found[which, *key, "sum"] = part[1]
    return found


def standing(open_: Open) -> object:
    """What is active of one execution."""
    return open_.status, sorted((run.node, run.status) for run in open_.nodes)
