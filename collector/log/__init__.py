"""Structured logs: their set-up, and how facts become lines."""

from collector.log.lasting import Lasting, Names
from collector.log.lines import Lines
from collector.log.setup import setup

__all__ = ["Lasting", "Lines", "Names", "setup"]
