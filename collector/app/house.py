"""What all projects of a collector share."""

from collections.abc import Callable
from dataclasses import dataclass, field

from collector.aom import Heard
from collector.app.restored import Restored
from collector.clock import Clock
from collector.config import Settings
from collector.exposition import Exposition, Own
from collector.ledger import Step
from collector.model import Fact, Key, Workflow
from collector.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The rooms that every project uses. `bug` is told what nobody expected, and of which workflow it is, if of one.

    `heard` is shown every answer of the service's as it came. `met`: the workflows that were ever shown. `recount` puts
    what ended in a step into lines for the event log.
    """

    settings: Settings
    clock: Clock
    store: Store
    exposition: Exposition
    own: Own
    restored: Restored
    recount: Callable[[Workflow, Step], tuple[bytes, ...]]
    emit: Callable[[Fact], None]
    bug: Callable[[BaseException, Key | None], None]
    heard: Heard | None = None
    met: set[Key] = field(default_factory=set)
