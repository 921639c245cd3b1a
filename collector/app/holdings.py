"""What the state holds of each workflow, for people and machines."""

from collections.abc import Mapping

import msgspec

from collector import __version__
from collector.ledger import cursor
from collector.ledger.book import pack
from collector.ledger.streak import length
from collector.model import Key
from collector.store import Row


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """One workflow's row.

    `watched`: a collector showed it when it last wrote the row. `executions`: how many the cursor remembers. `ended`:
    counted executions by final status. `failures`: failed ones since the last success. `bytes`: the row's size.
    """

    project: str
    workflow_id: str
    name: str
    project_id: str
    watched: bool
    executions: int
    ended: dict[str, int]
    failures: int
    nodes: int
    bytes: int
    version: int


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """All rows, by project and name; `version` of the collector that says so."""

    version: str
    workflows: tuple[Holding, ...]


def holdings(rows: Mapping[Key, Row]) -> Holdings:
    """What rows hold."""
    found = sorted((_holding(key, row) for key, row in rows.items()), key=lambda each: (each.project, each.name))
    return Holdings(version=__version__, workflows=tuple(found))


def _holding(key: Key, row: Row) -> Holding:
    ledger = row.ledger
    return Holding(
        project=key.project,
        workflow_id=key.workflow_id,
        name=ledger.label or ledger.name or key.workflow_id,
        project_id=ledger.project_id,
        watched=bool(ledger.label),
        executions=len(cursor.unpack(ledger.cursor).seen),
        ended={str(status): count.total for status, count in ledger.executions.runs.items() if count.total},
        failures=length(ledger.executions.streak),
        nodes=len(ledger.nodes),
        bytes=len(pack(ledger)),
        version=row.version,
    )
