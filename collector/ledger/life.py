"""Reading one execution: its states in the order of its life, and its nodes' in each. Pure."""

from collector.ledger import cursor as memory
from collector.ledger import holds, recent, tally
from collector.ledger.book import OUTCOMES, SUCCESSES_UNTIL_GONE, ActiveRun, Count, Node, Open
from collector.ledger.cursor import Ending, Run, Seen
from collector.ledger.draft import Draft
from collector.ledger.learn import is_defined
from collector.model import Ended, ExecutionRecord, NodeRecord, Status


class Life:
    """One execution on its way into the draft.

    `remembered`: nothing of it is counted, for it may be one that was counted and let go of.
    """

    def __init__(self, draft: Draft, execution: str, seen: Seen, *, remembered: bool) -> None:
        self.draft = draft
        self.execution = execution
        self.seen = seen
        self.remembered = remembered
        self.runs = memory.runs_of(seen)
        self.returned, self.last_end = seen.thin, seen.last_end

    def read(self, records: list[ExecutionRecord]) -> None:
        """Read the execution's records, which stand in the order of its life."""
        stands: ExecutionRecord | None = None
        for record in records:
            ended = memory.ends(record)
            older = self._older(record)
            if older and not ended:
                continue
            self.seen.updated = max((u for u in (record.updated, self.seen.updated) if u is not None), default=None)
            if not older and not self.remembered:
                tally.saw(self.draft.book.executions, self.execution, record, active=not ended)
            past = self._ending(record, latest=not older) if ended else self._sighting()
            active: dict[int, ActiveRun] = {}
            for node in memory.node_states(record):
                if older and not memory.ends(node, execution_ended=ended):
                    continue
                self._node(node, active, execution_ended=ended, latest=not older, past=past)
            if not older:
                stands = record
                self._stands(None if ended else record.status, record.begin, active)
                # Only what shows it at its end shows all node runs that had been dropped.
                self.seen.thin = self.seen.thin and not ended
        memory.with_runs(self.seen, self.runs)
        if stands is not None:
            self.draft.book.recent = recent.keep(self.draft.book.recent, stands)

    def _older(self, record: ExecutionRecord) -> bool:
        known = self.seen.updated
        return record.updated is not None and known is not None and record.updated < known

    def _stands(self, status: Status | None, begin: int | None, nodes: dict[int, ActiveRun]) -> None:
        opened = self.draft.book.open
        if status is None and not nodes:
            opened.pop(self.execution, None)
        else:
            opened[self.execution] = Open(status, begin, tuple(nodes.values()))

    def _sighting(self) -> bool:
        if self.seen.endings:
            self.seen.resumed = True
            self._reopened(past=self.draft.blank)
        self.seen.active = True
        return False

    def _ending(self, record: ExecutionRecord, *, latest: bool) -> bool:
        """Settle one ending of the execution; says whether it belongs to the past."""
        seen, draft = self.seen, self.draft
        past = draft.past(record.begin, record.end, was_active=seen.active, otherwise=False)
        counted = draft.counts(past=past) and not self.remembered
        new = memory.ending(record, seen.base, counted=counted)
        again = bool(seen.endings)
        # What an older record tells of came before the sighting, not after it.
        seen.endings, old, stands = memory.place(seen.endings, new, resumed=seen.resumed and latest)
        seen.resumed = seen.resumed and not latest
        if old == stands or self.remembered:
            return past
        if old is None and again:
            self._reopened(past=past)
        event = self._event(self.execution, record=record, old=old, stands=stands, first=stands is seen.endings[0])
        book = draft.book
        tally.ended(book.executions, event, book.execution_bounds, draft.birth(past=past))
        if event.new:
            self._report(None, event, nth=len(seen.endings), held=book.executions.runs.get(event.status), past=past)
            if event.status is Status.SUCCESS:
                self._lacking({node.node for node in record.nodes})
        return past

    def _reopened(self, *, past: bool) -> None:
        if self.seen.reopened:
            return
        self.seen.reopened = True
        if self.draft.counts(past=past) and not self.remembered:
            how, this = self.draft.birth(past=past), tally.exemplar(self.execution, self.draft.now)
            self.draft.book.reopened = holds.add(self.draft.book.reopened, 1, how, this)

    def _lacking(self, shown: set[str]) -> None:
        """Note which nodes a successful execution did without; three in a row withdraw a node's facts."""
        book = self.draft.book
        for name, node in book.nodes.items():
            node.lacking = 0 if name in shown else min(node.lacking + 1, SUCCESSES_UNTIL_GONE)
            node.gone = node.lacking >= SUCCESSES_UNTIL_GONE and not is_defined(book, name)

    def _node(
        self, record: NodeRecord, active: dict[int, ActiveRun], *, execution_ended: bool, latest: bool, past: bool
    ) -> None:
        """Settle one node record; `active` holds those that have not ended, by their place among the runs."""
        ended = memory.ends(record, execution_ended=execution_ended)
        label, node = self.draft.node(record.node)
        node.gone, node.lacking = False, 0
        known = len(self.runs)
        place, was_active = self._run(record)
        timeless = self.draft.now if place == known else 0
        node.ran_at = max(node.ran_at, record.end or record.begin or timeless)
        run = self.runs[place]
        if latest and not self.remembered:
            name, *before = self._names(record, run)
            tally.saw(node.tally, name, record, active=not ended, before=tuple(before))
        if ended:
            active.pop(place, None)
            self._node_ending(record, node, run, was_active=was_active, latest=latest, past=past)
        else:
            run.resumed = run.resumed or bool(run.endings)
            active[place] = ActiveRun(label, record.status, record.begin)

    def _run(self, record: NodeRecord) -> tuple[int, bool]:
        """The place of the run a record belongs to, and whether it was known as active."""
        names = self.draft.cursor.nodes
        if record.node not in names:
            names.append(record.node)
        node, base = names.index(record.node), self.seen.base
        run = memory.run_of(self.runs, node, record, base)
        was_active = run is not None and (run.resumed or not run.endings)
        if run is None:
            run = Run(node)
            self.runs.append(run)
        if run.run is None:
            run.run = memory.run_digest(record.run)
        begin = memory.seconds(record.begin, base)
        run.begin = run.begin if begin is None else begin
        run.anonymous = run.anonymous or (record.run is None and begin is None)
        return next(i for i, known in enumerate(self.runs) if known is run), was_active

    def _names(self, record: NodeRecord, run: Run) -> tuple[str, ...]:
        """What a run goes by: its id; without one its begin, or nothing. What it may have gone by before follows."""
        begin = None if run.begin is None else str(run.begin + self.seen.base)
        names = (record.run, begin, "" if run.anonymous else None)
        return tuple(f"{self.execution}/{name}" for name in names if name is not None)

    def _node_ending(
        self, record: NodeRecord, node: Node, run: Run, *, was_active: bool, latest: bool, past: bool
    ) -> None:
        draft = self.draft
        remembered = self.remembered or self._was_known(record, seen_active=was_active and latest)
        past = draft.past(record.begin, record.end, was_active=was_active, otherwise=past)
        counted = draft.counts(past=past) and not remembered
        new = memory.ending(record, self.seen.base, counted=counted)
        run.endings, old, stands = memory.place(run.endings, new, resumed=run.resumed and latest)
        run.resumed = run.resumed and not latest
        if old == stands or remembered:
            return
        event = self._event(*self._names(record, run), record=record, old=old, stands=stands, first=True)
        how = draft.birth(past=past)
        tally.ended(node.tally, event, draft.book.node_bounds, how)
        if event.new:
            self._targets(record, node, how, counted=counted, event=event)
            self._report(record, event, nth=len(run.endings), held=node.tally.runs.get(event.status), past=past)

    def _was_known(self, record: NodeRecord, *, seen_active: bool) -> bool:
        """Whether a node run of an execution that has come back had ended when that last did."""
        if not self.returned:
            return False
        if record.end is None:
            return not seen_active
        return self.last_end is None or record.end // 1000 <= self.last_end

    def _targets(self, record: NodeRecord, node: Node, how: holds.Birth, *, counted: bool, event: tally.Event) -> None:
        if record.targets is None:
            return
        for outcome in OUTCOMES:
            amount = getattr(record.targets, outcome) if counted else 0
            exemplar = event.exemplar(amount) if amount else None
            node.targets[outcome] = holds.add(node.targets.get(outcome), amount, how, exemplar)

    def _event(
        self,
        run: str,
        *before: str,
        record: ExecutionRecord | NodeRecord,
        old: Ending | None,
        stands: Ending,
        first: bool,
    ) -> tally.Event:
        known = None if old is None else old.begin if old.end is None else old.end
        return tally.Event(
            execution=self.execution,
            run=run,
            status=stands.status,
            begin=self._ms(record.begin, stands.begin),
            end=self._ms(record.end, stands.end),
            new=old is None,
            counted=stands.counted,
            timed=first and stands.timed and not (old is not None and old.timed),
            learned=self.draft.now,
            was=None if known is None else known + self.seen.base,
            before=before,
        )

    def _ms(self, exact: int | None, known: int | None) -> int | None:
        if exact is not None or known is None:
            return exact
        return (known + self.seen.base) * 1000

    def _report(self, node: NodeRecord | None, event: tally.Event, *, nth: int, held: object, past: bool) -> None:
        if event.counted:
            shown = isinstance(held, Count) and held.shown is None
            self.draft.ended.append(
                Ended(
                    execution=self.execution,
                    node=node.node if node else None,
                    status=event.status,
                    begin=event.begin,
                    end=event.end,
                    held=not shown,
                    first_sight=past,
                    nth=nth,
                    run=node.run if node else None,
                    targets=node.targets if node else None,
                )
            )
