"""What a scraper accepts: a strict reading of `Accept` and `Accept-Encoding` (RFC 9110, 12.5). Pure.

Entries that are malformed, or that name what is not served here, are ignored one by one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from collector.model import Format

LONGEST = 2048
"""Characters of a header that are worth reading; a longer one says nothing."""

_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[^\x00-\x08\x0a-\x1f\x7f])*"'
# A quote that never ends takes the rest of the header into its own, malformed, entry.
_ENTRY = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*+(?:"|\\?\Z))++', re.DOTALL)
_NAME = re.compile(rf"({_WORD})(?:/({_WORD}))?")
_PARAMETER = re.compile(rf"[ \t]*;[ \t]*(?:({_WORD})=({_WORD}|{_QUOTED}))?")
_WEIGHT = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)

ESCAPINGS = ("underscores", "allow-utf-8", "dots", "values")
"""How names beyond the old alphabet would be written, our default first; ours have none, so all texts are the same."""
_TEXT = ("text", "plain")
_OPENMETRICS = ("application", "openmetrics-text")
# Each wildcard, and how little it says.
_WILD = {("text", "*"): -1, ("*", "*"): -2}


@dataclass(frozen=True, slots=True)
class Choice:
    """What to answer with; `escaping` is None where the format knows none."""

    format: Format
    escaping: str | None = None

    @property
    def content_type(self) -> str:
        """The value of `Content-Type`."""
        escaping = f"; escaping={self.escaping}" if self.escaping else ""
        return f"{self.format.value}; charset=utf-8{escaping}"


PLAIN = Choice(Format.TEXT)
"""What everybody gets who asks for nothing that is served here."""
_OFFERED = (
    *(Choice(Format.OPENMETRICS, escaping) for escaping in ESCAPINGS),
    *(Choice(Format.TEXT_1, escaping) for escaping in ESCAPINGS),
    PLAIN,
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of a header; `kind` is a type and subtype, or a coding and "". `weight` in thousandths."""

    kind: tuple[str, str]
    parameters: dict[str, str]
    weight: int


@dataclass(frozen=True, slots=True)
class _Range:
    """What one usable entry of `Accept` asks for; `precision`: how much it says, wildcards are below zero."""

    format: Format
    escaping: str | None
    precision: int
    weight: int

    def covers(self, offer: Choice) -> bool:
        return self.format is offer.format and (self.escaping is None or offer.escaping in {self.escaping, None})


def choose(accept: str | None) -> Choice:
    """What to answer a scraper that sends this `Accept`, several of them joined by commas.

    The most precise entry about an offer gives its weight. The heaviest offer wins; then the one that is asked for most
    precisely; then OpenMetrics before text 1.0.0 before text 0.0.4, the one that wildcards mean.
    """
    ranges = [found for entry in _entries(accept) if (found := _range(entry)) is not None]
    best, chosen = (0, 0), PLAIN
    for offer in _OFFERED:
        said = [each for each in ranges if each.covers(offer)]
        if not said:
            continue
        precision = max(each.precision for each in said)
        weights = [each.weight for each in said if each.precision == precision]
        weight = max(weights) if all(weights) else 0
        if weight and (weight, precision) > best:
            best, chosen = (weight, precision), offer
    return chosen


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether gzip may be answered, and is not less welcome than no coding at all."""
    weights: dict[str, int] = {}
    for entry in _entries(accept_encoding):
        coding, sub = entry.kind
        if not sub and not entry.parameters:
            coding = "gzip" if coding == "x-gzip" else coding
            weights[coding] = min(entry.weight, weights.get(coding, entry.weight))
    gzip = weights.get("gzip", weights.get("*", 0))
    return gzip > 0 and gzip >= weights.get("identity", 0)


def _range(entry: _Entry) -> _Range | None:
    """What an entry of `Accept` asks for, None where that is nothing we have."""
    parameters = dict(entry.parameters)
    version, escaping = parameters.pop("version", None), parameters.pop("escaping", None)
    charset = parameters.pop("charset", "utf-8")
    if parameters or charset.lower() != "utf-8" or escaping not in {None, *ESCAPINGS}:
        return None
    form = _format(entry.kind, version)
    if form is None:
        return None
    precision = _WILD.get(entry.kind, 0) * 3 + (version is not None) + (escaping is not None)
    return _Range(form, escaping, precision, entry.weight)


def _format(kind: tuple[str, str], version: str | None) -> Format | None:
    if kind == _OPENMETRICS:
        # Whoever asks for 0.0.1 alone may be too old to read exemplars.
        return Format.OPENMETRICS if version in {None, "1.0.0"} else None
    if kind == _TEXT and version == "1.0.0":
        return Format.TEXT_1
    if kind == _TEXT or kind in _WILD:
        return Format.TEXT if version in {None, "0.0.4"} else None
    return None


def _entries(header: str | None) -> Iterator[_Entry]:
    if header is None or len(header) > LONGEST:
        return
    for found in _ENTRY.finditer(header):
        entry = _entry(found[0].strip(" \t"))
        if entry is not None:
            yield entry


def _entry(text: str) -> _Entry | None:
    """One entry, None where it is malformed."""
    name = _NAME.match(text)
    if name is None:
        return None
    at, weight = name.end(), 1000
    parameters: dict[str, str] = {}
    while at < len(text):
        found = _PARAMETER.match(text, at)
        if found is None:
            return None
        at = found.end()
        if found[1] is None:
            continue
        key = found[1].lower()
        if key in parameters:
            return None
        parameters[key] = found[2]
    if (q := parameters.pop("q", None)) is not None:
        if _WEIGHT.fullmatch(q) is None:
            return None
        weight = round(float(q) * 1000)
    values = {key: _unquoted(value) for key, value in parameters.items()}
    return _Entry((name[1].lower(), (name[2] or "").lower()), values, weight)


def _unquoted(value: str) -> str:
    return _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value
