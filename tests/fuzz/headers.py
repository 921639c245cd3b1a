"""`Accept` headers that are nearly right, and a reading of the rule by someone who never saw the other one."""

from dataclasses import dataclass
from random import Random

from collector.model import Format
from collector.web.accept import ESCAPINGS, Choice, accepts_gzip, choose
from tests.fuzz.counting import Finding

TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
TYPES = (
    "application/openmetrics-text", "text/plain", "*/*", "text/*", "application/*", "Text/PLAIN", "text/html", "text",
    "a/b/c", "/", "*", "application/vnd.google.protobuf", "",
)  # fmt: skip
PARAMETERS = (
    *("version=1.0.0", "version=0.0.4", "version=0.0.1", "version=2", "version=", "version", 'version="1.0.0"'),
    *("escaping=dots", "escaping=values", "escaping=allow-utf-8", "escaping=underscores", "escaping=x"),
    *(
        "charset=utf-8",
        "charset=UTF-8",
        "charset=latin-1",
        "level=1",
        "q=1",
        "q=0",
        "q=0.5",
        "q=0.501",
        "q=1.000",
        "q=0.",
    ),
    *("q=abc", "q=1.5", "q=-1", "q=", "q=.5", 'q="1"', "q=0.0001", "Q=0.2", "version=1.0.0;version=1.0.0", 'x="a,b;c"'),
    *('version="1\\.0\\.0"', 'x="\\"', 'x="', "q=\u0661", "q=1e0", "q=nan", ""),
)
SENSIBLE = ("version=1.0.0", "version=0.0.4", "escaping=dots", "escaping=values", "q=0", "q=0.5", "q=0.501", "q=1")
NOISE = ("", " ", "\t", ";", ",", '"', "\\", "=", "/", "\x00", "\u00e9", "\ud800", "q", "*", "\n", "1" * 3000)


def made(dice: Random) -> str:
    """A header of up to five entries, with a character here and there that belongs nowhere."""
    blank = dice.choice(("", "", " ", "\t "))
    entries = []
    for _ in range(dice.randint(1, 5)):
        calm = dice.random() < 0.7
        parameters = dice.sample(SENSIBLE if calm else PARAMETERS, dice.choice((0, 1, 1, 2, 2, 3)))
        entries.append(f"{blank};{blank}".join((dice.choice(TYPES[:4] if calm else TYPES), *parameters)))
    header = f"{blank},{blank}".join(entries)
    for _ in range(dice.choice((0, 0, 0, 1, 2))):
        at = dice.randrange(len(header) + 1)
        header = header[:at] + dice.choice(NOISE) + header[at + dice.randrange(2) :]
    return header


def judge(header: str) -> str:
    """What is answered to a header. Raises `Finding` where that is not what the rule says."""
    try:
        choice, gzip = choose(header), accepts_gzip(header)
    except Exception as error:
        msg = f"it raises {error!r}"
        raise Finding(msg) from error
    if not isinstance(gzip, bool) or choice.format not in Format:
        msg = f"it is none of the formats: {choice}"
        raise Finding(msg)
    expected = ruled(header)
    if (choice.format, choice.escaping) != expected:
        msg = f"{choice} is answered, where the rule says {expected}"
        raise Finding(msg)
    return Choice(*expected).content_type


# The rule, read once more: a header is walked through letter by letter, and each offer asks each entry about itself.

OFFERS = (
    *((Format.OPENMETRICS, escaping) for escaping in ESCAPINGS),
    *((Format.TEXT_1, escaping) for escaping in ESCAPINGS),
    (Format.TEXT, None),
)


@dataclass(frozen=True)
class Entry:
    """One entry that can be used: its type, what it names, and its weight in thousandths."""

    kind: str
    version: str | None
    escaping: str | None
    weight: int


