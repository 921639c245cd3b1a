"""JSON without what lies deeper in it than anything is read, for the one value that is nested beyond reason. Pure.

A JSON reader calls itself for each level and gives up after a thousand of them; one such value would cost the answer.
"""

import re

DEEPEST = 32
"""Levels that are kept: an output's entries lie on the tenth."""
MOST_TOKENS = 500_000
"""Strings and brackets that are looked through, in a third of a second; no history has a tenth of that."""

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[{\]}"]', re.DOTALL)
_ENDS = {"[": "]", "{": "}"}
NOTHING = "?"
"""What is left of a text that cannot be JSON: it is none either."""


def shallow(text: str) -> str | None:
    """The text with null for each list and object below `DEEPEST`; None where there is too much of it to look through.

    Brackets and quotes have to match in what is left out, and nothing else of it is looked at.
    """
    kept, start = [], 0
    ends: list[str] = []
    for place, found in enumerate(_TOKEN.finditer(text)):
        token = found[0]
        if place == MOST_TOKENS:
            return None
        if token in _ENDS:
            ends.append(_ENDS[token])
            if len(ends) == DEEPEST + 1:
                kept.append(text[start : found.start()])
                start = len(text)
        elif len(token) == 1:
            if not ends or token != ends.pop():
                return NOTHING
            if len(ends) == DEEPEST:
                kept.append("null")
                start = found.end()
    return "".join((*kept, text[start:]))
