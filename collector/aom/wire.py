"""From an answer's bytes to nouns, once and strictly; behind this line nobody looks at JSON. Pure.

Two decodings that agree: a typed one for the answers that are as promised, and a tolerant one, value by value, for all
others; where a value is nested beyond reason, the tolerant one of what is left without its depths. One bad record never
costs the others, and nothing an answer holds raises anything but `Unreadable`.
"""

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

import msgspec
import xxhash

from collector.aom import times
from collector.aom.shallow import shallow
from collector.errors import Reason, Unreadable
from collector.model import ExecutionRecord, Flaw, History, NodeRecord, Status, Targets, status_of

SALT = b"aom-wire-2"
"""Changes with what decoding makes of an answer, so that no digest of an older version hides a new reading."""

LONGEST_ID = 256
LONGEST_WORD = 64
LONGEST_NUMBER = 4300
"""Digits and sign; where the typed decoding gives up too, so that both read the same number."""

MOST_WORDS = 20
DEEPEST = 3
NO_LIST = "it is no list of executions"
LIST_KEYS = ("executions", "elements", "data", "items")
ERROR_KEYS = ("error_code", "errorCode", "error")
OUTCOMES = ("success", "fail", "not_performed", "in_execution")


class _Node(msgspec.Struct, gc=False):
    node_id: Any = None
    function_execution_id: Any = None
    status: Any = None
    begin_time: Any = None
    end_time: Any = None
    output: Any = None


class _TypedNode(_Node, gc=False):
    output: msgspec.Raw = msgspec.Raw(b"null")


class _Execution(msgspec.Struct):
    execution_id: Any = None
    status: Any = None
    begin_time: Any = None
    end_time: Any = None
    last_update_time: Any = None
    execution_result_list: Any = None


class _TypedExecution(_Execution):
    execution_result_list: list[_TypedNode] | None = None


class _Entry(msgspec.Struct, gc=False):
    """One target of an output list: only that it is there counts."""


class _Output(msgspec.Struct, gc=False):
    success: list[_Entry] | None = None
    fail: list[_Entry] | None = None
    not_performed: list[_Entry] | None = None
    in_execution: list[_Entry] | None = None


_NO_LISTS = (None,) * len(OUTCOMES)
_flat = msgspec.json.Decoder(list[_TypedExecution]).decode
_nested = msgspec.json.Decoder(list[list[_TypedExecution]]).decode
_typed_output = msgspec.json.Decoder(_Output | None).decode


def digest(body: bytes) -> bytes:
    """What tells an answer from another: of the body as it came, compressed or not."""
    return xxhash.xxh3_128_digest(SALT + body)


def history(body: bytes, *, digest: bytes, now: int, date: int | None, project_id: str = "") -> History:
    """Decode one answer, asked for `project_id`. `now` and `date` (the Date header, None without one) are ms.

    Raises `Unreadable` where it is no list of executions at all.
    """
    today = now if date is None else date
    for elements in (_typed, _tolerant):
        reading = _Reading(today)
        try:
            records = tuple(reading.all(elements(body)))
            break
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            continue
    else:
        reading = _Reading(today)
        records = tuple(reading.all(_trimmed(body)))
    return History(
        records=records,
        digest=digest,
        flaws=tuple(reading.flaws),
        date=date,
        words=tuple(sorted(reading.words)[:MOST_WORDS]),
        project_id=project_id,
    )


def _typed(body: bytes) -> Iterator[_TypedExecution]:
    """The records of an answer that is as promised: a list of them, or a list of such lists."""
    return chain.from_iterable(_nested(body)) if body[:2] == b"[[" else iter(_flat(body))


def _tolerant(body: bytes) -> Iterator[object]:
    """The elements of an answer, whatever each of them is."""
    return _values(_text(body))


def _trimmed(body: bytes) -> Iterator[object]:
    """The elements of an answer without their depths."""
    text = shallow(_text(body))
    if text is None:
        says = "it is nested too deeply"
        raise _unreadable(says)
    return _values(text)


def _text(body: bytes) -> str:
    return body.decode("utf-8-sig", "replace")


def _values(text: str) -> Iterator[object]:
    try:
        root = json.loads(text, parse_int=whole_number)
    except ValueError:
        raise _unreadable(_no_json(text.strip()[:1])) from None
    return iter(list(_elements(root, 0)))


def whole_number(digits: str) -> int | float:
    """A whole number; Python refuses to read one of thousands of digits, and nothing of the service's has that many."""
    return int(digits) if len(digits) <= LONGEST_NUMBER else float(digits)


def _elements(root: object, depth: int) -> Iterator[object]:
    if isinstance(root, dict) and depth == 0:
        code = next((root[key] for key in ERROR_KEYS if key in root), None)
        inner = next((root[key] for key in LIST_KEYS if isinstance(root.get(key), list)), None)
        if code is not None:
            says = f"it is an error ({_short(code)})"
            raise _unreadable(says)
        if inner is None:
            raise _unreadable(NO_LIST)
        yield from _elements(inner, 1)
    elif isinstance(root, list):
        for element in root:
            if isinstance(element, list) and depth < DEEPEST:
                yield from _elements(element, depth + 1)
            else:
                yield element
    else:
        raise _unreadable(NO_LIST)


