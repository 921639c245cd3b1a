"""structlog as this program uses it.

UTC times, bounded values, no local variables in tracebacks, never an error in a log call.
"""

import logging
import os
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import FilteringBoundLogger, Processor

from collector.log.lines import Lines

LONGEST = 2000
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def setup(level: str, format: str, stream: TextIO) -> Lines:  # noqa: A002  the flag is called --log.format
    """Log to `stream` from `level` on, as `json`, `logfmt`, `console`, or `auto`: console on a terminal, else JSON.

    Warnings of libraries take the same way.
    """
    terminal = stream.isatty()
    chosen = format if format != "auto" else "console" if terminal else "json"
    last = _renderers(chosen, colors=terminal and "NO_COLOR" not in os.environ)
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
        if chosen == "json"
        else structlog.processors.format_exc_info,
        _bounded,
    ]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(_Safe(stream)),  # type: ignore[arg-type]  # all it needs is write and flush
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(_Safe(stream))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    log: FilteringBoundLogger = structlog.get_logger()
    return Lines(log)


def _renderers(chosen: str, *, colors: bool) -> list[Processor]:
    if chosen == "json":
        return [_in_order, structlog.processors.JSONRenderer(ensure_ascii=False)]
    if chosen == "logfmt":
        return [structlog.processors.LogfmtRenderer(key_order=["time", "level", "event"], bool_as_flag=False)]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=colors, timestamp_key="time", exception_formatter=plain)]


def _in_order(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    first: dict[str, Any] = {key: event.pop(key, None) for key in ("time", "level", "event")}
    return {**first, **event}


def _bounded(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Shorten what is too long; leave out what says nothing."""
    for key, value in list(event.items()):
        if value is None:
            del event[key]
        elif isinstance(value, str) and len(value) > LONGEST and key != "exception":
            event[key] = value[:LONGEST] + "…"
    return event


class _Safe:
    """A stream that writes whatever text it is given: a lone surrogate must not make a log call fail."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        encoding = self._stream.encoding or "utf-8"
        return self._stream.write(text.encode(encoding, "replace").decode(encoding, "replace"))

    def flush(self) -> None:
        self._stream.flush()
