"""From checked tables to settings: what no single key can tell, and everything left out filled in."""

import ssl
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeVar

from collector.config import credential
from collector.config.addresses import is_loopback
from collector.config.secret import Secret
from collector.config.settings import STANDARD, Discover, Project, Settings
from collector.config.walk import Table, Walk
from collector.config.wording import quoted
from collector.model import Key, Workflow

T = TypeVar("T")


def check(walk: Walk, file: Table, base: Path) -> None:
    """Note what is wrong between keys: doubles, contradictions, and what a choice leaves missing."""
    (collector,) = file.inside["collector"] or [Table("collector")]
    if collector.values.get("history") == "count" and _state(collector) == "memory:":
        says = "must not be used with a state that forgets: each start would count the whole past again"
        walk.fault("collector.history", f'"count" {says}', 'keep the state in a file, or write "ignore"')
    projects = file.inside["project"]
    _unique(walk, projects, "name")
    for project in projects:
        _unique(walk, project.inside.get("workflow", []), "id")
        _check_ca_file(walk, project, base)
        for auth in project.inside.get("auth", []):
            credential.find(walk, auth, project)
            credential.check(walk, auth)


def settings(file: Table, base: Path, warnings: Sequence[str]) -> Settings:
    """The settings of a file without faults; `base` is the folder that relative paths start from."""
    (collector,) = file.inside["collector"]
    (buckets,), (series,) = collector.inside["buckets"], collector.inside["series"]
    interval = _of(collector, "interval", float)
    projects = tuple(_project(table, interval, base) for table in file.inside["project"])
    state = _state(collector)
    kind, _, path = state.partition(":")
    web_config = _maybe(collector, "web_config", str)
    whole = Settings(
        listen=_of(collector, "listen", str),
        state=f"sqlite:{base / path}" if kind == "sqlite" else state,
        history=_of(collector, "history", str),
        first_zero=_of(collector, "first_zero", float),
        stale_after=_of(collector, "stale_after", float),
        forget_after=_of(collector, "forget_after", float),
        retain_state=_of(collector, "retain_state", float),
        full_poll=_of(collector, "full_poll", float),
        web_config=base / web_config if web_config else None,
        lifecycle=_of(collector, "lifecycle", bool),
        log_level=_of(collector, "log_level", str),
        log_format=_of(collector, "log_format", str),
        log_workflows=_of(collector, "log_workflows", tuple),
        event_log=_event_log(collector, base),
        execution_buckets=_of(buckets, "execution", tuple),
        node_buckets=_of(buckets, "node", tuple),
        max_series=_of(series, "max", int),
        max_nodes_per_workflow=_of(series, "max_nodes_per_workflow", int),
        disable=_of(series, "disable", frozenset),
        projects=projects,
        warnings=(),
    )
    return replace(whole, warnings=(*_warnings(projects), *_untraceable(whole), *warnings))


def _event_log(collector: Table, base: Path) -> Path | Literal["-"] | None:
    given = _maybe(collector, "event_log", str)
    return STANDARD if given == STANDARD else base / given if given else None


def _project(table: Table, interval: float, base: Path) -> Project:
    name, region = _of(table, "name", str), _of(table, "region", str)
    project_id = _maybe(table, "project_id", str) or ""
    ca_file = _maybe(table, "ca_file", str)
    own = _maybe(table, "interval", float) or interval
    return Project(
        name=name,
        region=region,
        project_id=project_id,
        endpoint=_maybe(table, "endpoint", str) or f"https://aom.{region}.myhuaweicloud.com",
        iam_endpoint=_maybe(table, "iam_endpoint", str) or f"https://iam.{region}.myhuaweicloud.com",
        enterprise_project_id=_maybe(table, "enterprise_project_id", str),
        max_requests_per_second=_of(table, "max_requests_per_second", float),
        concurrency=_of(table, "concurrency", int),
        timeout=_of(table, "timeout", float),
        poll_deadline=_of(table, "poll_deadline", float),
        max_response_bytes=_of(table, "max_response_bytes", int),
        ca_file=base / ca_file if ca_file else None,
        proxy=_maybe(table, "proxy", Secret),
        auth=credential.auth_of(table.inside["auth"][0]),
        interval=own,
        workflows=tuple(
            Workflow(
                key=Key(name, _of(workflow, "id", str)),
                project_id=project_id,
                name=_maybe(workflow, "name", str),
                interval=_maybe(workflow, "interval", float) or own,
                expect_every=_maybe(workflow, "expect_every", float),
            )
            for workflow in table.inside["workflow"]
        ),
        discover=next(map(_discover, table.inside["discover"]), None),
    )


