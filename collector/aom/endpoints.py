"""The requests this program can make at all. Pure.

A POST to the executions path would start the task, so a request can only be built from a row of this table: nobody
hands in a method or a path.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from string import Formatter
from typing import Self
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Operation:
    """One allowed request: the name our metrics give it, its method, and its path with places for ids.

    `iam`: asked of the identity service. `metadata`: asked of the machine this runs on. `success`: the status that
    means it worked.
    """

    name: str
    method: str
    path: str
    iam: bool = False
    metadata: bool = False
    success: int = 200


LIST_EXECUTIONS = Operation("list_executions", "GET", "/v1/{project_id}/cms/workflow/{workflow_id}/executions")
LIST_WORKFLOWS = Operation("list_workflows", "POST", "/v1/{project_id}/cms/workflow-list")
CREATE_TOKEN = Operation("create_token", "POST", "/v3/auth/tokens", iam=True, success=201)
LIST_PROJECTS = Operation("list_projects", "GET", "/v3/projects", iam=True)
METADATA_TOKEN = Operation("get_metadata", "PUT", "/meta-data/latest/api/token", metadata=True)
LEND_KEYS = Operation("get_metadata", "GET", "/openstack/latest/securitykey", metadata=True)
ALLOWED = (LIST_EXECUTIONS, LIST_WORKFLOWS, CREATE_TOKEN, LIST_PROJECTS, METADATA_TOKEN, LEND_KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One allowed request. `ids` fill the places of its path; `query` is as it is meant, not as it is written.

    `project_id` fills its own place once the credential is known. Raises `ValueError` for an operation that is not in
    the table, and for an id that is not one segment of a path.
    """

    operation: Operation
    project_id: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)
    query: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        """Refuse what is not in the table."""
        if not any(self.operation is allowed for allowed in ALLOWED):
            msg = f"{self.operation.name} is not a request this program makes"
            raise ValueError(msg)
        places = {name for _, name, _, _ in Formatter().parse(self.operation.path) if name} - {"project_id"}
        values = (*self.ids.values(), self.project_id or "unknown")
        if places != set(self.ids) or any(not value or value in (".", "..") for value in values):
            msg = "every id of a path is one segment of it"
            raise ValueError(msg)

    def within(self, project_id: str) -> Self:
        """The same request for a project."""
        return replace(self, project_id=project_id)

    @property
    def path(self) -> str:
        """The path as it is sent, each id percent-encoded; raises `ValueError` while it lacks its project."""
        if "{project_id}" in self.operation.path and not self.project_id:
            msg = "it is not known for which project to ask"
            raise ValueError(msg)
        ids = {**self.ids, "project_id": self.project_id}
        return self.operation.path.format(**{name: quote(value, safe="") for name, value in ids.items()})
