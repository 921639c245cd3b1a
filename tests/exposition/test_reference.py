from pathlib import Path

from collector.exposition import FAMILIES
from collector.exposition.reference import reference

PAGE = Path(__file__).parents[2] / "deploy" / "docs" / "metrics.md"


def test_the_reference_of_metrics_is_what_the_catalogs_say():
    assert PAGE.read_text(encoding="utf-8") == reference(), "run: python -m collector.exposition.reference"


def test_the_reference_names_every_family_once():
    lines = reference().splitlines()
    assert all(sum(line.startswith(f"| `{name}` |") for line in lines) == 1 for name in FAMILIES)
