"""What one look at everything found, as a table for people and as JSON for machines."""

import msgspec
from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from collector.app.doctor import many
from collector.cli.console import grid, plain, to_people
from collector.cli.wording import span
from collector.model import FAILED
from collector.web import Facts, Health, Summary

STYLES = {Health.UNSEEN: "bold red", Health.FAILED: "red", Health.ACTIVE: "cyan", Health.FINE: "green"}


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """One workflow. `looked`: its history could be read; else `reason` and `says` tell why not.

    `status`, `begin` and `end` are those of the execution that began last; times are milliseconds since the epoch.
    `active`: executions under way. `ended`: counted executions by final status. `failures`: failed ones since the last
    success; `failed_nodes`: the ids of nodes whose last run failed.
    """

    project: str
    workflow_id: str
    name: str
    looked: bool
    reason: str | None
    says: str | None
    health: Health
    status: str | None
    begin: int | None
    end: int | None
    active: int
    ended: dict[str, int]
    failures: int
    failed_nodes: tuple[str, ...]


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """All workflows, by project and name, what needs a person first; `at` in ms; `version` of who looked."""

    version: str
    at: int
    workflows: tuple[Looked, ...]


def found(facts: Facts) -> Round:
    """What a round found."""
    order = list(Health)
    summaries = sorted(facts.summaries(), key=lambda each: (order.index(each.health), each.project, each.name))
    return Round(version=facts.version, at=facts.at, workflows=tuple(_looked(facts, each) for each in summaries))


def _looked(facts: Facts, of: Summary) -> Looked:
    detail = facts.detail(of)
    return Looked(
        project=of.project,
        workflow_id=of.workflow_id,
        name=of.name,
        looked=bool(of.up),
        reason=of.reason,
        says=of.says,
        health=of.health,
        status=of.status,
        begin=of.begin,
        end=of.end,
        active=of.active,
        ended={status: count for status, count in sorted(detail.ended.items()) if count},
        failures=of.failures,
        failed_nodes=tuple(node.node for node in detail.nodes if node.failures),
    )


def as_json(round_: Round) -> str:
    """The round field by field, as its schema in `deploy/docs/once.schema.json` has it."""
    return msgspec.json.format(msgspec.json.encode(round_), indent=2).decode()


def show(round_: Round) -> None:
    """Print the round on standard output."""
    table = grid("project", "workflow", "latest", "counted")
    for each in round_.workflows:
        name = plain(each.name)
        if each.name != each.workflow_id:
            name = Text.assemble(name, "\n", plain(each.workflow_id, "dim"))
        table.add_row(plain(each.project), name, _latest(each, round_.at), _counted(each))
    seen = sum(each.looked for each in round_.workflows)
    summary = f"{many(len(round_.workflows), 'workflow')}, {len(round_.workflows) - seen} without a history"
    to_people().print(Group(*([Padding(table, (0, 0, 1, 0))] if round_.workflows else []), Text(summary)))


def _latest(each: Looked, now: int) -> Text:
    if not each.looked:
        return plain(each.says or "it could not be looked at", STYLES[Health.UNSEEN])
    if each.status is None:
        return Text("none", "dim")
    text = plain(each.status, STYLES.get(each.health, ""))
    if each.end is not None:
        text.append(f", {span(now - each.end)} ago", "dim")
    elif each.active and each.begin is not None:
        text.append(f" for {span(now - each.begin)}", "dim")
    for node in each.failed_nodes:
        text.append("\nfailed: ", "red").append_text(plain(node, "red"))
    return text


def _counted(each: Looked) -> Text:
    parts: list[str | tuple[str, str]] = []
    for status, count in each.ended.items():
        parts += [", "] if parts else []
        parts.append((f"{count} {status}", "red" if status in FAILED else ""))
    return Text.assemble(*parts) if parts else Text("nothing", "dim")
