"""What the workflow list teaches: a workflow's name and type, and its nodes before they ever ran. Pure."""

from collector.ledger import holds
from collector.ledger.book import SUCCESSES_UNTIL_GONE, Ledger
from collector.ledger.draft import Rules, known_node
from collector.model import Definition


def learned(ledger: Ledger, definition: Definition, *, label: str, rules: Rules, now: int) -> Ledger:
    """The ledger that knows a definition; `label` is what the workflow's series are called from now (ms) on.

    A new name moves all series with their totals, held as the restored ones are: they are new to whoever scrapes.
    """
    book = ledger.clone()
    # What a list leaves out it says nothing about.
    book.name, book.type = definition.name or book.name, definition.type or book.type
    book.definition = definition.nodes or book.definition
    for name, node in book.nodes.items():
        node.name = (book.definition or {}).get(name) or None
        gone = node.lacking >= SUCCESSES_UNTIL_GONE and not is_defined(book, name)
        if gone and not node.gone:
            book.review_at = 0
        node.gone = gone
    if book.since is not None:
        if book.label != label:
            book = holds.held(book, now + rules.first_zero)
        open_defined(book, rules, now)
    book.label = label
    return book


def open_defined(book: Ledger, rules: Rules, now: int) -> None:
    """Make every node of the definition known, so that its first failure is seen as one."""
    for name in book.definition or ():
        _, node = known_node(book, name, rules, now)
        node.ran_at = node.ran_at or now


def is_defined(book: Ledger, node: str) -> bool:
    """Whether the known definition has a node."""
    return book.definition is not None and node in book.definition
