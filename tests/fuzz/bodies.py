"""Answers that are nearly right: good records, and beside them what no record should be.

What is wrong stands within one element wherever that can be, so that all others have to count; where the bytes
themselves are bent, which of the good records are still there is read off without the decoder.
"""

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.fuzz.goods import GOODS

ROOTS = ("executions", "elements", "data", "items")
HUGE = 1200  # levels; a JSON reader gives up at a thousand


@dataclass(frozen=True)
class Body:
    """One answer: `good` names the records that must count, None where there is no list to be read at all."""

    covers: str
    raw: bytes
    good: tuple[str, ...] | None
    encoding: str = ""


class Verbatim(str):
    """JSON that stands in a body as it is written here, since no writer would write it."""

    __slots__ = ()


def written(value: object) -> str:
    """The value as JSON, with what is verbatim as it stands."""
    if isinstance(value, Verbatim):
        return str(value)
    if isinstance(value, dict):
        return f"{{{','.join(f'{written(key)}:{written(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{','.join(map(written, value))}]"
    return json.dumps(value)


ODD: dict[str, Callable[[Random], object]] = {
    "null": lambda _: None,
    "a boolean": lambda dice: dice.random() < 0.5,
    "a small number": lambda dice: dice.choice((0, -1, 1, 17, -0.0, 0.5)),
    "a number of seconds": lambda dice: dice.choice((1_700_000_000, 1_700_000_000.5, 999_999_999, 10**10)),
    "a number of milliseconds": lambda dice: dice.choice((10**11 - 1, 10**11, 10**14, 1_900_000_000_000)),
    "a number past 64 bits": lambda dice: dice.choice((2**63, 2**64, -(2**64), 10**40)),
    "a number of thousands of digits": lambda dice: Verbatim("9" * dice.choice((4299, 4300, 4301, 5000))),
    "a number past the floats": lambda dice: Verbatim(dice.choice(("1e999", "-1e999", "1e-999"))),
    "no number": lambda dice: Verbatim(dice.choice(("NaN", "Infinity", "-Infinity"))),
    "an empty text": lambda dice: dice.choice(("", " ", "\t")),
    "a text": lambda dice: dice.choice(("exploded", "<b>&", "\x1b[31m", "a\nb", "\u202e", "0", "\x00")),
    "a long text": lambda dice: "x" * dice.choice((64, 65, 256, 257)),
    "a lone surrogate": lambda dice: Verbatim(dice.choice((r'"\ud800"', r'"a\udc00b"', r'"\udc00\ud800"'))),
    "a time in text": lambda dice: dice.choice(
        ("1700000000", "1700000000000.5", "-1700000000", "2023-11-14", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23")
    ),
    "a status word": lambda dice: dice.choice(("SUCCESS", " fail ", "not_performed", "waitApproval", "nicht gut")),
    "an empty list": lambda _: [],
    "a list": lambda dice: dice.choice(([None], [[]], [[[[1]]]], [1, "x", {}], [{"node_id": "n"}])),
    "an empty object": lambda _: {},
    "an object": lambda dice: dice.choice(({"node_id": 5}, {"success": 1}, {"execution_id": {}}, {"error_code": "X"})),
    "depths": lambda dice: Verbatim(dice.choice(("[" * HUGE + "]" * HUGE, '{"a":' * HUGE + "1" + "}" * HUGE))),
}
FIELDS = ("execution_id", "status", "begin_time", "end_time", "last_update_time", "execution_result_list", "log")
NODE_FIELDS = ("node_id", "function_execution_id", "status", "begin_time", "end_time", "output", "log")
OUTCOMES = ("success", "fail", "not_performed", "in_execution", "other")


def _odd(dice: Random) -> tuple[str, object]:
    name = dice.choice(tuple(ODD))
    return name, ODD[name](dice)


def _bent_record(dice: Random) -> tuple[str, object]:
    """A copy of a good record under an id of its own, with something odd in it."""
    record = GOODS[dice.choice(tuple(GOODS))].value | {"execution_id": f"bent-{dice.randrange(3)}"}
    name, value = _odd(dice)
    nodes = record.get("execution_result_list")
    where = dice.choice(("execution", "node", "output", "twice", "gone"))
    if where == "execution" or not isinstance(nodes, list) or not nodes:
        field = dice.choice(FIELDS)
        record[field] = value
        return f"{name} as {field}", record
    node = nodes[-1]
    if where == "node":
        field = dice.choice(NODE_FIELDS)
        node[field] = value
        return f"{name} as {field} of a node", record
    if where == "output":
        outcome = dice.choice(OUTCOMES)
        node["output"] = {dice.choice(OUTCOMES): [{}], outcome: value}
        return f"{name} as output.{outcome}", record
    if where == "gone":
        field = dice.choice((*record, *node))
        record.pop(field, None)
        node.pop(field, None)
        return f"no {field}", record
    field = dice.choice(tuple(record))
    text = written(record)
    doubled = (
        f'{text[:-1]},"{field}":{written(value)}}}'
        if dice.random() < 0.5
        else f'{{"{field}":{written(value)},{text[1:]}'
    )
    return f"{name} as {field}, which stands there twice", Verbatim(doubled)


def _good_with_a_bad_node(dice: Random, good: str) -> tuple[str, object]:
    """A good record that goes on being one: what stands among its nodes is none."""
    record = GOODS[good].value
    nodes = record.setdefault("execution_result_list", [])
    assert isinstance(nodes, list)
    name, value = _odd(dice)
    while written(value).startswith("{"):
        name, value = _odd(dice)
    nodes.insert(dice.randrange(len(nodes) + 1), value)
    return f"{name} among the nodes of a good record", record


def _stranger(dice: Random) -> tuple[str, object]:
    name, value = _odd(dice)
    # A list at this place is a list of records, and what is in it is read one by one.
    return f"{name} in place of a record", value


def _clashes(value: object) -> bool:
    """Whether something odd is a record by a good record's own id, or an error's root, by accident."""
    return any(json.dumps(name) in written(value) for name in GOODS)


def fresh(dice: Random) -> Body:
    """An answer with one to three good records and one or two elements that are none."""
    good = dice.sample(tuple(GOODS), dice.randint(1, 3))
    elements: list[object] = [Verbatim(GOODS[name].text) for name in good]
    covers = []
    if dice.random() < 0.2:
        what, elements[0] = _good_with_a_bad_node(dice, good[0])
        covers.append(what)
    for _ in range(dice.choice((1, 1, 1, 2)) - len(covers)):
        what, element = dice.choice((_bent_record, _bent_record, _bent_record, _stranger))(dice)
        if _clashes(element):
            continue
        covers.append(what)
        elements.insert(dice.randrange(len(elements) + 1), element)
    return framed(dice, " and ".join(covers) or "nothing wrong", elements, tuple(good))


def framed(dice: Random, covers: str, elements: list[object], good: tuple[str, ...]) -> Body:
    """The elements in one of the roots that the service may give them."""
    root = dice.choice(("flat", "flat", "flat", "nested", "nested twice", "wrapped", "repeated", "spaced", "BOM"))
    inside: dict[str, object] = {
        "nested": [elements],
        "nested twice": [[elements]],
        "wrapped": {"total": 1, dice.choice(ROOTS): elements},
        "repeated": [elements, elements],
    }
    text = written(inside.get(root, elements))
    if root == "spaced":
        text = "\r\n\t [" + " , ".join(map(written, elements)) + " ]\n"
    raw = text.encode()
    if root == "BOM":
        raw = b"\xef\xbb\xbf" + raw
    return Body(covers if root == "flat" else f"{covers}; {root}", raw, good)


def _cut(dice: Random, raw: bytes) -> bytes:
    return raw[: dice.randrange(len(raw) + 1)]


def _flipped(dice: Random, raw: bytes) -> bytes:
    at = dice.randrange(max(1, len(raw)))
    return raw[:at] + bytes([dice.randrange(256)]) + raw[at + 1 :]


def _stuffed(dice: Random, raw: bytes) -> bytes:
    at = dice.randrange(len(raw) + 1)
    stuff = (
        b"\xff",
        b"\xc3\x28",
        b"\xed\xa0\x80",
        b"\x00",
        b"\n",
        b'"',
        b"\\",
        b"{",
        b"]",
        b",",
        b"<html>",
        b"1",
        b"\\u",
    )
    return raw[:at] + dice.choice(stuff) + raw[at:]


def _less(dice: Random, raw: bytes) -> bytes:
    at = dice.randrange(len(raw) + 1)
    return raw[:at] + raw[at + dice.randint(1, 12) :]


BYTES = {"cut off": _cut, "another byte": _flipped, "a byte too many": _stuffed, "bytes missing": _less}
ROOT_TEXTS = (
    b"", b" ", b"null", b"17", b'"x"', b"{}", b"[]", b"[[]]", b'{"executions":[]}', b"<html>login</html>", b"{", b"]",
    b'{"error_code":"AOM.1"}', b'{"error":{"code":"X"},"data":[]}', b'{"errorCode":null}', b'{"data":{}}', b"[" * 40,
    b"\xff\xfe[\x00]\x00", b"[" * 2000, b'[{"a":' * 2000, b"[]" * 3, b'{"data":null,"items":[[[[[]]]]]}',
    b"\xef\xbb\xbf", b"[[" * 2 + b"7]],[]]]", b'{"data":[[[[8]]]]}',
)  # fmt: skip


def bent(dice: Random, body: Body) -> Body:
    """The same answer with bytes that are not as they were; what is left of it is read off anew."""
    name = dice.choice(tuple(BYTES))
    if len(body.raw) > HUGE:
        return body  # what stands in its depths cannot be read off
    raw = BYTES[name](dice, body.raw)
    return Body(f"{name} in {body.covers}", raw, still_good(raw))


def rooted(dice: Random) -> Body:
    """Something else than an answer."""
    raw = dice.choice(ROOT_TEXTS)
    return Body("another root", raw, still_good(raw))


def packed(dice: Random) -> Body:
    """A compressed answer; one that was damaged on its way must not be read at all."""
    good = dice.choice(tuple(GOODS))
    raw = gzip.compress(f"[{GOODS[good].text},null]".encode(), mtime=0)
    name = dice.choice(("whole", "cut off", "empty", "something behind it", "a false length", "another coding"))
    if name in ("cut off", "empty"):
        raw = raw[: dice.randrange(len(raw))] if name == "cut off" else b""
    elif name == "something behind it":
        raw += dice.choice((b"\x00", b"\x1f", gzip.compress(b"[]", mtime=0)))
    elif name == "a false length":
        raw = raw[:-4] + dice.choice((b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x01\x00\x00\x00"))
    coding = (
        dice.choice(("br", "gzip, gzip", "x" * 30)) if name == "another coding" else dice.choice(("gzip", "x-gzip"))
    )
    return Body(f"gzip: {name}", raw, (good,) if name == "whole" else None, coding)


_NUMBER = re.compile(r"[0-9]{4000,}")


def still_good(raw: bytes) -> tuple[str, ...] | None:
    """Which good records stand unchanged in a list of these bytes, as plain JSON reads it; None: there is no list."""
    try:
        text = _NUMBER.sub("1e999", raw.decode("utf-8-sig", "replace"))
        root = json.loads(text)
    except (ValueError, RecursionError):
        return None
    lists = 3
    if isinstance(root, dict):
        if any(root.get(key) is not None for key in ("error_code", "errorCode", "error")):
            return None
        root, lists = next((root[key] for key in ROOTS if isinstance(root.get(key), list)), None), 2
    if not isinstance(root, list):
        return None
    elements = root
    for _ in range(lists):
        elements = [inner for each in elements for inner in (each if isinstance(each, list) else [each])]
    spelt = {_spelt(good.value): name for name, good in GOODS.items()}
    found = [spelt[_spelt(each)] for each in elements if isinstance(each, dict) and _spelt(each) in spelt]
    # Two states of one run are one run: what counts of it is another law's business.
    ids = [str(each.get("execution_id")) for each in elements if isinstance(each, dict)]
    return tuple(name for name in dict.fromkeys(found) if ids.count(name) == found.count(name))


def _spelt(record: dict[str, object]) -> str:
    """A record without what stands among its nodes and is none."""
    nodes = record.get("execution_result_list")
    if isinstance(nodes, list):
        record = record | {"execution_result_list": [node for node in nodes if isinstance(node, dict)]}
    return json.dumps({key: value for key, value in record.items() if value != []})
