"""Answers as they may be shown to others: what this program reads stays, everything else is replaced. Pure.

It is an allow-list. Of an execution, a node run and a listed workflow stay the ids, the status, the times and how many
targets there were. What people wrote or are called becomes a placeholder, the same for the same value throughout; what
nobody knows keeps its key and its kind. So a redacted answer is read as the answer was, but for names.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from collector.aom import body, times
from collector.aom.endpoints import LIST_EXECUTIONS, LIST_WORKFLOWS
from collector.aom.exchange import Exchange
from collector.aom.refusal import LIMIT
from collector.aom.shallow import shallow
from collector.aom.wire import DEEPEST, LIST_KEYS, LONGEST_ID, OUTCOMES, whole_number
from collector.errors import Unreadable
from collector.model import Status, status_of

LARGEST = 1 << 26
_RECORDED = (LIST_EXECUTIONS, LIST_WORKFLOWS)
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_WORD = re.compile(r"[A-Za-z][A-Za-z _-]{0,63}|\s{1,64}")
_TIME = re.compile(r"[0-9TZ:+./ -]{1,40}")
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_NUMBER = re.compile(r"[0-9]{1,12}")
_HEADERS = {
    "Date": re.compile(r"[A-Za-z0-9 ,:]{1,40}"),
    "Content-Type": re.compile(r"[A-Za-z0-9/+.=; -]{1,60}"),
    "Retry-After": re.compile(r"[A-Za-z0-9 ,:]{1,40}"),
}
_PIECE = re.compile(r'[^"\\]+')
"""Text in which nothing can be replaced that JSON needs."""
_USERS = ("user", "creator", "approver", "_by", "owner", "domain", "account")

Rule = Callable[["Redactor", str, object], object]


class Redactor:
    """Replaces; the same value by the same placeholder, answer after answer."""

    def __init__(self) -> None:
        self._placeholders: dict[tuple[str, str], str] = {}
        self._numbers: dict[str, int] = {}
        self._kinds: Counter[str] = Counter()

    def entry(self, exchange: Exchange) -> dict[str, object] | None:
        """An exchange as a JSON object; None for one that is not for others at all, or did not arrive whole."""
        request = exchange.request
        if request.operation not in _RECORDED:
            return None
        try:
            plain = body.inflate(exchange.raw, exchange.encoding, limit=LARGEST)
        except Unreadable:
            return None
        asked = json.loads(request.body) if request.body else {}
        redacted = self.body(plain, listing=request.operation is LIST_WORKFLOWS)
        shown = {name: exchange.scrub(exchange.headers.get(name, "")) for name in _HEADERS}
        return {
            "operation": request.operation.name,
            "workflow_id": request.ids.get("workflow_id"),
            "page": asked.get("page"),
            "status": exchange.status,
            "headers": {name: value for name, value in shown.items() if _HEADERS[name].fullmatch(value)},
            # Short words may stay, and a service may make a word of what it was asked with.
            "body": _PIECE.sub(lambda piece: exchange.scrub(piece[0]), redacted),
        }

    def body(self, plain: bytes, *, listing: bool) -> str:
        """A body behind its encoding; `listing`: of the workflow list. What is no JSON keeps its kind alone."""
        rules = _ELEMENT if listing else _EXECUTION
        text = plain.decode("utf-8-sig", "replace")
        try:
            try:
                return self._json(text, rules)
            except RecursionError:
                return self._json(shallow(text) or "", rules)
        except ValueError:
            first = plain.strip()[:1]
            return ("<html>replaced</html>" if first == b"<" else "replaced, no JSON") if first else ""

    def _json(self, text: str, rules: Mapping[str, Rule]) -> str:
        root = json.loads(text, parse_int=whole_number)
        # What is not ASCII is written as escapes, so that half a character stays half a one.
        return json.dumps(self._root(root, rules, 0), separators=(",", ":"))

    def _root(self, root: object, rules: Mapping[str, Rule], depth: int) -> object:
        """A whole answer: records, in lists, perhaps in an object."""
        if isinstance(root, list) and depth <= DEEPEST:
            return [self._root(each, rules, depth + 1) for each in root]
        if not isinstance(root, dict):
            return self.other("", root)
        if depth:
            return self.record("", root, rules)
        lists = {key: root[key] for key in LIST_KEYS if isinstance(root.get(key), list)}
        rest = self.record("", {key: value for key, value in root.items() if key not in lists}, _ROOT)
        found = {key: self._root(value, rules, 1) for key, value in lists.items()}
        return {**rest, **found} if isinstance(rest, dict) else found

    def record(self, key: str, value: object, rules: Mapping[str, Rule]) -> object:
        """An object, key by key."""
        if not isinstance(value, dict):
            return self.other(key, value)
        return {
            each if _KEY.fullmatch(each) else self.placeholder("key", each): rules.get(each, _unknown)(
                self, each, inner
            )
            for each, inner in value.items()
        }

    def other(self, key: str, value: object) -> object:
        """What nobody knows: of the same kind, equal to what it was equal to, and nothing else."""
        if value is None or isinstance(value, bool) or value == "":
            return value
        if isinstance(value, str):
            return self.placeholder(_kind(key), value)
        if isinstance(value, int | float):
            number = self._numbers.setdefault(repr(value), len(self._numbers) + 1)
            return number if isinstance(value, int) else number + 0.5
        if not value:
            return value
        same = json.dumps(value, sort_keys=True)
        return [self.placeholder("list", same)] if isinstance(value, list) else {self.placeholder("object", same): None}

    def placeholder(self, kind: str, value: str) -> str:
        """The placeholder of a value."""
        group = kind if kind in ("list", "object") else ""
        known = self._placeholders.get((group, value))
        if known is None:
            self._kinds[kind] += 1
            known = self._placeholders[group, value] = f"{kind}-{self._kinds[kind]}"
        return known


def _kind(key: str) -> str:
    if "name" in key and "user" not in key:
        return "name"
    return "user" if any(part in key for part in _USERS) else "text"


def _unknown(redactor: Redactor, key: str, value: object) -> object:
    return _time(redactor, key, value) if key.endswith("_time") else redactor.other(key, value)


def _id(redactor: Redactor, key: str, value: object) -> object:
    if isinstance(value, str):
        # What is too long for an id must not become one.
        return value if len(value) <= LONGEST_ID else {redactor.placeholder("object", value): None}
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if number else redactor.other(key, value)


def _matching(pattern: re.Pattern[str]) -> Rule:
    """Text of a form stays, and so do numbers."""

    def rule(redactor: Redactor, key: str, value: object) -> object:
        if isinstance(value, str):
            return value if pattern.fullmatch(value) else redactor.other(key, value)
        return value if isinstance(value, int | float) else redactor.other(key, value)

    return rule


_word, _code, _count = map(_matching, (_WORD, _CODE, _NUMBER))


def _time(redactor: Redactor, key: str, value: object) -> object:
    readable = not isinstance(times.read(value, latest=times.LATEST), times.Invalid)
    return value if readable or (isinstance(value, str) and _TIME.fullmatch(value)) else _number(redactor, key, value)


def _number(redactor: Redactor, key: str, value: object) -> object:
    return value if isinstance(value, int | float) else redactor.other(key, value)


def _status(redactor: Redactor, key: str, value: object) -> object:
    known = isinstance(value, str) and status_of(value, node=True) is not Status.UNKNOWN
    return value if known else _word(redactor, key, value)


def _message(redactor: Redactor, key: str, value: object) -> object:
    """Of a sentence stays the limit that it names."""
    if not isinstance(value, str) or not value:
        return redactor.other(key, value)
    limit = LIMIT.search(value)
    return redactor.placeholder("message", value) + (f", {limit[0]}" if limit else "")


def _many(rules: Mapping[str, Rule]) -> Rule:
    def rule(redactor: Redactor, key: str, value: object) -> object:
        if not isinstance(value, list):
            return redactor.other(key, value)
        return [redactor.record("", each, rules) for each in value]

    return rule


def _inside(rules: Mapping[str, Rule]) -> Rule:
    return lambda redactor, key, value: redactor.record(key, value, rules)


def _length(redactor: Redactor, key: str, value: object) -> object:
    return [{}] * len(value) if isinstance(value, list) else redactor.other(key, value)


_RUN = dict.fromkeys(("begin_time", "end_time", "last_update_time"), _time) | {"status": _status}
_OUTPUT = dict.fromkeys(OUTCOMES, _length)
_NODE = {"node_id": _id, "function_execution_id": _id, "output": _inside(_OUTPUT), **_RUN}
_EXECUTION = {"execution_id": _id, "workflow_id": _id, "execution_result_list": _many(_NODE), **_RUN}
_ELEMENT = {
    "id": _id,
    "workflow_id": _id,
    "type": _word,
    "status": _status,
    "is_delete": _word,
    "nodes": _many({"id": _id}),
}
_ERROR: dict[str, Rule] = dict.fromkeys(("error_code", "errorCode", "code", "http_code"), _code)
_ERROR |= dict.fromkeys(("error_msg", "error_message", "errorMessage", "message"), _message)
_ROOT: dict[str, Any] = {**_ERROR, "total_elements": _count, "error": _inside(_ERROR)}
