"""What PromQL expressions name, whether the catalogs know it, and what they would be with one condition less."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import promql_parser as promql

from collector.errors import Reason
from collector.exposition.catalog import CATALOG
from collector.exposition.family import WORKFLOW
from collector.exposition.looks import LOOKS
from collector.exposition.own_catalog import OWN
from collector.ledger.book import OUTCOMES
from collector.model import Status

SCRAPED = {"job", "instance"}
"""Labels that Prometheus adds to what it scrapes."""
FOREIGN = {"up": set(), "ALERTS": {"alertname", "alertstate", "severity"}}
"""Families that Prometheus makes, with their labels."""
STANDARD = re.compile(r"(process|python)_[a-z_]+")
ENDINGS = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
VALUES = {
    "status": {str(status) for status in Status},
    "reason": {*map(str, Reason), "shape", "id", "conflict", "forgotten"},
    "field": {"begin_time", "end_time", "last_update_time", "output"},
    "outcome": {*OUTCOMES, "changed", "unchanged", "skipped", "failed", "ok", "conflict"},
    "alertstate": {"pending", "firing"},
}
MACROS = {"$__rate_interval": "5m", "$__interval": "1m", "$__range": "1h"}
COMPARISONS = {"==", "!=", ">", "<", ">=", "<="}
SETS = {"and", "or", "unless"}


@dataclass(frozen=True, slots=True)
class Selector:
    """One vector selector: the metric's name and its matchers (label, operator, value)."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]


@dataclass(slots=True)
class Named:
    """All that an expression names."""

    selectors: list[Selector] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)


def parsed(expression: str) -> promql.Expr:
    """An expression, the dashboards' macros and variables replaced."""
    for macro, value in MACROS.items():
        expression = expression.replace(macro, value)
    return promql.parse(re.sub(r"\$\{?\w+(:\w+)?\}?", "x", expression))


def named(expression: str) -> Named:
    """The selectors of an expression, and the labels by which it groups and joins."""
    found = Named()

    def visit(node: promql.Expr) -> bool:
        if isinstance(node, promql.VectorSelector):
            found.selectors.append(Selector(node.name, tuple(map(_matcher, node.matchers.matchers))))
        modifier = getattr(node, "modifier", None)
        if modifier is not None:
            found.labels |= _labels(modifier)
        return True

    promql.walk(parsed(expression), visit)
    return found


def _matcher(matcher: promql.Matcher) -> tuple[str, str, str]:
    operator, value = re.match(r'[^=!]+(=~|!~|!=|=)"(.*)"$', str(matcher), re.DOTALL).groups()
    return matcher.name, operator, value


def _labels(modifier: object) -> set[str]:
    found: set[str] = set()
    for name in ("labels", "matching", "card"):
        part = getattr(modifier, name, None)
        found |= set(getattr(part, "labels", part if isinstance(part, list | tuple) else ()) or ())
    return found


def known(recorded: set[str]) -> dict[str, set[str] | None]:
    """Every sample's name with its labels; None where any label is fine."""
    names: dict[str, set[str] | None] = {name: labels | SCRAPED for name, labels in FOREIGN.items()}
    names |= dict.fromkeys(recorded)
    for family in (*CATALOG, *LOOKS):
        names |= _samples(family.name, family.type, {*WORKFLOW, *family.labels})
    for row in OWN:
        names |= _samples(row.name, row.type, set(row.labels))
    return names


def _samples(name: str, kind: str, labels: set[str]) -> dict[str, set[str]]:
    more = {"le"} if kind == "histogram" else set()
    return {f"{name}{ending}": labels | more | SCRAPED for ending in ENDINGS[kind]}


def faults(expression: str, recorded: set[str]) -> list[str]:
    """What an expression names that neither the catalogs nor the recording rules know, a sentence each."""
    names, found = known(recorded), named(expression)
    everything = {"alert", "slo", "alertname", "alertstate", "severity", *SCRAPED}.union(
        *(labels for labels in names.values() if labels)
    )
    wrong = [f"nothing groups by {label!r}" for label in sorted(found.labels - everything)]
    for each in found.selectors:
        if each.name not in names and not STANDARD.fullmatch(each.name or ""):
            wrong.append(f"no metric is called {each.name!r}")
            continue
        labels = names.get(each.name) or everything
        for label, _, value in each.matchers:
            if label not in labels:
                wrong.append(f"{each.name} has no label {label!r}")
            odd = set(value.split("|")) - VALUES[label] - {"", "x", ".+", ".*"} if label in VALUES else set()
            wrong += [f"{label} is never {word!r}" for word in sorted(odd)]
    return wrong


def weaker(expression: str) -> Iterator[str]:
    """The expression with one condition less, in every way: a comparison, an arm of a set operation, a matcher."""
    whole = promql.parse(expression)
    tried = ((number, choice) for number in range(_count(whole)) for choice in range(2))
    found = (_without(whole, number, choice) for number, choice in tried)
    # A range is come by twice: as itself, and as the selector in it.
    yield from dict.fromkeys(each.prettify() for each in found if each is not None)


def _count(whole: promql.Expr) -> int:
    seen = []
    promql.transform(whole, pre_visit=seen.append)
    return len(seen)


def _without(whole: promql.Expr, number: int, choice: int) -> promql.Expr | None:
    """With the condition at one node left out: its first or second choice; None where it has none."""
    at, done = -1, False

    def visit(node: promql.Expr) -> promql.Expr | None:
        nonlocal at, done
        at += 1
        if at != number:
            return None
        replaced = _less(node, choice)
        done = replaced is not None
        return replaced

    changed = promql.transform(whole, pre_visit=visit)
    return changed if done else None


def _less(node: promql.Expr, choice: int) -> promql.Expr | None:
    if isinstance(node, promql.BinaryExpr):
        operator = str(node.op)
        if operator in COMPARISONS and choice == 0:
            return node.lhs
        if operator in SETS:
            # What stands behind `unless` is no condition by itself.
            return (node.lhs, None if operator == "unless" else node.rhs)[choice]
    selector = node.vector_selector if isinstance(node, promql.MatrixSelector) else node
    if isinstance(selector, promql.VectorSelector) and choice == 0:
        kept = [each for each in selector.matchers.matchers if each.name not in VALUES | {"code": ()}]
        if len(kept) < len(selector.matchers.matchers):
            text = f"{selector.name}{{{', '.join(map(str, kept))}}}"
            span = promql.display_duration(node.range) if isinstance(node, promql.MatrixSelector) else ""
            return promql.parse(f"{text}[{span}]" if span else text)
    return None
