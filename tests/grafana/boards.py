"""The dashboards as they are committed, taken apart."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"
BOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))
}


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every panel, with its dashboard."""
    return ((name, panel) for name, board in BOARDS.items() for panel in board["panels"])


def expressions() -> Iterator[tuple[str, str, str]]:
    """Every query: its dashboard, its panel's title, and itself."""
    return ((name, panel["title"], target["expr"]) for name, panel in panels() for target in panel["targets"])


def asked(expression: str, *, span: str, **chosen: str) -> str:
    """An expression with the dashboard's macros and variables replaced."""
    for macro in ("$__rate_interval", "$__range", "$__interval"):
        expression = expression.replace(macro, span)
    return re.sub(r"\$(\w+)", lambda found: chosen.get(found[1], ".+"), expression)
