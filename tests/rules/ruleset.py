"""The rules that are shipped, as they stand in the file."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.rules.promql import named

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "prometheus" / "aom-collector.rules.yaml"
GROUPS: list[dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["groups"]


def rules() -> Iterator[dict[str, Any]]:
    """Every rule, in order."""
    return (rule for group in GROUPS for rule in group["rules"])


ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}
RECORDED = {rule["record"] for rule in rules() if "record" in rule}


def with_alerts(*alerts: dict[str, Any], given: Collection[str] = ()) -> str:
    """These alerts with the recording rules that they stand on, but for those whose series are given."""
    needed, names = set(), {name for alert in alerts for name in _named(alert)}
    while names - needed:
        needed |= names
        names = {name for rule in rules() if rule.get("record") in needed for name in _named(rule)} - {*given}
    needed -= {*given}
    groups = [{**group, "rules": [rule for rule in group["rules"] if rule.get("record") in needed]} for group in GROUPS]
    groups.append({"name": "alerts", "rules": list(alerts)})
    return yaml.safe_dump({"groups": [group for group in groups if group["rules"]]}, allow_unicode=True)


def _named(rule: dict[str, Any]) -> set[str]:
    return {selector.name for selector in named(rule["expr"]).selectors}
