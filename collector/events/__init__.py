"""The event log: one JSON line for each ending that counted, delivered from the store's outbox at least once."""

from collector.events.delivery import EventLog
from collector.events.line import ExecutionEnded, NodeEnded

__all__ = ["EventLog", "ExecutionEnded", "NodeEnded"]
