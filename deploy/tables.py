"""The tables of deploy/README.md, from the rules, the catalogs and the dashboards: `python -m deploy.tables`.

Who changes an alert, a metric or a dashboard runs it again; a test compares.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from collector.exposition.catalog import CATALOG
from collector.exposition.looks import LOOKS
from collector.exposition.own_catalog import OWN

DEPLOY = Path(__file__).parent
README = DEPLOY / "README.md"
RULES = DEPLOY / "prometheus" / "aom-collector.rules.yaml"
DASHBOARDS = DEPLOY / "grafana" / "dashboards"
_NAME = re.compile(r"(?<![\w:$])[a-zA-Z_][\w:]*")
_NUMBER = re.compile(r"vector\(([\d.]+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert. `wait`: how long its condition holds before it fires, "" for not at all. `threshold` as written."""

    name: str
    severity: str
    summary: str
    expression: str
    wait: str
    threshold: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One family of `/metrics`; `labels` as the table shows them, L for those of a workflow."""

    name: str
    type: str
    labels: str
    help: str

    @property
    def samples(self) -> frozenset[str]:
        """The names its samples go by."""
        endings = ("_bucket", "_count", "_sum") if self.type == "histogram" else ("",)
        return frozenset(self.name + ending for ending in endings)


def rules(path: Path = RULES) -> list[dict[str, Any]]:
    """Every rule of the file, in its order."""
    return [rule for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


def alerts(found: Iterable[Mapping[str, Any]]) -> list[Alert]:
    """The alerts among rules, each with its own threshold."""
    found = list(found)
    thresholds = _constants(found, "aom:threshold", "alert")
    return [
        Alert(
            name=rule["alert"],
            severity=rule["labels"]["severity"],
            summary=rule["annotations"]["summary"],
            expression=rule["expr"],
            wait=str(rule.get("for", "")),
            threshold=thresholds.get(rule["alert"], ""),
        )
        for rule in found
        if "alert" in rule
    ]


def metrics() -> list[Metric]:
    """Every family of the catalogs, in their order."""
    of_workflows = [(row.name, row.type, row.labels, row.help) for row in CATALOG]
    of_workflows += [(row.name, row.type, row.labels, row.help) for row in LOOKS]
    own = [Metric(name=row.name, type=row.type, labels=_names(*row.labels), help=row.help) for row in OWN]
    made = [
        Metric(name=name, type=kind, labels=_names("L", *labels), help=says)
        for name, kind, labels, says in of_workflows
    ]
    return made + own


def panels(folder: Path = DASHBOARDS) -> dict[str, str]:
    """Of every dashboard in a folder, by file name: all that it asks Prometheus."""
    return {path.stem: "\n".join(_asked(json.loads(path.read_text("utf-8")))) for path in sorted(folder.glob("*.json"))}


def spoken(text: str, found: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Which families a text is about: those it names, and those that the recorded names in it are made of."""
    recorded: dict[str, set[str]] = {}
    for rule in found:
        if "record" in rule:
            recorded.setdefault(rule["record"], set()).update(_NAME.findall(rule["expr"]))
    names, waiting = set[str](), set(_NAME.findall(text))
    while waiting:
        names |= waiting
        waiting = set[str]().union(*(recorded.get(name, set()) for name in waiting)) - names
    return frozenset(metric.name for metric in metrics() if not names.isdisjoint({*metric.samples, metric.name}))


def alert_table(found: Iterable[Alert]) -> str:
    """One row for each alert, with a link to its runbook."""
    rows = (
        f"| [{each.name}](docs/runbooks/{each.name}.md) | {each.severity} | {each.summary} "
        f"| {each.wait or 'at once'} | {each.threshold or '-'} |\n"
        for each in found
    )
    return "| alert | severity | says | fires after | threshold |\n|---|---|---|---|---|\n" + "".join(rows)


def metric_table(found: list[dict[str, Any]], asked: Mapping[str, str]) -> str:
    """One row for each family, with the alerts and the dashboards that use it."""
    watching = {alert.name: spoken(alert.expression, found) for alert in alerts(found)}
    drawing = {name: spoken(text, found) for name, text in asked.items()}
    rows = (
        f"| `{metric.name}` | {metric.type} | {metric.labels} | {metric.help} "
        f"| {_users(metric, watching)} | {_users(metric, drawing)} |\n"
        for metric in metrics()
    )
    head = "| family | type | labels | meaning | alerts | dashboards |\n|---|---|---|---|---|---|\n"
    return head + "".join(rows)


def filled(page: str, tables: Mapping[str, str]) -> str:
    """A page with the text between `<!-- name -->` and `<!-- /name -->` replaced. Raises `ValueError` without those."""
    for name, table in tables.items():
        before, opening, rest = page.partition(f"<!-- {name} -->\n")
        _, closing, after = rest.partition(f"<!-- /{name} -->\n")
        if not (opening and closing):
            says = f"the page has no place for {name}"
            raise ValueError(says)
        page = f"{before}{opening}{table}{closing}{after}"
    return page


def readme() -> str:
    """The README as it should be."""
    found = rules()
    tables = {"alerts": alert_table(alerts(found)), "metrics": metric_table(found, panels())}
    return filled(README.read_text(encoding="utf-8"), tables)


def _constants(found: Iterable[Mapping[str, Any]], record: str, label: str) -> dict[str, str]:
    return {
        rule["labels"][label]: number[1]
        for rule in found
        if rule.get("record") == record and (number := _NUMBER.search(rule["expr"]))
    }


def _asked(node: Any) -> list[str]:  # noqa: ANN401  JSON
    """Every query below a node of a dashboard: of targets, of variables."""
    if isinstance(node, list):
        return [query for each in node for query in _asked(each)]
    if not isinstance(node, dict):
        return []
    own = [node[key] for key in ("expr", "query", "definition") if isinstance(node.get(key), str)]
    return own + [query for each in node.values() for query in _asked(each)]


def _users(metric: Metric, uses: Mapping[str, frozenset[str]]) -> str:
    return ", ".join(name for name, families in uses.items() if metric.name in families) or "-"


def _names(*labels: str) -> str:
    return ", ".join(label if label == "L" else f"`{label}`" for label in labels) or "-"


if __name__ == "__main__":
    README.write_text(readme(), encoding="utf-8")
