"""The composition root."""

from collector.app.collector import App
from collector.app.terms import check

__all__ = ["App", "check"]
