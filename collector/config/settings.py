"""What a configuration file comes to: frozen settings, whole and checked. All durations are seconds."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from collector.config.secret import Secret
from collector.model import Key, Workflow

STANDARD: Literal["-"] = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """How a project signs in: `method` is resolved, never `auto`, and only what it needs is there.

    `owner` tells credentials apart, however they are written: projects with the same share one budget.
    """

    method: str
    token: Secret | None = None
    access_key: Secret | None = None
    secret_key: Secret | None = None
    security_token: Secret | None = None
    username: str = ""
    password: Secret | None = None
    domain: str = ""

    @property
    def owner(self) -> tuple[str, ...]:
        """What is signed in with, not to be shown; raises `ConfigError` where a secret's file cannot be used."""
        secrets = (self.token, self.access_key, self.secret_key, self.security_token)
        texts = ("" if secret is None else secret.reveal() for secret in secrets)
        return (*texts, self.username, self.domain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discover:
    """Which workflows of the list are watched without being named; `types` are in lower case, none stands for all."""

    include: tuple[re.Pattern[str], ...]
    exclude: tuple[re.Pattern[str], ...]
    types: frozenset[str]
    interval: float

    def wants(self, name: str, kind: str) -> bool:
        """Whether a workflow of this name and type is watched."""
        if self.types and kind.lower() not in self.types:
            return False
        if not any(pattern.fullmatch(name) for pattern in self.include):
            return False
        return not any(pattern.fullmatch(name) for pattern in self.exclude)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One `[[project]]` with everything it leaves out filled in; `project_id` is "" where the credential tells it.

    `interval` holds for workflows without one of their own; `discover` is None where only `workflows` are watched.

    `endpoint` and `iam_endpoint` have no slash at their end; `timeout` is one request's, `poll_deadline` one look's
    with its retries; `max_response_bytes` counts after decompression.
    """

    name: str
    region: str
    project_id: str
    endpoint: str
    iam_endpoint: str
    enterprise_project_id: str | None
    max_requests_per_second: float
    concurrency: int
    timeout: float
    poll_deadline: float
    max_response_bytes: int
    ca_file: Path | None
    proxy: Secret | None
    auth: Auth
    interval: float
    workflows: tuple[Workflow, ...]
    discover: Discover | None = None

    def found(self, workflow_id: str) -> Workflow:
        """A workflow that the list told of, as though the file named it."""
        key = Key(self.name, workflow_id)
        return Workflow(key=key, project_id=self.project_id, name=None, interval=self.interval)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A whole file.

    `state` is `memory:` or `sqlite:` with an absolute path; `history` is `ignore` or `count`; buckets are upper bounds
    in seconds, ascending; `event_log` is a file, `STANDARD` for standard output, or None; `disable` holds family names;
    `warnings` are sentences for `check` and the log.
    """

    listen: str
    state: str
    history: str
    first_zero: float
    stale_after: float
    forget_after: float
    retain_state: float
    full_poll: float
    web_config: Path | None
    lifecycle: bool
    log_level: str
    log_format: str
    log_workflows: tuple[str, ...]
    event_log: Path | Literal["-"] | None
    execution_buckets: tuple[float, ...]
    node_buckets: tuple[float, ...]
    max_series: int
    max_nodes_per_workflow: int
    disable: frozenset[str]
    projects: tuple[Project, ...]
    warnings: tuple[str, ...]
