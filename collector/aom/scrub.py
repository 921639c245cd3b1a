"""Takes secrets out of what others say: a service quotes what it was sent, in any form and in parts. Pure."""

import html
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from functools import cached_property
from string import ascii_lowercase, ascii_uppercase
from urllib.parse import quote, quote_plus

LEAST = 12
"""Characters of a secret that nobody may see in a row; of a shorter secret, all of it."""
INSTEAD = "<secret>"
_BLOCK = LEAST // 2
_STEP = LEAST - _BLOCK + 1
"""Every `LEAST` characters in a row hold a whole block of those that begin so many apart."""
_SHORTEST = 6
"""Characters of an encoded secret that are looked for at least; fewer stand in many a word."""
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


class Scrub:
    """Replaces every form of some secrets, and every part of one that is long enough to tell something.

    Forms: as it is, escaped as in JSON, HTML or an address, hexadecimal, and base64 at any place of a longer text; in
    capitals or not. To be used before anything is cut. Empty secrets are none.
    """

    def __init__(self, *secrets: str) -> None:
        self._secrets = secrets

    def __call__(self, text: str) -> str:
        """The text with `<secret>` in the place of each."""
        if not text or not self._forms:
            return text
        lowered, hidden = text.translate(_LOWER), bytearray(len(text))
        for start, end in (*self._short(lowered), *self._parts(lowered)):
            hidden[start:end] = b"\x01" * (end - start)
        shown, rest = [], 0
        for run in re.finditer(b"\x01+", hidden):
            shown += [text[rest : run.start()], INSTEAD]
            rest = run.end()
        return "".join(shown) + text[rest:]

    def __repr__(self) -> str:
        return "<scrub>"

    @cached_property
    def _forms(self) -> frozenset[str]:
        return frozenset(form.translate(_LOWER) for secret in self._secrets if secret for form in _forms(secret))

    @cached_property
    def _long(self) -> tuple[str, frozenset[str]]:
        """All long forms in one text, and the blocks by which a part of one is found fast."""
        long = [form for form in self._forms if len(form) >= LEAST]
        blocks = (form[at : at + _BLOCK] for form in long for at in range(0, len(form) - _BLOCK + 1, _STEP))
        return "\0".join(long), frozenset(blocks)

    def _short(self, text: str) -> Iterator[tuple[int, int]]:
        for form in self._forms:
            if len(form) < LEAST:
                yield from ((found.start(), found.end()) for found in re.finditer(re.escape(form), text))

    def _parts(self, text: str) -> Iterator[tuple[int, int]]:
        known, blocks = self._long
        for at in range(len(text) - _BLOCK + 1 if blocks else 0):
            if text[at : at + _BLOCK] in blocks:
                for start in range(max(at + _BLOCK - LEAST, 0), at + 1):
                    part = text[start : start + LEAST]
                    if len(part) == LEAST and part in known:
                        yield start, start + LEAST


def _forms(secret: str) -> Iterator[str]:
    """How a secret may be written."""
    yield secret
    raw = secret.encode("utf-8", "surrogatepass")
    encoded = (
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        *(quote(raw, safe=kept) for kept in ("", "/")),
        quote_plus(raw),
        raw.hex(),
        *(_base64(raw, before) for before in range(3)),
        *(_base64(raw, before).translate(_TO_URL) for before in range(3)),
    )
    yield from (form for form in encoded if len(form) >= _SHORTEST)


_TO_URL = str.maketrans("+/", "-_")


def _base64(raw: bytes, before: int) -> str:
    """What base64 makes of this whatever stands around it, where so many bytes of a triple stand before it."""
    whole = b64encode(bytes(before) + raw).decode().rstrip("=")
    return whole[(0, 2, 3)[before] : len(whole) - bool((before + len(raw)) % 3)]
