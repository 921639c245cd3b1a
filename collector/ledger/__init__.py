"""What ended since the last look, and what is remembered of it: `advance`, `release`, `resume` and their laws. Pure."""

from collector.ledger.advance import Step, advance, release, resume
from collector.ledger.book import Ledger
from collector.ledger.draft import Rules
from collector.ledger.holds import release_at

__all__ = ["Ledger", "Rules", "Step", "advance", "release", "release_at", "resume"]
