"""The last executions, whole, for people: what failed, and where, has to be told after a restart too. Pure.

Nothing is counted by them. Two top lists make up what is kept, so that it does not depend on the order of reading.
"""

import msgspec

from collector.ledger import cursor as memory
from collector.model import FAILED, ExecutionRecord, Status

LAST = 5
LAST_FAILED = 2
"""Failures outlive successes: the last ones are kept beside the last executions."""
MOST_RUNS = 50


class PastRun(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One node run as it was last seen."""

    node: str
    status: Status
    begin: int | None
    end: int | None


class Past(msgspec.Struct, frozen=True, array_like=True):
    """One execution as it was last seen, its node runs by begin; `more`: node runs that were left out."""

    execution: str
    status: Status
    begin: int | None
    end: int | None
    runs: tuple[PastRun, ...] = ()
    more: int = 0

    @property
    def failed(self) -> bool:
        """Whether it failed, or one of its nodes did."""
        return self.status in FAILED or any(run.status in FAILED for run in self.runs)

    @property
    def rank(self) -> tuple[int, int, str]:
        """What stands later is latest."""
        return -1 if self.begin is None else self.begin, -1 if self.end is None else self.end, self.execution


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Past).decode


def executions(kept: dict[str, bytes]) -> list[Past]:
    """What is kept, latest first."""
    return sorted(map(_decode, kept.values()), key=lambda past: past.rank, reverse=True)


def keep(kept: dict[str, bytes], record: ExecutionRecord) -> dict[str, bytes]:
    """What is kept once an execution stands as `record` has it; bytes by execution id."""
    past = _past(record)
    if record.id in kept:
        # A time that is missing for once is not lost, nor with it the place among the others.
        known = _decode(kept[record.id])
        begin = known.begin if past.begin is None else past.begin
        end = known.end if past.end is None and past.status is known.status else past.end
        past = msgspec.structs.replace(past, begin=begin, end=end)
    kept = {**kept, record.id: _encode(past)}
    if len(kept) <= LAST:
        return kept
    latest = executions(kept)
    stay = {each.execution for each in [*latest[:LAST], *[each for each in latest if each.failed][:LAST_FAILED]]}
    return {execution: packed for execution, packed in kept.items() if execution in stay}


def _past(record: ExecutionRecord) -> Past:
    # The last state of each run is its present one.
    states = {(node.node, node.run or node.begin): node for node in memory.node_states(record)}
    runs = [PastRun(node.node, node.status, node.begin, node.end) for node in states.values()]
    # What failed is left out last.
    shown = sorted(runs, key=lambda run: (run.status not in FAILED, _began(run)))[:MOST_RUNS]
    return Past(
        record.id, record.status, record.begin, record.end, tuple(sorted(shown, key=_began)), len(runs) - len(shown)
    )


def _began(run: PastRun) -> tuple[bool, int, str]:
    return run.begin is None, run.begin or 0, run.node
