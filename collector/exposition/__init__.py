"""What `/metrics` shows: the catalog of families, their rendering, and our own metrics."""

from collector.exposition.catalog import CATALOG
from collector.exposition.looks import LOOKS
from collector.exposition.own import Own
from collector.exposition.own_catalog import OWN
from collector.exposition.page import Exposition

__all__ = ["FAMILIES", "Exposition", "Own"]

FAMILIES = frozenset(
    [family.name for family in CATALOG] + [family.name for family in LOOKS] + [row.name for row in OWN]
)
"""The families that a configuration may leave out."""
