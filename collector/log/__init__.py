"""Structured logs: their set-up, how facts become lines, and text that a terminal does not obey."""

from collector.log.lasting import Lasting, Names
from collector.log.lines import Lines
from collector.log.plain import plain
from collector.log.setup import setup

__all__ = ["Lasting", "Lines", "Names", "plain", "setup"]
