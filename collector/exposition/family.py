"""One family of `/metrics`: what it is called, what it says, and how it is read. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from collector.exposition.read import Sample

WORKFLOW = ("project", "workflow_id", "workflow")
"""The labels that every family of a workflow begins with."""

Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True, kw_only=True)
class Family(Generic[Seen]):
    """One family. `labels` come after those of the workflow.

    `read` gives the samples of one workflow: label values in the order of `labels`, then the value. `now`: a fact about
    now, withheld when it is stale. `bare`: shown even before the first good answer. `essential`: shown past the cap on
    series too.
    """

    name: str
    type: str
    labels: tuple[str, ...]
    help: str
    read: Callable[[Seen], Iterable[Sample]]
    now: bool = False
    bare: bool = False
    essential: bool = False


def family(
    name: str,
    type: str,  # noqa: A002  the exposition format's word
    labels: str,
    help: str,  # noqa: A002  the exposition format's word
    read: Callable[[Seen], Iterable[Sample]],
    *,
    now: bool = False,
    bare: bool = False,
    essential: bool = False,
) -> Family[Seen]:
    """A row of a catalog; `labels` are separated by spaces."""
    return Family(
        name=name,
        type=type,
        labels=tuple(labels.split()),
        help=help,
        read=read,
        now=now,
        bare=bare,
        essential=essential,
    )
