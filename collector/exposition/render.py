"""Samples as bytes of the text format; what the lines of one workflow have in common is escaped once."""

from collections.abc import Iterable
from itertools import accumulate

from collector.exposition.read import Observations, Sample

Lines = tuple[bytes, int]
"""The lines of one family for one workflow, and how many samples they are."""

NOTHING: Lines = (b"", 0)

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def clean(value: str) -> str:
    """The text as it can be written in UTF-8: a lone surrogate becomes U+FFFD."""
    return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def label(name: str, value: str) -> str:
    """One label as the format writes it."""
    return f'{name}="{clean(value).translate(_ESCAPES)}"'


def number(value: float) -> str:
    """A value as the format writes it: exact, so that no sum falls by rounding."""
    return str(int(value)) if value.is_integer() else repr(value)


def header(name: str, kind: str, says: str) -> bytes:
    """The HELP and TYPE lines of a family."""
    return f"# HELP {name} {says}\n# TYPE {name} {kind}\n".encode()


class Pen:
    """Writes the samples of one workflow; `own` are its labels as the format writes them."""

    __slots__ = ("_labels", "_le", "_own", "_pairs")

    def __init__(self, own: str) -> None:
        self._own = own
        self._pairs: dict[tuple[str, ...], dict[tuple[str, ...], str]] = {}
        self._labels: dict[tuple[str, str], str] = {}
        self._le: dict[tuple[float, ...], list[str]] = {}

    def lines(self, name: str, labels: tuple[str, ...], samples: Iterable[Sample]) -> Lines:
        """The lines of one family; `labels` name what each sample's label values are."""
        known = self._pairs.setdefault(labels, {})
        written: list[str] = []
        for values, value in samples:
            pairs = known.get(values)
            if pairs is None:
                pairs = known[values] = self._joined(labels, values)
            if isinstance(value, int):
                written.append(f"{name}{{{pairs}}} {value}\n")
            elif isinstance(value, float):
                written.append(f"{name}{{{pairs}}} {number(value)}\n")
            else:
                self._histogram(written, name, pairs, value)
        return ("".join(written).encode(), len(written)) if written else NOTHING

    def _joined(self, labels: tuple[str, ...], values: tuple[str, ...]) -> str:
        pairs, known = self._own, self._labels
        for pair in zip(labels, values, strict=True):
            written = known.get(pair)
            if written is None:
                written = known[pair] = label(*pair)
            pairs += "," + written
        return pairs

    def _histogram(self, written: list[str], name: str, pairs: str, value: Observations) -> None:
        histogram, bounds = value
        counts, total = histogram.published
        cumulative = list(accumulate(counts))
        start = f"{name}_bucket{{{pairs}"
        written += [f"{start}{le}{count}\n" for le, count in zip(self._bounds(bounds), cumulative, strict=True)]
        written.append(f"{name}_sum{{{pairs}}} {number(total)}\n")
        written.append(f"{name}_count{{{pairs}}} {cumulative[-1]}\n")

    def _bounds(self, bounds: tuple[float, ...]) -> list[str]:
        known = self._le.get(bounds)
        if known is None:
            shown = [*(repr(float(bound)) for bound in bounds), "+Inf"]
            known = self._le[bounds] = [f',le="{bound}"}} ' for bound in shown]
        return known
