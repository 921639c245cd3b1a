"""Samples as bytes of the text formats; what the lines of one workflow have in common is escaped once.

The formats differ in exemplars alone, so lines are kept in pieces: at even places text that all formats have, at odd
places what only OpenMetrics adds to it.
"""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate

from collector.exposition.read import Observations, Sample
from collector.ledger.book import Count, Exemplar
from collector.model import Format

Pieces = tuple[bytes, ...]
"""An even number of pieces: text and exemplar, in turns. Lines without exemplars are one text and an empty exemplar."""
Lines = tuple[Pieces, int]
"""The lines of one family for one workflow, and how many samples they are."""

NOTHING: Lines = ((), 0)

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
_HELP_ESCAPES = {
    Format.TEXT: str.maketrans({"\\": "\\\\", "\n": "\\n"}),
    Format.TEXT_1: str.maketrans({"\\": "\\\\", "\n": "\\n"}),
    Format.OPENMETRICS: _ESCAPES,
}
EXEMPLAR = "execution_id"
_LONGEST = 128 - len(EXEMPLAR)


def clean(value: str) -> str:
    """The text as it can be written in UTF-8: a lone surrogate becomes U+FFFD."""
    return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def label(name: str, value: str) -> str:
    """One label as the formats write it."""
    return f'{name}="{clean(value).translate(_ESCAPES)}"'


def number(value: float) -> str:
    """A value as the formats write it: exact, so that no sum falls by rounding."""
    return str(int(value)) if value.is_integer() else repr(value)


def header(name: str, kind: str, says: str, form: Format = Format.TEXT) -> bytes:
    """The HELP and TYPE lines of a family; OpenMetrics names a counter without its suffix there."""
    if form is Format.OPENMETRICS and kind == "counter":
        name = name.removesuffix("_total")
    return f"# HELP {name} {says.translate(_HELP_ESCAPES[form])}\n# TYPE {name} {kind}\n".encode()


def exemplar(told: Exemplar | None) -> str:
    """An exemplar as OpenMetrics writes it behind a sample, empty where there is none or its id is too long for one."""
    if told is None or len(clean(told.execution)) > _LONGEST:
        return ""
    return f" # {{{label(EXEMPLAR, told.execution)}}} {number(float(told.value))} {number(told.at / 1000)}"


class Pen:
    """Writes the samples of one workflow; `own` are its labels as the formats write them."""

    __slots__ = ("_exemplars", "_labels", "_le", "_own", "_pairs")

    def __init__(self, own: str) -> None:
        self._own = own
        self._pairs: dict[tuple[str, ...], dict[tuple[str, ...], str]] = {}
        self._labels: dict[tuple[str, str], str] = {}
        self._le: dict[tuple[float, ...], list[str]] = {}
        self._exemplars: dict[int, str] = {}

    def lines(self, name: str, labels: tuple[str, ...], samples: Iterable[Sample]) -> Lines:
        """The lines of one family; `labels` name what each sample's label values are."""
        known = self._pairs.setdefault(labels, {})
        written: list[str] = []
        self._exemplars.clear()
        for values, value in samples:
            pairs = known.get(values)
            if pairs is None:
                pairs = known[values] = self._joined(labels, values)
            if isinstance(value, int):
                written.append(f"{name}{{{pairs}}} {value}\n")
            elif isinstance(value, float):
                written.append(f"{name}{{{pairs}}} {number(value)}\n")
            elif isinstance(value, Count):
                if value.exemplar is not None and value.shown is None:
                    self._mark(len(written), value.exemplar)
                written.append(f"{name}{{{pairs}}} {value.published}\n")
            else:
                self._histogram(written, name, pairs, value)
        if not written:
            return NOTHING
        pieces = self._parted(written) if self._exemplars else ("".join(written).encode(), b"")
        return pieces, len(written)

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
        if histogram.exemplar is not None and histogram.shown_counts is None:
            self._mark(len(written) + bisect_left(bounds, histogram.exemplar.value), histogram.exemplar)
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

    def _mark(self, line: int, told: Exemplar) -> None:
        if written := exemplar(told):
            self._exemplars[line] = written

    def _parted(self, written: list[str]) -> Pieces:
        """The lines, parted where an exemplar goes: before the newline of its line."""
        pieces: list[bytes] = []
        begin, newline = 0, ""
        for line, told in self._exemplars.items():
            text = newline + "".join(written[begin : line + 1])
            pieces += (text[:-1].encode(), told.encode())
            begin, newline = line + 1, "\n"
        pieces += ((newline + "".join(written[begin:])).encode(), b"")
        return tuple(pieces)