def _no_json(first: str) -> str:
    if not first:
        return "it is empty"
    page = "it is a page for people, not JSON; check endpoint, and that no proxy or login stands in between"
    return page if first == "<" else "it is no JSON"


def _unreadable(says: str) -> Unreadable:
    return Unreadable(says, reason=Reason.ANSWER)


def _short(code: object) -> str:
    return clean(str(code.get("code") if isinstance(code, dict) else code))[:LONGEST_WORD]


def clean(text: str) -> str:
    """Text that can be written as UTF-8: a lone surrogate becomes U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _Reading:
    """One answer being read, with the flaws and the unknown words found on the way. `latest`: its date (ms)."""

    def __init__(self, latest: int) -> None:
        self.latest = latest
        self.flaws: list[Flaw] = []
        self.words: set[str] = set()

    def all(self, elements: Any) -> Iterator[ExecutionRecord]:  # noqa: ANN401  typed records or any JSON values
        for element in elements:
            record = self._execution(element)
            if record is not None:
                yield record

    def _execution(self, element: object) -> ExecutionRecord | None:
        if isinstance(element, dict):
            element = _Execution(*(element.get(key) for key in _Execution.__struct_fields__))
        if not isinstance(element, _Execution):
            self._flaw("shape", element)
            return None
        execution = _id(element.execution_id)
        if execution is None:
            self._flaw("id", element.execution_id, element.begin_time, element.end_time, element.status)
            return None
        entries = element.execution_result_list
        if entries is not None and not isinstance(entries, list):
            self._flaw("shape", execution, entries)
            entries = None
        nodes = [node for entry in entries or () if (node := self._node(execution, entry)) is not None]
        return ExecutionRecord(
            id=execution,
            status=self._status(element.status, node=False),
            begin=self._time("begin_time", element.begin_time, execution),
            end=self._time("end_time", element.end_time, execution),
            updated=self._time("last_update_time", element.last_update_time, execution),
            nodes=tuple(nodes),
        )

    def _node(self, execution: str, entry: object) -> NodeRecord | None:
        if isinstance(entry, dict):
            entry = _Node(*(entry.get(key) for key in _Node.__struct_fields__))
        if not isinstance(entry, _Node):
            self._flaw("shape", execution, entry)
            return None
        node = _id(entry.node_id)
        if node is None:
            self._flaw("id", execution, entry.node_id, entry.begin_time, entry.end_time, entry.status)
            return None
        run = _id(entry.function_execution_id)
        return NodeRecord(
            node=node,
            run=run,
            status=self._status(entry.status, node=True),
            begin=self._time("begin_time", entry.begin_time, execution, node, run),
            end=self._time("end_time", entry.end_time, execution, node, run),
            targets=self._targets(entry.output, execution, node, run),
        )

    def _status(self, word: object, *, node: bool) -> Status:
        if not isinstance(word, str) or not word.strip():
            return Status.UNKNOWN
        status = status_of(word, node=node)
        if status is Status.UNKNOWN:
            self.words.add(clean(word)[:LONGEST_WORD])
        return status

    def _time(self, field: str, value: object, *where: object) -> int | None:
        moment = times.read(value, latest=self.latest)
        if isinstance(moment, times.Invalid):
            self._flaw(field, *where, value)
            return None
        return moment

    def _targets(self, output: object, *where: object) -> Targets | None:
        if isinstance(output, msgspec.Raw):
            try:
                return _counted(_typed_output(output))
            except msgspec.MsgspecError:
                output = msgspec.json.decode(output)
        if output is None:
            return None
        lists = [output.get(outcome) for outcome in OUTCOMES] if isinstance(output, dict) else [output]
        lengths = [len(found) if isinstance(found, list) else 0 for found in lists]
        if not isinstance(output, dict) or any(found is not None and not isinstance(found, list) for found in lists):
            self._flaw("output", *where)
            return None
        return None if lists == [None] * len(lists) else Targets(*lengths)

    def _flaw(self, name: str, *what: object) -> None:
        text = "\x00".join((name, *map(_canonical, what)))
        self.flaws.append(Flaw(name, xxhash.xxh3_64_intdigest(text.encode()) >> 1))


def _counted(output: _Output | None) -> Targets | None:
    if output is None:
        return None
    lists = (output.success, output.fail, output.not_performed, output.in_execution)
    return None if lists == _NO_LISTS else Targets(*map(len, [found or () for found in lists]))


def _id(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return clean(value) if isinstance(value, str) and 0 < len(value) <= LONGEST_ID else None


def _canonical(value: object) -> str:
    """A value as text, the same whichever decoding it came through."""
    return clean(repr(value))
