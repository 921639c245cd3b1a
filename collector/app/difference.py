"""What another configuration changes, in words; no value of it is quoted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from collector.config import Project, Settings
from collector.errors import ConfigError, Fault
from collector.model import Workflow

_FIXED = ("listen", "state", "log_format")
"""What a running collector cannot change."""
_APART = (*_FIXED, "projects", "warnings")
_KEYS = {
    "execution_buckets": "buckets.execution",
    "node_buckets": "buckets.node",
    "max_series": "series.max",
    "max_nodes_per_workflow": "series.max_nodes_per_workflow",
    "disable": "series.disable",
}
_Things = Mapping[str, Project | Workflow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Projects and workflows that were added and removed, and the keys that changed."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = {"added": self.added, "removed": self.removed, "changed": self.changed}
        return "; ".join(f"{how} {', '.join(what)}" for how, what in parts.items() if what) or "nothing changed"


def difference(before: Settings, after: Settings) -> Difference:
    """Compare two configurations. Raises `ConfigError` where they differ in what only a restart can change."""
    fixed = [key for key in _FIXED if getattr(before, key) != getattr(after, key)]
    if fixed:
        says = "is not what this collector was started with"
        raise ConfigError(tuple(Fault(path=f"collector.{key}", says=says, fix="restart it") for key in fixed))
    keys = [each.name for each in fields(Settings) if each.name not in _APART]
    changed = [f"collector.{_KEYS.get(key, key)}" for key in keys if getattr(before, key) != getattr(after, key)]
    old, new = _things(before), _things(after)
    both = ((name, ", ".join(_changed(old[name], new[name]))) for name in new if name in old)
    changed += [f"{name} ({which})" for name, which in both if which]
    return Difference(
        added=tuple(name for name in new if name not in old),
        removed=tuple(name for name in old if name not in new),
        changed=tuple(changed),
    )


def _things(settings: Settings) -> _Things:
    """Projects and workflows by what people call them."""
    found: dict[str, Project | Workflow] = {}
    for project in settings.projects:
        found[f"project {project.name}"] = project
        found |= {f"workflow {each.key.workflow_id} of {project.name}": each for each in project.workflows}
    return found


def _changed(before: Project | Workflow, after: Project | Workflow) -> Iterator[str]:
    for each in fields(before):
        if each.name != "workflows" and getattr(before, each.name) != getattr(after, each.name):
            yield each.name
