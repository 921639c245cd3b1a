"""The draft of the next ledger, while one answer is read into it."""

from dataclasses import dataclass, field
from typing import Literal

from collector.ledger import cursor as memory
from collector.ledger.book import OTHER_NODE, Ledger, Node, zeros
from collector.ledger.holds import Birth
from collector.model import Ended

DAY = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the configuration says about counting; times in ms, bounds in seconds, ascending."""

    execution_bounds: tuple[float, ...]
    node_bounds: tuple[float, ...]
    history: Literal["ignore", "count"] = "ignore"
    first_zero: int = 120_000
    forget_after: int = 30 * DAY
    max_nodes: int = 100


@dataclass(slots=True, kw_only=True)
class Draft:
    """The only mutable state of a step: the book, the unpacked cursor, and what was found on the way.

    `since` is when watching began, by the service's clock (ms); `blank`: with this answer, all of which is the past.
    `touched`: the cursor learned something beyond the digests of what it read.
    """

    book: Ledger
    cursor: memory.Cursor
    rules: Rules
    now: int
    since: int
    blank: bool
    touched: bool = False
    ended: list[Ended] = field(default_factory=list)
    rejected: dict[str, int] = field(default_factory=dict)
    invalid: dict[str, int] = field(default_factory=dict)

    @property
    def until(self) -> int:
        """Until when a series born in this step is held."""
        return self.now + self.rules.first_zero

    def birth(self, *, past: bool) -> Birth:
        """How something found in this step is counted."""
        return Birth(until=self.until, past=past)

    def counts(self, *, past: bool) -> bool:
        """Whether an ending is to be counted at all."""
        return not past or self.rules.history == "count"

    def past(self, begin: int | None, end: int | None, *, was_active: bool, otherwise: bool) -> bool:
        """Whether something ended (without an end: began) before watching did; what was seen active did not."""
        if self.blank:
            return True
        if end is not None:
            return end < self.since
        if was_active:
            return False
        return otherwise if begin is None else begin < self.since

    def node(self, name: str) -> tuple[str, Node]:
        """A node's label and book, opened at its first record; past the cap nodes share one."""
        return known_node(self.book, name, self.rules, self.now)

    def reject(self, reason: str) -> None:
        """Count a record that is left out."""
        _bump(self.rejected, reason)
        _bump(self.book.rejected, reason)

    def distrust(self, name: str) -> None:
        """Count a field that is read as absent."""
        _bump(self.invalid, name)
        _bump(self.book.invalid, name)


def known_node(book: Ledger, name: str, rules: Rules, now: int) -> tuple[str, Node]:
    """A node's label and book; one that was not known has its counters at 0 from `now` (ms) on."""
    if name not in book.nodes and len(book.nodes) >= rules.max_nodes:
        name = OTHER_NODE
    if name not in book.nodes:
        book.nodes[name] = Node(name=(book.definition or {}).get(name) or None)
        book.nodes[name].tally.runs = zeros(node=True, until=now + rules.first_zero)
    return name, book.nodes[name]


def _bump(counts: dict[str, int], key: str) -> None:
    counts[key] = counts.get(key, 0) + 1
