"""What ended since the ledger, and the next ledger. Pure.

Laws: the same history again changes nothing; the order of a history does not matter; each ending counts once, whatever
lagging or flip-flopping answers come between; no counter falls, and nothing that may come back is forgotten.
"""

from dataclasses import dataclass, field

import msgspec

from collector.ledger import cursor as memory
from collector.ledger import holds
from collector.ledger.book import ANSWERS_UNTIL_HIDDEN, Count, Ledger, zeros
from collector.ledger.cursor import Seen
from collector.ledger.draft import DAY, Draft, Rules
from collector.ledger.learn import learned, open_defined
from collector.ledger.life import Life
from collector.model import Definition, Ended, ExecutionRecord, History

ANSWERS_UNTIL_ABSENT = 5
NODE_COUNTERS_KEPT = 30 * DAY
RECORD_FLAWS = ("shape", "id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The next ledger and how it came about. `changed`: it must be committed before it is shown.

    `rejected` and `invalid`: flaws counted in this step, by reason and by field.
    """

    ledger: Ledger
    changed: bool
    ended: tuple[Ended, ...] = ()
    gap: bool = False
    rejected: dict[str, int] = field(default_factory=dict)
    invalid: dict[str, int] = field(default_factory=dict)


def release(ledger: Ledger, now: int) -> Step:
    """End the holds whose time has come; what was found meanwhile is shown once the step is committed."""
    released = holds.released(ledger, now)
    return Step(ledger=released, changed=released != ledger)


def resume(ledger: Ledger, *, label: str, rules: Rules, now: int) -> Step:
    """Fit a ledger from the store to today's configuration: a new name for its series, other bucket bounds."""
    book = ledger.clone()
    if book.since is not None and book.label != label:
        book = holds.held(book, now + rules.first_zero)
    book.label = label
    _rebucket(book, rules)
    return Step(ledger=book, changed=book.since is not None and book != ledger)


def leave(ledger: Ledger) -> Step:
    """Note that a workflow's series are shown no more; should it return, `resume` holds them, as after a rename."""
    left = msgspec.structs.replace(ledger, label="")
    return Step(ledger=left, changed=left != ledger)


def learn(ledger: Ledger, definition: Definition, *, label: str, rules: Rules, now: int) -> Step:
    """Take in what the workflow list tells; a rename shows all series under `label` in one publication."""
    book = learned(ledger, definition, label=label, rules=rules, now=now)
    return Step(ledger=book, changed=book != ledger)


def _rebucket(book: Ledger, rules: Rules) -> None:
    nodes = [node.tally for node in book.nodes.values()]
    for tallies, old, new in (
        ([book.executions], book.execution_bounds, rules.execution_bounds),
        (nodes, book.node_bounds, rules.node_bounds),
    ):
        for tally in tallies if old != new else ():
            tally.durations = {s: holds.rebucket(h, old, new) for s, h in tally.durations.items()}
    book.execution_bounds, book.node_bounds = rules.execution_bounds, rules.node_bounds


def advance(ledger: Ledger, answer: History, rules: Rules, now: int) -> Step:
    """Read one good answer into a ledger that has been through `resume`.

    `now` is our wall clock (ms); what the service's clock says comes with the answer. Never raises for anything an
    answer holds.
    """
    if answer.tail and not answer.records and _at_rest(ledger, now):
        return Step(ledger=ledger, changed=False)
    draft = Draft(
        book=ledger.clone(),
        cursor=memory.unpack(ledger.cursor),
        rules=rules,
        now=now,
        since=next(at for at in (ledger.since, ledger.lacked, answer.date, now) if at is not None),
        blank=ledger.since is None and ledger.lacked is None,
    )
    gap = _read(draft, answer)
    # Digests that move alone are not worth a commit: two replicas of the service may take turns.
    changed = draft.touched or msgspec.structs.replace(draft.book, cursor=ledger.cursor) != ledger
    draft.book.answer = answer.digest
    draft.book.project_id = draft.book.project_id or answer.project_id
    return Step(
        ledger=draft.book,
        changed=changed,
        ended=tuple(draft.ended),
        gap=gap,
        rejected=draft.rejected,
        invalid=draft.invalid,
    )


def _at_rest(ledger: Ledger, now: int) -> bool:
    """Whether an unchanged answer would change nothing."""
    waiting = any(0 < run.missing < ANSWERS_UNTIL_HIDDEN for run in ledger.open.values())
    return not waiting and (ledger.review_at is None or ledger.review_at > now)


def _read(draft: Draft, answer: History) -> bool:
    """Read an answer in an order that does not depend on the answer's own; says whether it shows a gap."""
    if draft.book.since is None:
        _begin_watching(draft)
    executions: dict[str, list[ExecutionRecord]] = {}
    for record in answer.records:
        executions.setdefault(record.id, []).append(record)
    digests = {memory.execution_digest(execution): execution for execution in executions}
    gap = _gap(draft, answer, digests)
    if not answer.tail:
        draft.book.empty = not executions
    for execution in sorted(executions, key=lambda each: (_began(executions[each]), each)):
        _execution(draft, execution, memory.states(executions[execution]))
    _flaws(draft, answer)
    _absent(draft, answer, digests)
    _expire(draft)
    draft.book.cursor = memory.pack(draft.cursor)
    return gap


def _begin_watching(draft: Draft) -> None:
    book = draft.book
    book.since = draft.since
    book.executions.runs = zeros(node=False, until=draft.until)
    book.reopened = book.gaps = Count(0, 0, draft.until)
    open_defined(book, draft.rules, draft.now)


def _gap(draft: Draft, answer: History, digests: dict[int, str]) -> bool:
    """Whether nothing of the previous answer is left; an empty answer, then or now, says nothing."""
    before = {digest for digest, seen in draft.cursor.seen.items() if not seen.absent}
    gap = bool(before and digests) and not answer.tail and not draft.book.empty and before.isdisjoint(digests)
    if gap:
        draft.book.gaps = holds.add(draft.book.gaps, 1, draft.birth(past=False))
    return gap


def _began(records: list[ExecutionRecord]) -> int:
    return min((record.begin for record in records if record.begin is not None), default=-1)


def _time(record: ExecutionRecord) -> int | None:
    return next((t for t in (record.begin, record.end, record.updated) if t is not None), None)


def _execution(draft: Draft, execution: str, records: list[ExecutionRecord]) -> None:
    digest, mark = memory.execution_digest(execution), memory.mark_of(records)
    seen = draft.cursor.seen.get(digest)
    if seen is not None and seen.mark == mark:
        _here(draft, execution, seen)
        return
    remembered = False
    if seen is None:
        at = next((t for t in map(_time, records) if t is not None), None)
        seen = draft.cursor.seen[digest] = Seen(base=(at or 0) // 1000, at=at)
        forgotten = draft.book.forgotten
        remembered = forgotten is not None and (at is None or at <= forgotten)
        if remembered:
            draft.reject("forgotten")
        draft.touched = True
    seen.mark = mark
    before = msgspec.msgpack.encode(seen)
    Life(draft, execution, seen, remembered=remembered).read(records)
    _here(draft, execution, seen)
    draft.touched = draft.touched or msgspec.msgpack.encode(seen) != before


def _here(draft: Draft, execution: str, seen: Seen) -> None:
    if seen.absent:
        draft.touched = True
        seen.absent = seen.gone = 0
    state = draft.book.open.get(execution)
    if state is not None and state.missing:
        draft.book.open[execution] = msgspec.structs.replace(state, missing=0)


def _flaws(draft: Draft, answer: History) -> None:
    """Count each flaw once while it stays in the history; an answer or two without it do not make it new."""
    known = draft.book.flaws
    now = {flaw.mark: flaw.name for flaw in answer.flaws}
    for mark, name in now.items():
        if mark not in known:
            (draft.reject if name in RECORD_FLAWS else draft.distrust)(name)
    if not answer.tail and (answer.records or now):
        known = {mark: absent + 1 for mark, absent in known.items() if absent + 1 < ANSWERS_UNTIL_ABSENT}
    draft.book.flaws = known | dict.fromkeys(now, 0)


def _absent(draft: Draft, answer: History, digests: dict[int, str]) -> None:
    """Note what an answer lacks. Absence never un-counts: it hides what is active, and lets go of the very old."""
    book, present = draft.book, set(digests.values())
    for execution, state in book.open.items():
        here = execution in present or (answer.tail and not state.missing)
        if not here and state.missing < ANSWERS_UNTIL_HIDDEN:
            book.open[execution] = msgspec.structs.replace(state, missing=state.missing + 1)
    if book.empty:
        return
    review = []
    for digest, seen in list(draft.cursor.seen.items()):
        if digest in digests or (answer.tail and not seen.absent):
            continue
        if seen.absent < ANSWERS_UNTIL_ABSENT:
            draft.touched = True
            seen.absent, seen.gone = seen.absent + 1, seen.gone or draft.now
            if seen.absent == ANSWERS_UNTIL_ABSENT:
                memory.slim(seen)
        due = _let_go_at(seen, draft.rules)
        if due is not None and 0 < due <= draft.now:
            book.forgotten, draft.touched = max(book.forgotten or 0, seen.at or 0), True
            del draft.cursor.seen[digest]
        elif due is not None:
            review.append(due)
    book.review_at = min(review, default=None)


def _let_go_at(seen: Seen, rules: Rules) -> int | None:
    """When an absent execution may be let go of (ms, 0: absence is still being counted), None for one not final."""
    if seen.absent < ANSWERS_UNTIL_ABSENT:
        return 0
    if not seen.endings or seen.resumed:
        return None
    return max(seen.gone, seen.at or 0) + rules.forget_after


def _expire(draft: Draft) -> None:
    """A node that the workflow lost keeps its counters for a while, then leaves."""
    book = draft.book
    for name in [name for name, node in book.nodes.items() if node.gone]:
        due = book.nodes[name].ran_at + NODE_COUNTERS_KEPT
        if due <= draft.now:
            del book.nodes[name]
        else:
            book.review_at = due if book.review_at is None else min(due, book.review_at)
