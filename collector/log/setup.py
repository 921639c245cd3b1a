"""structlog as this program uses it.

UTC times, bounded values, no local variables in tracebacks, never an error in a log call.
"""

import contextlib
import logging
import os
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import FilteringBoundLogger, Processor

from collector.log.events import EVENTS
from collector.log.lines import Lines
from collector.log.plain import plain

LONGEST = 2000
MOST = 20
"""How many elements of a list one line names."""
SECONDS = "%Y-%m-%dT%H:%M:%SZ"
"""Times as people read them; machines get microseconds."""


def setup(level: str, format: str, stream: TextIO) -> Lines:  # noqa: A002  the flag is called --log.format
    """Log to `stream` from `level` on, as `json`, `logfmt`, `console`, or `auto`: console on a terminal, else JSON.

    Warnings of libraries take the same way.
    """
    terminal = stream.isatty()
    chosen = format if format != "auto" else "console" if terminal else "json"
    last = _renderers(chosen, colors=terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")
    shared: list[Processor] = [
        _leveled,
        structlog.processors.TimeStamper(fmt=SECONDS if chosen == "console" else "iso", utc=True, key="time"),
        structlog.processors.format_exc_info,
        _bounded,
    ]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),  # the lines know what is wanted
        logger_factory=structlog.WriteLoggerFactory(_Safe(stream)),  # type: ignore[arg-type]  # all it needs is write and flush
        cache_logger_on_first_use=False,
    )
    handler = _Handler(_Safe(stream))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_of_library, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    log: FilteringBoundLogger = structlog.get_logger()
    return Lines(log, level)


def _renderers(chosen: str, *, colors: bool) -> list[Processor]:
    if chosen == "json":
        return [_in_order, structlog.processors.JSONRenderer(ensure_ascii=False), _one_line]
    if chosen == "logfmt":
        order = ["time", "level", "event"]
        # Before it is quoted, so that whoever reads it finds each value as the console shows it.
        return [_spelled_out, structlog.processors.LogfmtRenderer(key_order=order, bool_as_flag=False)]
    pretty = structlog.dev.ConsoleRenderer(colors=colors, timestamp_key="time", sort_keys=False, pad_event_to=16)
    return [_for_people, pretty]


def _in_order(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    first: dict[str, Any] = {key: event.pop(key, None) for key in ("time", "level", "event")}
    return {**first, **event}


def _leveled(_: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say the level that the table of events has."""
    row = EVENTS.get(event["event"])
    return {**event, "level": row.level if row else method}


def _bounded(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Shorten what is too long, in the middle of a traceback, whose end matters; leave out what says nothing."""
    for key, value in list(event.items()):
        if value is None:
            del event[key]
        elif isinstance(value, str):
            event[key] = _cut(value, tail=LONGEST // 2 if key == "exception" else 0)
        elif isinstance(value, list | tuple):
            event[key] = [_cut(str(each), longest=LONGEST // MOST) for each in value[:MOST]]
    return event


def _cut(text: str, *, longest: int = LONGEST, tail: int = 0) -> str:
    return text if len(text) <= longest else text[: longest - tail] + "…" + (text[-tail:] if tail else "")


def _of_library(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Give a library's line, whose text is its own, the name of an event."""
    record: logging.LogRecord = event["_record"]
    name = "library.error" if record.levelno >= logging.ERROR else "library.warning"
    return {**event, "event": name, "logger": record.name, "says": event["event"]}


def _spelled_out(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Make texts of lists, and keep every text on its line."""
    for key, value in event.items():
        if isinstance(value, list):
            event[key] = plain(",".join(value))
        elif isinstance(value, str):
            event[key] = plain(value)
    return event


def _for_people(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """As above, but that a traceback has its lines, all set in, so that none looks like a line of ours."""
    exception = event.pop("exception", None)
    _spelled_out(_, __, event)
    if exception is not None:
        event["exception"] = "\n".join(f"    {plain(line)}" for line in str(exception).split("\n"))
    return event


def _one_line(_: object, __: str, line: Any) -> str:  # noqa: ANN401  what a renderer made, which structlog does not say
    return plain(str(line))


class _Safe:
    """A stream that takes whatever it is given: neither half a character nor a full disk makes a log call fail."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        encoding = self._stream.encoding or "utf-8"
        # A stream that is closed says ValueError; nobody is left to be told of either.
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text.encode(encoding, "replace").decode(encoding, "replace"))
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


class _Handler(logging.StreamHandler[_Safe]):
    """Libraries' lines; one that cannot be formatted is named without its arguments, which may hold anything."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's own name
        """Say that a line was lost, instead of printing everything about it."""
        structlog.get_logger().error("log.unreadable", logger=record.name)
