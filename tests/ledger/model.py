"""What the ledger must say, computed naively from what was shown: plain lists of marks, summed up by definition.

Written from the counting rules, not from the ledger: an ending is known by its true identity, a total is the number
of marks of its series, what is published is the number of visible ones.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf

from collector.ledger import Rules
from collector.model import FAILED, FINAL, NODE_FINAL, ExecutionRecord, Flaw, NodeRecord, Status
from tests.ledger.model_world import ANONYMOUS, ENDLESS, NodeState, Shown, in_order

Key = tuple[object, ...]
HIDDEN_AFTER, ABSENT_AFTER = 3, 5
VERDICTS_KEPT = 8
"""Later than so many newer verdicts, an ending need not find its place in a streak any more."""


@dataclass(slots=True)
class Mark:
    """Something that was counted: `bound` is the bucket it lies in, `visible` whether a scrape shows it."""

    value: float
    visible: bool
    bound: float = inf


@dataclass(slots=True)
class Series:
    """A counter or a histogram; `until` when its hold ends (ms), None where it is not held."""

    until: int | None
    marks: list[Mark] = field(default_factory=list)

    def said(self) -> tuple[float, float, int | None]:
        seen = self.marks if self.until is None else [m for m in self.marks if m.visible]
        return sum(m.value for m in self.marks), sum(m.value for m in seen), self.until

    def buckets(self, bounds: tuple[float, ...], *, published: bool) -> tuple[tuple[int, ...], float]:
        seen = [m for m in self.marks if m.visible or self.until is None or not published]
        counts = Counter(m.bound for m in seen)
        return tuple(counts[bound] for bound in (*bounds, inf)), round(sum(m.value for m in seen), 4)


@dataclass(slots=True)
class Known:
    """One ending that was shown: its times as far as they are known, and whether it was counted."""

    ident: int
    status: Status
    verdict: Status
    begin: int | None
    end: int | None
    counted: bool
    timed: bool = False

    @property
    def at(self) -> int | None:
        return self.begin if self.end is None else self.end


@dataclass(slots=True)
class Run:
    """All that was shown of one execution, or of one node run."""

    endings: list[Known] = field(default_factory=list)
    active: bool = False
    resumed: bool = False

    def settle(self, state: ExecutionRecord | NodeRecord, ident: int, *, endless: bool, older: bool) -> Known | None:
        """The known ending that a final state shows again, None where it shows a new one."""
        if endless and self.resumed and not older:
            return None
        if endless:
            return next((e for e in self.endings if e.status == state.status), None)
        return next((e for e in self.endings if e.ident == ident), None)


@dataclass(slots=True)
class Execution(Run):
    """An execution: `runs` are its node runs, `open` what is active in its present state."""

    runs: dict[int, Run] = field(default_factory=dict)
    updated: int | None = None
    at: int | None = None
    reopened: bool = False
    remembered: bool = False
    missing: int = 0
    absent: int = 0
    gone: int = 0
    open: tuple[object, ...] | None = None
    read: frozenset[ExecutionRecord] = frozenset()


class Model:
    """The whole truth about one workflow, as far as it was shown."""

    def __init__(self, rules: Rules, label: str) -> None:
        self.rules, self.label = rules, label
        self.since: int | None = None
        self.now = 0
        self.series: dict[Key, Series] = {}
        self.executions: dict[str, Execution] = {}
        self.known: dict[str | None, list[tuple[str, int, Known]]] = {}
        self.unsure: set[str | None] = set()
        self.before: set[str] = set()
        self.forgotten: int | None = None
        self.flaws: dict[int, int] = {}
        self.rejected: Counter[str] = Counter()
        self.defined: tuple[str, ...] = ()
        self.events: Counter[str] = Counter()

    # What the machine does

    def reads(self, answer: list[Shown], flaws: Iterable[Flaw] | None, now: int) -> bool:
        """One good answer (`flaws` None: those of the last one are still there); says whether it shows a gap."""
        self.now, first = now, self.since is None
        if self.since is None:
            self.since = now
            self._known_from_now(("runs", None), FINAL)
            self._series(("reopened",))
            self._series(("gaps",))
            self.defines(self.defined, now)
        present = {one.record.id for one in answer}
        gap = bool(present and self.before and not present & self.before)
        if gap:
            self._count(("gaps",), past=False)
        for name in present:
            states = sorted((one for one in answer if one.record.id == name), key=in_order)
            self._execution(name, states, first=first)
        if flaws is not None:
            self._flaws(flaws, empty=not present)
        self._absent(present)
        self.before = present
        return gap

    def releases(self, now: int) -> None:
        for series in self.series.values():
            if series.until is not None and series.until <= now:
                series.until = None
                for mark in series.marks:
                    mark.visible = True

    def renames(self, label: str, now: int) -> None:
        if self.since is not None and label != self.label:
            for series in self.series.values():
                for mark in series.marks:
                    mark.visible = mark.visible or series.until is None
                series.until = now + self.rules.first_zero
        self.label = label

    def defines(self, nodes: tuple[str, ...], now: int) -> None:
        self.defined, self.now = nodes or self.defined, now
        if self.since is not None:
            for node in self.defined:
                self._known_from_now(("runs", node), NODE_FINAL)

    def configures(self, rules: Rules) -> None:
        for key, series in self.series.items():
            bounds = rules.execution_bounds if key[1:2] == (None,) else rules.node_bounds
            for mark in series.marks if key[0] == "durations" else ():
                mark.bound = min((b for b in bounds if b >= mark.bound), default=inf)
        self.rules = rules

    # What must hold

    def streaks(self) -> dict[str | None, int]:
        """Failures since the last success, of every tally whose verdicts came in time."""
        found = {}
        for node, endings in self.known.items():
            if node in self.unsure:
                continue
            verdicts = [e for e in endings if e[2].at is not None and e[2].verdict in {*FAILED, Status.SUCCESS}]
            verdicts.sort(key=lambda e: (e[2].at, e[0]))  # then as learned
            count, later = 0, None
            for name, run, ending in reversed(verdicts):
                if (name, run) == later:
                    continue
                if ending.verdict not in FAILED:
                    break
                count, later = count + 1, (name, run)
            found[node] = count
        return found

    def open(self) -> dict[str, object]:
        return {n: e.open for n, e in self.executions.items() if e.open is not None and e.missing < HIDDEN_AFTER}

    def room(self) -> int:
        """How many bytes a row may have: so many per series, and per execution, run and ending not let go of."""
        runs = [run for execution in self.executions.values() for run in (execution, *execution.runs.values())]
        return 1_500 + 170 * len(self.series) + 100 * len(runs) + 20 * sum(len(run.endings) for run in runs)

    # How it reads

    def _series(self, key: Key) -> Series:
        return self.series.setdefault(key, Series(self.now + self.rules.first_zero))

    def _known_from_now(self, key: Key, statuses: Iterable[Status]) -> None:
        for status in statuses:
            self._series((*key, status))

    def _count(self, key: Key, value: float = 1, *, past: bool, bound: float = inf) -> None:
        self._series(key).marks.append(Mark(value, past, bound))

    def _counts(self, execution: Execution, *, past: bool) -> bool:
        return (not past or self.rules.history == "count") and not execution.remembered

    def _execution(self, name: str, states: list[Shown], *, first: bool) -> None:
        if name not in self.executions:
            times = (t for s in states for t in (s.record.begin, s.record.end, s.record.updated) if t is not None)
            at = next(times, None)
            remembered = self.forgotten is not None and (at is None or at <= self.forgotten)
            self.executions[name] = Execution(at=at, remembered=remembered)
            self.rejected["forgotten"] += remembered
        execution = self.executions[name]
        back, execution.missing, execution.absent, execution.gone = execution.absent, 0, 0, 0
        # What was read as it stands tells nothing new, unless it was away for long.
        known = execution.read if back < ABSENT_AFTER else frozenset()
        execution.read = frozenset(one.record for one in states)
        for one in states if execution.read != known else ():
            self._state(execution, one, first=first)
        execution.remembered = False

    def _state(self, execution: Execution, one: Shown, *, first: bool) -> None:
        record = one.record
        older = None not in (record.updated, execution.updated) and record.updated < execution.updated
        if older and one.state.ending is None:
            return
        execution.updated = max((t for t in (record.updated, execution.updated) if t is not None), default=None)
        past = False
        if one.state.ending is None:
            if execution.endings:
                execution.resumed = True
                self._reopened(execution, past=first)
            execution.active = True
        else:
            past = self._ending(execution, one, first=first, older=older)
        for node in one.nodes:
            self._known_from_now(("runs", node.record.node), NODE_FINAL)
            if not older or node.final:
                self._node(execution, one, node, past=past, first=first, older=older)
        if not older:
            active = sorted((n.record.node, n.record.status) for n in one.nodes if not n.final)
            status = record.status if one.state.ending is None else None
            execution.open = (status, active) if active or status else None

    def _past(self, run: Run, begin: int | None, end: int | None, *, first: bool, otherwise: bool) -> bool:
        if first:
            return True
        if end is not None:
            return end < self.since
        if (run.active and not run.endings) or run.resumed or (isinstance(run, Execution) and run.active):
            return False
        return otherwise if begin is None else begin < self.since

    def _reopened(self, execution: Execution, *, past: bool) -> None:
        if not execution.reopened:
            execution.reopened = True
            if self._counts(execution, past=past):
                self._count(("reopened",), past=past)

    def _ending(self, execution: Execution, one: Shown, *, first: bool, older: bool) -> bool:
        record, life = one.record, one.life
        past = self._past(execution, record.begin, record.end, first=first, otherwise=False)
        old = execution.settle(record, one.state.ending, endless=life.times == ENDLESS, older=older)
        if old is None:
            if execution.endings:
                self._reopened(execution, past=past)
                how = "seen active" if execution.resumed else "directly"
                self.events[f"ended again {how}, {'with' if record.end else 'without'} an end"] += 1
            elif life.late:
                self.events["late"] += 1
        self._settled(execution, None, execution, one, record=record, old=old, ident=one.state.ending, past=past)
        if not older:
            execution.resumed = False
        return past

    def _settled(
        self,
        execution: Execution,
        node: str | None,
        run: Run,
        one: Shown,
        *,
        record: ExecutionRecord | NodeRecord,
        old: Known | None,
        ident: int,
        past: bool,
    ) -> bool:
        """Count an ending where it is new, fill in what it tells where it is not; says whether it is new."""
        status, name = record.status, one.life.id
        ending = old
        if ending is None:
            counted = self._counts(execution, past=past)
            ending = Known(ident, status, status, record.begin, record.end, counted)
            run.endings.append(ending)
            if counted:
                self._count(("runs", node, status), past=past)
        elif (ending.end is None and record.end is not None) or (ending.begin is None and record.begin is not None):
            self.events["filled in"] += 1
            ending.begin = ending.begin if record.begin is None else record.begin
            ending.end = ending.end if record.end is None else record.end
        elif ending.verdict is Status.UNKNOWN and status is not Status.UNKNOWN:
            self.events["understood"] += 1
            ending.verdict = status
        else:
            return False
        if not execution.remembered:
            self._duration(node, run, ending, past=past)
            self._verdict(node, (name, ident if node and one.life.ids != ANONYMOUS else 0, ending), new=old is None)
        return old is None

    def _duration(self, node: str | None, run: Run, ending: Known, *, past: bool) -> None:
        first = node is not None or ending is run.endings[0]
        if ending.timed or not first or ending.begin is None or ending.end is None:
            return
        ending.timed = True
        if ending.end < ending.begin:
            return
        key, seconds = ("durations", node, ending.status), (ending.end - ending.begin) / 1000
        self._series(key)
        if ending.counted:
            bounds = self.rules.node_bounds if node else self.rules.execution_bounds
            self._count(key, seconds, past=past, bound=min((b for b in bounds if b >= seconds), default=inf))

    def _verdict(self, node: str | None, entry: tuple[str, int, Known], *, new: bool) -> None:
        known, at = self.known.setdefault(node, []), entry[2].at
        if new:
            known.append(entry)
        elif not any(e[2] is entry[2] for e in known):
            self.unsure.add(node)  # it was let go of, and came back: no rule says whether it belongs to a streak
        newer = [e for e in known if at is not None and e[2].at is not None and e[2].at > at]
        if len(newer) >= VERDICTS_KEPT - 1:
            self.unsure.add(node)

    def _node(
        self, execution: Execution, one: Shown, state: NodeState, *, past: bool, first: bool, older: bool
    ) -> None:
        record = state.record
        run = execution.runs.setdefault(state.key, Run())
        if not state.final:
            run.resumed, run.active = run.resumed or bool(run.endings), True
            return
        past = self._past(run, record.begin, record.end, first=first, otherwise=past)
        endless = one.life.times == ENDLESS and record.end is None
        old = run.settle(record, state.key, endless=endless, older=older)
        new = self._settled(execution, record.node, run, one, record=record, old=old, ident=state.key, past=past)
        if not older:
            run.resumed = False
        if new and record.targets is not None and not execution.remembered:
            for outcome in ("success", "fail", "not_performed", "in_execution"):
                amount = getattr(record.targets, outcome) if run.endings[-1].counted else 0
                self._count(("targets", record.node, outcome), amount, past=past)

    def _flaws(self, flaws: Iterable[Flaw], *, empty: bool) -> None:
        now = {flaw.mark: flaw.name for flaw in flaws}
        for mark, name in now.items():
            self.rejected[name] += mark not in self.flaws
        if not empty or now:
            self.flaws = {mark: absent + 1 for mark, absent in self.flaws.items() if absent + 1 < ABSENT_AFTER}
        self.flaws |= dict.fromkeys(now, 0)

    def _absent(self, present: set[str]) -> None:
        for name, execution in list(self.executions.items()):
            if name in present:
                continue
            execution.missing += 1
            if not present:
                continue
            execution.absent, execution.gone = execution.absent + 1, execution.gone or self.now
            final = execution.endings and not execution.resumed
            due = max(execution.gone, execution.at or 0) + self.rules.forget_after
            if final and execution.absent >= ABSENT_AFTER and due <= self.now:
                self.forgotten = max(self.forgotten or 0, execution.at or 0)
                self.events["let go of"] += 1
                del self.executions[name]