def ruled(header: str) -> tuple[Format, str | None]:
    """The format, and the escaping, that the rule gives."""
    entries = (
        [each for part in _split(header, ",") if (each := _entry(part.strip(" \t")))] if len(header) <= 2048 else []
    )
    ranked = []
    for place, (form, escaping) in enumerate(OFFERS):
        asked = [(_precision(each), each.weight) for each in entries if _asks(each, form, escaping)]
        most = max((precision for precision, _ in asked), default=None)
        weights = [weight for precision, weight in asked if precision == most]
        if weights and min(weights) > 0:
            ranked.append((max(weights), most, -place))
    return OFFERS[-max(ranked)[2]] if ranked else OFFERS[-1]


def _split(text: str, mark: str) -> list[str]:
    """Split at a mark that stands outside of quotes; a quote that is never closed holds all that follows."""
    parts, quoted, escaped = [""], False, False
    for letter in text:
        if letter == mark and not quoted:
            parts.append("")
            continue
        parts[-1] += letter
        quoted ^= letter == '"' and not escaped
        escaped = quoted and letter == "\\" and not escaped
    return parts


def _entry(text: str) -> Entry | None:
    kind, *given = _split(text, ";")
    kind = kind.rstrip(" \t") if given else kind
    words = kind.split("/")
    said = _said(given)
    if said is None or len(words) > 2 or not all(word and set(word) <= TOKEN for word in words):
        return None
    weight, charset = _weight(said.pop("q", "1")), said.pop("charset", "utf-8")
    known = not said.keys() - {"version", "escaping"} and said.get("escaping", ESCAPINGS[0]) in ESCAPINGS
    if weight is None or charset.lower() != "utf-8" or not known:
        return None
    return Entry(kind.lower(), said.get("version"), said.get("escaping"), weight)


def _said(given: list[str]) -> dict[str, str] | None:
    """The parameters of an entry, None where one of them is malformed or stands there twice."""
    said: dict[str, str] = {}
    for place, parameter in enumerate(given):
        bare = parameter.strip(" \t") if place < len(given) - 1 else parameter.lstrip(" \t")
        name, equals, value = bare.partition("=")
        if not bare:
            continue
        if not equals or not name or not set(name) <= TOKEN or name.lower() in said:
            return None
        quoted = _unquoted(value) if value.startswith('"') and name.lower() != "q" else None
        if quoted is None and not (value and set(value) <= TOKEN):
            return None
        said[name.lower()] = value if quoted is None else quoted
    return said


def _unquoted(value: str) -> str | None:
    """What stands in quotes, None where they are not one whole quotation."""
    inner, letters = "", iter(value[1:])
    for letter in letters:
        if letter == '"':
            return inner if next(letters, None) is None else None
        taken = next(letters, "\x00") if letter == "\\" else letter
        if taken == "\x7f" or (ord(taken) < 32 and taken != "\t"):
            return None
        inner += taken
    return None


def _weight(text: str) -> int | None:
    """A weight in thousandths: 0 or 1 with at most three digits behind a point."""
    whole, _, part = text.partition(".")
    if whole not in {"0", "1"} or len(part) > 3 or not all(letter in "0123456789" for letter in part):
        return None
    weight = int(whole) * 1000 + int(part.ljust(3, "0"))
    return weight if weight <= 1000 else None


def _asks(entry: Entry, form: Format, escaping: str | None) -> bool:
    named = {
        "application/openmetrics-text": {None: Format.OPENMETRICS, "1.0.0": Format.OPENMETRICS},
        "text/plain": {None: Format.TEXT, "0.0.4": Format.TEXT, "1.0.0": Format.TEXT_1},
        "text/*": {None: Format.TEXT, "0.0.4": Format.TEXT},
        "*/*": {None: Format.TEXT, "0.0.4": Format.TEXT},
    }
    return named.get(entry.kind, {}).get(entry.version) is form and (
        form is Format.TEXT or entry.escaping in {None, escaping}
    )


def _precision(entry: Entry) -> tuple[int, int]:
    wild = {"*/*": -2, "text/*": -1}.get(entry.kind, 0)
    return wild, (entry.version is not None) + (entry.escaping is not None)
