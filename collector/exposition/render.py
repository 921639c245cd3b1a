"""Samples as bytes of the text format: one workflow's lines of one family, label escaping hoisted out of the loop."""

from collections.abc import Iterable
from itertools import accumulate

from collector.exposition.read import Sample, Value

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def label(name: str, value: str) -> str:
    """One label as the format writes it; a lone surrogate becomes U+FFFD."""
    clean = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return f'{name}="{clean.translate(_ESCAPES)}"'


def number(value: float) -> str:
    """A value as the format writes it: exact, and never in a form that a parser lacks."""
    if isinstance(value, int) or value.is_integer():
        return str(int(value))
    return repr(value)


def lines(name: str, labels: tuple[str, ...], own: str, samples: Iterable[Sample]) -> tuple[bytes, int]:
    """The lines of one family for one workflow, and how many; `own` are the workflow's labels, written."""
    written: list[str] = []
    for values, value in samples:
        pairs = ",".join((own, *map(label, labels, values))) if values else own
        if isinstance(value, tuple):
            written += _histogram(name, pairs, value)
        else:
            written.append(f"{name}{{{pairs}}} {number(value)}\n")
    return "".join(written).encode(), len(written)


def _histogram(name: str, pairs: str, value: Value) -> list[str]:
    if not isinstance(value, tuple):
        return []
    histogram, bounds = value
    counts, total = histogram.published
    written = [
        f'{name}_bucket{{{pairs},le="{float(bound)!r}"}} {count}\n'
        for bound, count in zip(bounds, accumulate(counts), strict=False)
    ]
    observed = sum(counts)
    written.append(f'{name}_bucket{{{pairs},le="+Inf"}} {observed}\n')
    written.append(f"{name}_sum{{{pairs}}} {number(total)}\n")
    written.append(f"{name}_count{{{pairs}}} {observed}\n")
    return written


def header(name: str, type_: str, help_: str) -> bytes:
    """The HELP and TYPE lines of a family."""
    return f"# HELP {name} {help_}\n# TYPE {name} {type_}\n".encode()
