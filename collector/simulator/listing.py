"""One page of the workflow list: what may be asked, and which workflows it is. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from collector.simulator.world import World

LARGEST_PAGE = 100
LAST_PAGE = 9_999_999


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a reader asks of the list. Pages count from 0; an absent filter is ""."""

    sort_field: str
    descending: bool
    page: int = 0
    size: int = 10
    status: str = ""
    type: str = ""
    search: str = ""

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """The query in a request's body; raises `ValueError` with a sentence for one the service would refuse."""
        return cls(
            sort_field=_word(body, "sort_field", tuple(SORTED_BY)),
            descending=_word(body, "sort_type", ("ASC", "DESC")) == "DESC",
            page=_number(body, "page", 0, 0, LAST_PAGE),
            size=_number(body, "size", 10, 1, LARGEST_PAGE),
            status=str(body.get("status") or ""),
            type=str(body.get("type") or ""),
            search=str(body.get("search") or ""),
        )


SORTED_BY: Mapping[str, Callable[[World, str, int], int]] = {
    "create_time": lambda world, workflow_id, _: world.created(workflow_id),
    "update_time": lambda world, workflow_id, _: world.created(workflow_id),
    "last_execution_start_time": lambda world, workflow_id, at: world.begun(workflow_id, at),
}


def selected(world: World, query: Query, at: int, *, project_id: str) -> dict[str, Any]:
    """The service's answer at a moment (ms): the elements of one page, and how many there are in all."""
    by = SORTED_BY[query.sort_field]
    ids = [workflow_id for workflow_id in world.flows if _wanted(world, query, workflow_id, at)]
    ids.sort(key=lambda workflow_id: (by(world, workflow_id, at), workflow_id), reverse=query.descending)
    page = ids[query.page * query.size : (query.page + 1) * query.size]
    elements = [world.element(workflow_id, at, project_id=project_id) for workflow_id in page]
    return {"elements": elements, "total_elements": len(ids)}


def _wanted(world: World, query: Query, workflow_id: str, at: int) -> bool:
    flow = world.flows[workflow_id]
    if (query.type and flow.type != query.type) or query.search not in flow.name:
        return False
    return not query.status or world.element(workflow_id, at)["status"] == query.status


def _word(body: Mapping[str, Any], key: str, known: tuple[str, ...]) -> str:
    word = body.get(key)
    if word not in known:
        msg = f"{key} is mandatory: one of {', '.join(known)}."
        raise ValueError(msg)
    return str(word)


def _number(body: Mapping[str, Any], key: str, default: int, lowest: int, highest: int) -> int:
    number = body.get(key, default)
    if not isinstance(number, int) or isinstance(number, bool) or not lowest <= number <= highest:
        msg = f"{key} is a whole number from {lowest} to {highest}."
        raise ValueError(msg)
    return number
