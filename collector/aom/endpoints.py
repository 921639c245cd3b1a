"""The requests this program can make at all. Pure.

A POST to the executions path would start the task, so a request can only be built from a row of this table: nobody
hands in a method or a path.
"""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Operation:
    """One allowed request: the name our metrics give it, its method, and its path with places for ids."""

    name: str
    method: str
    path: str


LIST_EXECUTIONS = Operation("list_executions", "GET", "/v1/{project_id}/cms/workflow/{workflow_id}/executions")
ALLOWED = (LIST_EXECUTIONS,)


def path(operation: Operation, **ids: str) -> str:
    """The path of an operation, each id percent-encoded as exactly one segment.

    Raises `ValueError` for an id that could be anything but one segment, and for an operation that is not allowed.
    """
    if operation not in ALLOWED:
        msg = f"{operation.name} is not a request this program makes"
        raise ValueError(msg)
    if any(not value or value in (".", "..") for value in ids.values()):
        msg = "an id is one segment of a path"
        raise ValueError(msg)
    return operation.path.format(**{name: quote(value, safe="") for name, value in ids.items()})
