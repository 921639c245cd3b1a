"""The kept bodies: each the smallest found that makes the decoder behave in a way that no other of them does.

All of them are synthetic. A line of `corpus/bodies.jsonl` says from what a body was made small, what comes of it, which
of the good records in it must count (null where it must be refused whole), and how it reads: bytes that are no UTF-8
as lone surrogates, and ["[", 1200] for so many of them.
"""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from tests.fuzz.behaviour import Steps, behaviour
from tests.fuzz.bodies import HUGE, Body, Verbatim, still_good, written
from tests.fuzz.counting import judge
from tests.fuzz.goods import GOODS

REPEATED = re.compile(r"(.{1,5}?)\1{49,}", re.DOTALL)
BARE = GOODS["bare"].text.encode()
DEEPEST = 12
FILE = Path(__file__).parent / "corpus" / "bodies.jsonl"


def load(file: Path = FILE) -> list[Body]:
    """The kept bodies."""
    return [_body(json.loads(line)) for line in file.read_text("ascii").splitlines()] if file.exists() else []


def save(bodies: list[Body], file: Path = FILE) -> None:
    """Keep these, in the order of what they cover."""
    ordered = sorted(bodies, key=lambda body: (body.good is None, body.covers, body.raw))
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(f"{json.dumps(_line(body))}\n" for body in ordered), "ascii")


def _line(body: Body) -> dict[str, object]:
    pieces, at = [], 0
    text = body.raw.decode("utf-8", "surrogateescape")
    for found in REPEATED.finditer(text):
        pieces += [text[at : found.start()], [found[1], len(found[0]) // len(found[1])]]
        at = found.end()
    coded = {"encoding": body.encoding} if body.encoding else {}
    return {"from": body.covers, "comes": comes(body), "good": body.good, **coded, "body": [*pieces, text[at:]]}


def _body(line: dict[str, Any]) -> Body:
    good = None if line["good"] is None else tuple(line["good"])
    text = "".join(each if isinstance(each, str) else each[0] * each[1] for each in line["body"])
    return Body(line["from"], text.encode("utf-8", "surrogateescape"), good, line.get("encoding", ""))


def outcomes(file: Path = FILE) -> list[str]:
    """What comes of each of the kept bodies, as it is written down, in the order of `load`."""
    return [json.loads(line)["comes"] for line in file.read_text("ascii").splitlines()]


def comes(body: Body) -> str:
    """What comes of a body, in one line. Raises `Finding`."""
    found = judge(body)
    if isinstance(found, str):
        return f"refused: {found}"
    left_out = ", ".join(sorted(flaw.name for flaw in found.flaws)) or "nothing"
    return f"{len(found.records)} read, {left_out} left out" + (
        f", {len(found.words)} new words" if found.words else ""
    )


class Pairs(list[tuple[str, object]]):
    """An object's keys and values as they stand there, doubles too."""


def smallest(body: Body, steps: Steps) -> Body:
    """The body without whatever can be left out of it while it takes the same steps; a good record stays in it."""
    if body.encoding:
        return body
    for name in body.good or ():
        # The least of the good records is as good a neighbour as any.
        body = _like(body, body.raw.replace(GOODS[name].text.encode(), BARE), steps) or body
    with _deep():
        try:
            tree = json.loads(
                body.raw, object_pairs_hook=Pairs, parse_int=Verbatim, parse_float=Verbatim, parse_constant=Verbatim
            )
        except ValueError:
            tree = None
    if tree is None:
        return _shortest(body, steps)
    body = _like(body, _text(tree), steps) or body
    place = 0
    while (without := next(islice(_without_one(tree), place, None), None)) is not None:
        found = _like(body, _text(without), steps)
        tree, body, place = (tree, body, place + 1) if found is None else (without, found, place)
    return body


def _shortest(body: Body, steps: Steps) -> Body:
    """As `smallest`, byte by byte, for what is no JSON; what is long for its depths' sake stays as it is."""
    for length in (256, 64, 16, 4, 1) if len(body.raw) < HUGE else ():
        at = 0
        while at < len(body.raw):
            found = _like(body, body.raw[:at] + body.raw[at + length :], steps)
            body, at = (found, at) if found is not None else (body, at + length)
    return body


def _like(body: Body, raw: bytes, steps: Steps) -> Body | None:
    """The body with other bytes, where it behaves as before and still has a good record, if it had one."""
    with _deep():
        good = still_good(raw)
    if bool(good) != bool(body.good) or (good is None) != (body.good is None):
        return None
    other = replace(body, raw=raw, good=good)
    if behaviour(other) != steps:
        return None
    judge(other)
    return other


def _without_one(tree: object, depth: int = 0) -> Iterator[object]:
    """The tree without one of its values, the large ones first; what is nested beyond reason is not taken apart."""
    if not isinstance(tree, list) or depth == DEEPEST:
        return
    for place in range(len(tree)):
        yield _cast(tree, [*tree[:place], *tree[place + 1 :]])
    for place, each in enumerate(tree):
        inner = each[1] if isinstance(tree, Pairs) else each
        for smaller in _without_one(inner, depth + 1):
            yield _cast(
                tree, [*tree[:place], (each[0], smaller) if isinstance(tree, Pairs) else smaller, *tree[place + 1 :]]
            )


def _cast(tree: object, values: list[Any]) -> object:
    return Pairs(values) if isinstance(tree, Pairs) else values


def _text(tree: object) -> bytes:
    with _deep():
        return _written(tree).encode()


def _written(tree: object) -> str:
    if isinstance(tree, Pairs):
        return f"{{{','.join(f'{json.dumps(key)}:{_written(value)}' for key, value in tree)}}}"
    return f"[{','.join(map(_written, tree))}]" if isinstance(tree, list) else written(tree)


@contextmanager
def _deep() -> Iterator[None]:
    """Room to read and write what is nested beyond reason; never while the decoder is looked at."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
