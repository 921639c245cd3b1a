"""The workflow list: what to ask for page by page, and what its pages tell of each workflow. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from collector.aom.wire import clean
from collector.errors import Reason, Unreadable
from collector.model import Definition

SIZE = 100
MOST_PAGES = 1000
LONGEST_NAME = 256
LONGEST_TYPE = 16
LONGEST_ID = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: its workflows, how many elements it had, and how many the service says there are in all."""

    definitions: tuple[Definition, ...]
    elements: int
    total: int | None


def asks(page: int) -> bytes:
    """The body that asks for a page; the oldest workflows first, so that new ones do not move the others."""
    return json.dumps({"page": page, "size": SIZE, "sort_field": "create_time", "sort_type": "ASC"}).encode()


def read(body: bytes) -> Page:
    """One page of the list. An element that tells no id is left out; raises `Unreadable` where there is no list."""
    try:
        found = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        found = None
    elements = found.get("elements") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(elements, list):
        says = "it is no list of workflows"
        raise Unreadable(says, reason=Reason.ANSWER)
    total = found.get("total_elements")
    return Page(
        definitions=tuple(d for d in map(_definition, elements) if d is not None),
        elements=len(elements),
        total=total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None,
    )


def ended(page: Page, known: Mapping[str, Definition]) -> bool:
    """Whether the list ends with this page, `known` being all that its pages told; it ends short, or with its total."""
    return page.elements < SIZE or (page.total is not None and len(known) >= page.total)


def _definition(element: object) -> Definition | None:
    if not isinstance(element, dict):
        return None
    workflow_id = element.get("id")
    if not isinstance(workflow_id, str) or not 0 < len(workflow_id) <= LONGEST_ID:
        return None
    return Definition(
        workflow_id=clean(workflow_id),
        name=_text(element.get("name"), LONGEST_NAME),
        type=_text(element.get("type"), LONGEST_TYPE),
        nodes=_nodes(element.get("nodes")),
    )


def _nodes(nodes: object) -> dict[str, str]:
    found = {}
    for node in nodes if isinstance(nodes, list) else ():
        node_id = node.get("id") if isinstance(node, dict) else None
        if isinstance(node_id, str) and 0 < len(node_id) <= LONGEST_ID:
            found[clean(node_id)] = _text(node.get("name"), LONGEST_NAME)
    return found


def _text(value: object, longest: int) -> str:
    """Text of a length that can be a label, "" where it is something else."""
    return clean(value) if isinstance(value, str) and len(value) <= longest else ""
