"""What an answer shows beside what is counted: in which forms its times came, and other names of its workflows. Pure.

For who looks into the service, not for what is polled: nothing here need be fast.
"""

import json
from collections.abc import Iterator

from collector.aom import body, times
from collector.errors import Unreadable

TIMES = frozenset({"begin_time", "end_time", "last_update_time"})
MILLISECONDS, SECONDS, ISO, UNREADABLE = "milliseconds", "seconds", "ISO 8601", "unreadable"
_SECONDS_BELOW = 10**11


def time_forms(raw: bytes, encoding: str, *, limit: int) -> tuple[str, ...]:
    """The forms of the times in an answer as it came, sorted, each once.

    They are `milliseconds`, `seconds`, either `as text`, `ISO 8601`, or `unreadable`. Empty where it has none, or is
    no JSON of at most `limit` bytes.
    """
    return tuple(sorted({form for form in map(_form, _values(_json(raw, encoding, limit), TIMES)) if form}))


def twins(raw: bytes, encoding: str, *, limit: int) -> dict[str, str]:
    """From the `workflow_id` of each element of a workflow list to the `id` that it is asked for with."""
    found = _json(raw, encoding, limit)
    elements = found.get("elements") if isinstance(found, dict) else None
    pairs = ((each.get("workflow_id"), each.get("id")) for each in elements or () if isinstance(each, dict))
    return {other: own for other, own in pairs if isinstance(other, str) and isinstance(own, str) and other != own}


def _json(raw: bytes, encoding: str, limit: int) -> object:
    try:
        return json.loads(body.inflate(raw, encoding, limit=limit).decode("utf-8-sig", "replace"))
    except (Unreadable, ValueError, RecursionError):
        return None


def _values(found: object, keys: frozenset[str]) -> Iterator[object]:
    if isinstance(found, dict):
        for key, value in found.items():
            if key in keys:
                yield value
            else:
                yield from _values(value, keys)
    elif isinstance(found, list):
        for each in found:
            yield from _values(each, keys)


def _form(value: object) -> str | None:
    moment = times.read(value, latest=times.LATEST)
    if moment is None:
        return None
    if isinstance(moment, times.Invalid):
        return UNREADABLE
    try:
        unit = SECONDS if float(str(value)) < _SECONDS_BELOW else MILLISECONDS
    except ValueError:
        return ISO
    return f"{unit} as text" if isinstance(value, str) else unit
