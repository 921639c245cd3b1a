"""Structured logs: their set-up, and how facts become lines."""

from collector.log.lines import Lines
from collector.log.setup import at_level, setup

__all__ = ["Lines", "at_level", "setup"]
