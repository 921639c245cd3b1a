"""The composition root."""

from collector.app.collector import PRIVATE, App
from collector.app.terms import check

__all__ = ["PRIVATE", "App", "check"]