def _discover(table: Table) -> Discover:
    return Discover(
        include=_of(table, "include", tuple),
        exclude=_of(table, "exclude", tuple),
        types=frozenset(_of(table, "types", tuple)),
        interval=_of(table, "interval", float),
    )


def _unique(walk: Walk, tables: Sequence[Table], key: str) -> None:
    first: dict[str, str] = {}
    for table in tables:
        value = table.values.get(key)
        if isinstance(value, str) and first.setdefault(value, table.path) != table.path:
            walk.fault(f"{table.path}.{key}", f"must be unique, but {first[value]} has it too", "keep one of the two")


def _check_ca_file(walk: Walk, project: Table, base: Path) -> None:
    name = project.values.get("ca_file")
    if not isinstance(name, str):
        return
    path = f"{project.path}.ca_file"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=base / name)
    except ssl.SSLError:
        walk.fault(path, f"the file {quoted(str(base / name))} holds no certificate", "it must be a PEM bundle")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        walk.fault(path, f"the file {quoted(str(base / name))} cannot be read: {reason}")


def _warnings(projects: Sequence[Project]) -> list[str]:
    found = [] if projects else ["no [[project]] is given, so there is nothing to watch"]
    budgets: dict[tuple[str, ...], list[tuple[str, Project]]] = defaultdict(list)
    for place, project in enumerate(projects):
        path = f"project[{place}]"
        budgets[project.auth.owner].append((path, project))
        if not project.workflows and project.discover is None:
            found.append(f"{path}: has neither [[project.workflow]] nor [project.discover], so it watches nothing")
        found += [
            f"{path}.{key}: plain http sends what it carries readable for everyone on the way; use https"
            for key, address in (("endpoint", project.endpoint), ("iam_endpoint", project.iam_endpoint))
            if address.startswith("http:") and not is_loopback(address)
        ]
    for sharing in budgets.values():
        cost = sum(1 / workflow.interval for _, project in sharing for workflow in project.workflows)
        allowed = min(project.max_requests_per_second for _, project in sharing)
        if cost > allowed * (1 + 1e-9):
            who = ", ".join(path for path, _ in sharing)
            shared = " with their shared credential" if len(sharing) > 1 else ""
            found.append(
                f"{who}: the intervals cost {cost:.3g} requests per second{shared}, but max_requests_per_second "
                f"allows {allowed:.3g}; looks will be late"
            )
    return found


def _untraceable(whole: Settings) -> list[str]:
    """Ids that are to be traced, and that nobody watches."""
    if any(project.discover for project in whole.projects):
        return []  # it may come
    watched = {workflow.key.workflow_id for project in whole.projects for workflow in project.workflows}
    return [
        f"collector.log_workflows[{place}]: no project has a workflow with the id {quoted(traced)}"
        for place, traced in enumerate(whole.log_workflows)
        if traced not in watched
    ]


def _state(collector: Table) -> str:
    secret = collector.values.get("state")
    return secret.reveal() if isinstance(secret, Secret) else ""


def _of(table: Table, key: str, kind: type[T]) -> T:
    value = table.values[key]
    if not isinstance(value, kind):
        msg = f"{table.path}.{key} is not read as {kind.__name__}"  # a row of the schema names the wrong kind
        raise TypeError(msg)
    return value


def _maybe(table: Table, key: str, kind: type[T]) -> T | None:
    return None if table.values.get(key) is None else _of(table, key, kind)
