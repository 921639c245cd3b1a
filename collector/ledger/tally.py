"""How one run changes a tally: counts, durations, and the facts about the latest and the last run. Pure."""

from dataclasses import dataclass

from collector.ledger import holds, streak
from collector.ledger.book import Exemplar, Last, Latest, Tally, Verdict
from collector.ledger.holds import Birth
from collector.model import FAILED, ExecutionRecord, NodeRecord, Status

LONGEST_EXEMPLAR = 128 - len("execution_id")
"""OpenMetrics allows an exemplar's labels 128 characters in all."""


def exemplar(execution: str, at: int, value: float = 1.0) -> Exemplar | None:
    """An exemplar, None where the id is too long for one; `at` in ms."""
    return Exemplar(execution, at, value) if len(execution) <= LONGEST_EXEMPLAR else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One ending, and what it means for the tally; times in ms, absent is None.

    `new`: not known before, else its times became better known and `was` is the second (since the epoch) it went
    by until now. `before`: what the run may have gone by until then. `counted`: it is in the totals. `timed`: its
    duration is to be observed now. `learned`: when we came to know of it, by our clock.
    """

    execution: str
    run: str
    status: Status
    begin: int | None
    end: int | None
    new: bool
    counted: bool
    timed: bool
    learned: int
    was: int | None = None
    before: tuple[str, ...] = ()

    @property
    def at(self) -> int | None:
        """When it ended, else when it began."""
        return self.begin if self.end is None else self.end

    @property
    def duration(self) -> float | None:
        """Seconds, only where both times are known and in order."""
        if self.begin is None or self.end is None or self.end < self.begin:
            return None
        return (self.end - self.begin) / 1000

    def exemplar(self, value: float = 1.0) -> Exemplar | None:
        """What leads from a number to this execution; a time to come would outrank all that really comes."""
        return exemplar(self.execution, self.learned if self.at is None else min(self.at, self.learned), value)


def saw(
    tally: Tally, run: str, record: ExecutionRecord | NodeRecord, *, active: bool, before: tuple[str, ...] = ()
) -> None:
    """Note one state of a run: which statuses there are, and how the latest run stands.

    `before`: what the run may have gone by until now.
    """
    if record.status not in tally.seen:
        tally.seen.append(record.status)
    if active and record.status not in tally.seen_active:
        tally.seen_active.append(record.status)
    latest, known = Latest(run, record.status, record.begin, record.end), tally.latest
    if known is not None and known.run in (run, *before):
        # Its place among the runs never sinks: a time that is missing for once would hand it to another.
        tally.latest = Latest(run, record.status, _later(record.begin, known.begin), _later(record.end, known.end))
    elif known is None or _rank(latest) > _rank(known):
        tally.latest = latest


def _later(one: int | None, other: int | None) -> int | None:
    return max((t for t in (one, other) if t is not None), default=None)


def _rank(latest: Latest) -> tuple[int, int, str]:
    return (
        -1 if latest.begin is None else latest.begin,
        -1 if latest.end is None else latest.end,
        latest.run,
    )


def ended(tally: Tally, event: Event, bounds: tuple[float, ...], how: Birth) -> None:
    """Count one ending and let it change the facts about what ended last."""
    if event.new and event.counted:
        tally.runs[event.status] = holds.add(tally.runs.get(event.status), 1, how, event.exemplar())
    if event.timed and event.duration is not None:
        known = tally.durations.get(event.status)
        if event.counted:
            exemplar = event.exemplar(event.duration)
            tally.durations[event.status] = holds.observe(known, bounds, event.duration, how, exemplar)
        elif known is None:
            tally.durations[event.status] = holds.born(bounds, how)
    _remembered(tally, event)


def _remembered(tally: Tally, event: Event) -> None:
    if event.end is not None:
        tally.ends[event.status] = max(event.end, tally.ends.get(event.status, 0))
    if event.at is None:
        return
    last = Last(event.run, event.at, event.duration)
    if tally.last is None or (last.at, last.run) >= (tally.last.at, tally.last.run):
        tally.last = last
    if event.status in FAILED or event.status is Status.SUCCESS:
        verdict = Verdict(event.at, event.run, event.status in FAILED)
        tally.streak = streak.extend(tally.streak, verdict, was=event.was, before=event.before)
