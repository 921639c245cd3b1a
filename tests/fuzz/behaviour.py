"""What a body makes the decoder do, as the set of steps from line to line that good records alone never lead to."""

import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import collector.aom
from collector.aom import body as inflating
from collector.aom import shallow, times, wire
from collector.model import History
from tests.fuzz import counting
from tests.fuzz.bodies import Body
from tests.fuzz.goods import GOODS

WATCHED = {str(Path(str(module.__file__)).resolve()) for module in (wire, times, shallow, inflating, collector.aom)}
_OWN = re.compile(r"[0-9]+|'.*'|\(.*\)")  # what a sentence quotes of its answer

Steps = frozenset[object]


def behaviour(body: Body) -> Steps:
    """The steps through the decoder that only this kind of body takes, and what came of it."""
    outcome: list[History | str] = []
    steps = traced(lambda: outcome.append(_read(body)))
    return frozenset(steps - _calm()) | _told(outcome[0])


def _read(body: Body) -> History | str:
    try:
        return counting.read(body.raw, body.encoding)
    except counting.Unreadable as error:
        return str(error)


def _told(outcome: History | str) -> Steps:
    if isinstance(outcome, str):
        return frozenset({_OWN.sub("", outcome)})
    return frozenset({flaw.name for flaw in outcome.flaws} | ({"a word nobody knows"} if outcome.words else set()))


@cache
def _calm() -> Steps:
    """The steps that good records lead to, by either decoding and in a compressed answer."""
    found: set[object] = set()
    text = ",".join(good.text for good in GOODS.values())
    for raw in (f"[{text}]", f"[[{text}]]", f"[{text},5]"):
        found |= traced(lambda raw=raw: counting.read(raw.encode()))
    return frozenset(found)


def traced(call: Callable[[], object]) -> set[object]:
    """The steps from line to line that a call takes within the decoder."""
    steps: set[object] = set()
    before: dict[int, int] = {}

    def local(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            last = before.get(id(frame), 0)
            steps.add(
                (
                    frame.f_code.co_qualname,
                    last - frame.f_code.co_firstlineno,
                    frame.f_lineno - frame.f_code.co_firstlineno,
                )
            )
            before[id(frame)] = frame.f_lineno
        return local

    def watch(frame: FrameType, event: str, _: Any) -> Any:
        if event != "call" or frame.f_code.co_filename not in WATCHED:
            return None
        before[id(frame)] = frame.f_code.co_firstlineno
        return local

    earlier = sys.gettrace()
    sys.settrace(watch)
    try:
        call()
    finally:
        sys.settrace(earlier)
    return steps
