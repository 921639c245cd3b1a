"""What `/metrics` shows: the catalog of families, their rendering, and our own metrics."""

from collector.exposition.own import Own
from collector.exposition.page import Exposition

__all__ = ["Exposition", "Own"]
