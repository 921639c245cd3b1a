"""Marked secrets, and what finds one of them, whole or in part, in whatever form it is written."""

import base64
import json
import random
import re
import string
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

LEAST = 12
"""Characters in a row that are a find."""
TABLE = 100_000
"""Characters of the longest text that may be a table."""
CHUNK = 1 << 16
ALPHABET = string.ascii_letters + string.digits
FORMS = ("plain", "base64", "base64, 1 before", "base64, 2 before", "base64 of addresses", "URL", "form", "hex", "JSON")


def mark(kind: str, length: int = 40, odd: str = "") -> str:
    """A secret of a kind: always the same, and like nothing else; `odd` stands in its middle."""
    chance = random.Random(kind)
    text = "".join(chance.choices(ALPHABET, k=length))
    return text[: length // 2] + odd + text[length // 2 :]


def written(secret: str, form: str) -> str:
    """A secret in a form; base64 as it stands in a longer text, with so many bytes before it."""
    raw = secret.encode()
    ways = {
        "plain": secret,
        **{name: base64.b64encode(b"-" * at + raw + b"--").decode() for at, name in enumerate(FORMS[1:4])},
        "base64 of addresses": base64.urlsafe_b64encode(raw).decode(),
        "URL": quote(secret, safe=""),
        "form": quote_plus(secret).lower(),
        "hex": raw.hex().upper(),
        "JSON": json.dumps(secret)[1:-1],
    }
    return ways[form]


def _forms(secret: str) -> Iterator[str]:
    """All that may be found of a secret: of base64, the characters that are of nothing but the secret."""
    yield from (written(secret, form) for form in FORMS if "64" not in form)
    yield quote(secret)
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    for before, form in enumerate(FORMS[1:4]):
        inner = written(secret, form)[-(-before * 8 // 6) : (before + len(secret.encode())) * 8 // 6]
        yield from (inner, inner.replace("+", "-").replace("/", "_"))


class Marks:
    """Secrets by kind, some of which may become known later on."""

    def __init__(self) -> None:
        self._parts: dict[int, dict[str, str]] = {}
        self.kinds: set[str] = set()

    def add(self, kind: str, secret: str) -> str:
        """Look for one more; the secret again."""
        assert len(secret) >= LEAST, kind
        self.kinds.add(kind)
        for form in map(str.lower, _forms(secret)):
            # Two characters tell one of the secret's there, and a signature is hexadecimal already.
            length = LEAST * (1 + (form == secret.encode().hex()))
            parts = self._parts.setdefault(length, {})
            parts |= {form[at : at + length]: kind for at in range(len(form) - length + 1)}
        return secret

    def found(self, told: str | bytes) -> set[str]:
        """The kinds of which something stands there; with the first part that does."""
        text = told.decode("latin-1") if isinstance(told, bytes) else told
        finds: dict[str, str] = {}
        lowered = text.lower()
        # A table folds what is long: it is looked at as though nothing were between as well.
        for looked in {lowered, re.sub(r"\s+", "", lowered)} if len(text) < TABLE else {lowered}:
            for start in range(0, len(looked), CHUNK):
                piece = looked[start : start + CHUNK + 2 * LEAST]
                for length, parts in self._parts.items():
                    held = parts.keys() & {piece[at : at + length] for at in range(len(piece) - length + 1)}
                    finds |= {parts[part]: part for part in held}
                if len(finds) == len(self.kinds):  # there is no more to be found
                    break
        return {f"{kind}: {part}" for kind, part in finds.items()}
