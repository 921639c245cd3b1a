"""Which workflows of a project's list are watched without being named, and which are so no longer."""

from collections.abc import Collection, Iterator, Mapping

from collector.config import Discover, Project
from collector.ledger import Ledger
from collector.model import Definition, Key, Listing
from collector.poll import Watched
from collector.store import Row

PASSES_UNTIL_GONE = 3


class Discovery:
    """Goes by one pass over the list after another; only whole ones say that something is not there."""

    def __init__(self, discover: Discover) -> None:
        self.discover = discover
        self._missing: dict[str, int] = {}

    def read(self, listing: Listing, watched: Collection[str]) -> tuple[list[Definition], list[str]]:
        """Of a pass: the wanted workflows that are not among `watched`, and those ids of `watched` that are gone."""
        wanted = {each.workflow_id: each for each in listing.definitions if self.discover.wants(each.name, each.type)}
        new = [definition for workflow_id, definition in wanted.items() if workflow_id not in watched]
        whole = bool(listing.complete and listing.definitions)
        self._missing = {each: self._missing.get(each, 0) + whole for each in watched if each not in wanted}
        return new, [each for each, passes in self._missing.items() if passes >= PASSES_UNTIL_GONE]


def known(project: Project, rows: Mapping[Key, Row]) -> Iterator[Watched]:
    """What a project's file names, and what was discovered before, with what the state has of it."""
    named = {workflow.key for workflow in project.workflows}
    for workflow in project.workflows:
        yield Watched(workflow, rows.get(workflow.key) or Row(Ledger(project_id=workflow.project_id), 0))
    for key, row in rows.items() if project.discover else ():
        # What is not watched any more has no label.
        mine = key.project == project.name and key not in named and row.ledger.label
        if mine and project.discover and project.discover.wants(row.ledger.name, row.ledger.type):
            yield Watched(project.found(key.workflow_id), row)
