"""What ended since the last look, and what is remembered of it: pure steps from ledger to ledger, and their laws."""

from collector.ledger.advance import Step, advance, learn, leave, release, resume
from collector.ledger.book import Ledger
from collector.ledger.draft import Rules
from collector.ledger.holds import release_at

__all__ = ["Ledger", "Rules", "Step", "advance", "learn", "leave", "release", "release_at", "resume"]
