"""The workflow list: what to ask for page by page, and what its pages tell of each workflow. Pure."""

import json
from dataclasses import dataclass, field

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
    """One page: its workflows, how many elements it had, and how many the service says there are in all.

    An element that tells no id, or of a workflow that was deleted, is in `elements` alone.
    """

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


@dataclass(slots=True)
class Reading:
    """One pass over the list, page by page. Pages count from 0, or from 1, and then page 0 is page 1 again, or empty.

    `found`: what its pages told. `rows`: the elements behind that, each once.
    """

    found: dict[str, Definition] = field(default_factory=dict)
    rows: int = 0
    _pages: int = 0
    _before: Page | None = None
    _moved: bool = False
    _over: bool = False

    def take(self, page: Page) -> bool:
        """Read the next page; says whether it was the last one. Raises `Unreadable` where pages repeat for ever."""
        self._pages += 1
        if self._pages > 1 and not page.elements:
            self._over = True
        elif self._pages != 2 or page != self._before:  # noqa: PLR2004  pages 0 and 1 may be one
            self._add(page)
        return self._over

    def _add(self, page: Page) -> None:
        known, before, self._before = len(self.found), self._before, page
        # Offsets into an order that changes meanwhile show a row twice, or not at all.
        self.found |= {each.workflow_id: each for each in page.definitions}
        self._moved |= len(self.found) - known < len(page.definitions)
        self._moved |= before is not None and before.total != page.total
        self.rows += page.elements - len(page.definitions) + len(self.found) - known
        enough = page.elements > 0 and page.elements < SIZE if page.total is None else self.rows >= page.total
        if before is not None and len(self.found) == known and not enough:
            says = "its pages repeat and never end"
            raise Unreadable(says, reason=Reason.ANSWER)
        self._over = enough

    @property
    def complete(self) -> bool:
        """Whether nothing can be missing: no row came twice or moved, and as many came as the service says."""
        total = self._before.total if self._before else None
        return self._over and not self._moved and (total is None or total == self.rows)


def _definition(element: object) -> Definition | None:
    if not isinstance(element, dict) or element.get("is_delete") in (True, "true"):
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
