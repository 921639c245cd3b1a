"""The reference of metrics, written from the catalogs: `python -m collector.exposition.reference`."""

import sys
from collections.abc import Iterable
from typing import Any

from collector.errors import Reason
from collector.exposition.catalog import CATALOG
from collector.exposition.family import WORKFLOW, Family
from collector.exposition.looks import LOOKS
from collector.exposition.own_catalog import OWN
from collector.exposition.render import EXEMPLAR
from collector.ledger.book import OTHER_NODE, OUTCOMES
from collector.model import ACTIVE, FAILED, FINAL, Status

_INTRO = f"""# Metrics

Written by `python -m collector.exposition.reference`; change the catalog, not this page.

`/metrics` shows what is in the state: nothing is fetched when it is scraped. Each workflow is looked at every
`interval`, and `aom_collector_workflow_last_success_timestamp_seconds` says how old the facts are. No sample carries a
timestamp, and a fact that does not exist has no series.

`L` stands for the labels {{L}}. `node` is the service's node id; past
`max_nodes_per_workflow` further nodes share `node="{OTHER_NODE}"`. Families marked *now* are withheld while nobody has
confirmed them for `stale_after`, or for three intervals if that is longer. Any family named here can be left out with
`collector.series.disable`.

Scrapers that ask for it get OpenMetrics 1.0.0. There a counter or a bucket of an execution's or node run's duration may
carry an exemplar whose only label, `{EXEMPLAR}`, names the execution it counted last.
"""
_HEAD = "| family | type | labels | meaning |\n|---|---|---|---|\n"


def reference() -> str:
    """The whole page as Markdown."""
    nodes = [family for family in CATALOG if "node" in family.labels]
    executions = [family for family in CATALOG if "node" not in family.labels]
    return "\n".join(
        (
            _INTRO.replace("{L}", _names(WORKFLOW)),
            _section("Executions of a workflow", map(_row, executions)),
            _section("Nodes of a workflow", map(_row, nodes)),
            _section("Looks at a workflow", map(_row, LOOKS)),
            _section("The collector", (_line(row.name, row.type, _names(row.labels), row.help) for row in OWN)),
            "`process_*` and `python_*` are as the Prometheus client library gives them.\n",
            _values(),
        )
    )


def _section(title: str, rows: Iterable[str]) -> str:
    return f"## {title}\n\n{_HEAD}{''.join(rows)}"


def _row(family: Family[Any]) -> str:
    labels = f"L, {_names(family.labels)}" if family.labels else "L"
    says = f"{family.help} *now*" if family.now else family.help
    return _line(family.name, family.type, labels, says)


def _line(name: str, kind: str, labels: str, says: str) -> str:
    return f"| `{name}` | {kind} | {labels} | {says} |\n"


def _values() -> str:
    failed = [status for status in FINAL if status in FAILED]
    return (
        "## Label values\n\n"
        f"- `status` of what ended: {_names(FINAL)}, and `{Status.UNKNOWN}` for words nobody knows. "
        f"Of these {_names(failed)} are failures. Node runs may also be `{Status.NOT_PERFORMED}`, "
        "which is final once their execution is.\n"
        f"- `status` of what is active: {_names(ACTIVE)}, and `{Status.UNKNOWN}`.\n"
        f"- `outcome` of targets: {_names(OUTCOMES)}.\n"
        f"- `reason` of failed looks: {_names(Reason)}.\n"
    )


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    sys.stdout.write(reference())
