"""The page: every workflow's lines as bytes, rendered when its ledger is committed, gathered when somebody scrapes.

What is shown of a workflow is one committed ledger. Restored totals are shown until a scrape has carried them (or until
`first_zero` has passed), so that what happened while nobody watched is seen as an increase. Meanwhile only the facts
about now come from the newer, pending ledger: the restored ones may be days old.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from operator import itemgetter

from collector.exposition.catalog import CATALOG
from collector.exposition.family import WORKFLOW, Family
from collector.exposition.looks import LOOKS, Looks
from collector.exposition.own import Own
from collector.exposition.read import View
from collector.exposition.render import NOTHING, Lines, Pen, Pieces, header, label
from collector.ledger import Ledger
from collector.model import Format, Key, Workflow

INTERVALS_UNTIL_STALE = 3
END = b"# EOF\n"


@dataclass(slots=True)
class _Shown:
    """One workflow on the page.

    `blocks`: its lines, one entry per family. `now`: its lines of the families about now, also while they are withheld.
    `edition`: which of all calls of `watch` it came with. `pending`: committed, waiting until the page was carried, at
    most `until` (ms, begin and end). `rendered`: its samples, of which `samples` are exposed and `lasting` are never
    withheld. `dropped`: how many the cap withheld at most.
    """

    workflow: Workflow
    looks: Looks
    edition: int
    blocks: list[Pieces]
    own: str = ""
    now: tuple[Lines, ...] = ()
    stale: bool = True
    admitted: bool = False
    capped: bool = False
    samples: int = 0
    rendered: int = 0
    lasting: int = 0
    dropped: int = 0
    pending: Ledger | None = None
    until: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page, whatever happens after it was made; iterating gives its pieces, in any thread and as often as needed.

    `rows`: every workflow's blocks. `own`: what comes after all families. `step`: 2 leaves the exemplars out.
    """

    heads: list[bytes]
    rows: list[tuple[Pieces, ...]]
    own: tuple[bytes, ...]
    step: int

    def __iter__(self) -> Iterator[bytes]:
        return chain.from_iterable(self._parts())

    def _parts(self) -> Iterator[Iterable[bytes]]:
        for index, head in enumerate(self.heads):
            if any(map(itemgetter(index), self.rows)):
                yield (head,)
                yield islice(chain.from_iterable(map(itemgetter(index), self.rows)), 0, None, self.step)
        yield self.own


class Exposition:
    """Everything that `/metrics` shows. Durations in seconds, moments (`now`, `at`) in ms.

    `samples`: domain samples exposed now. `edition`: a token for the page as it is now, to be handed back to `scraped`.
    """

    def __init__(
        self, *, stale_after: float, first_zero: float, disable: frozenset[str], max_series: int, own: Own
    ) -> None:
        self._own = own
        self._shown: dict[Key, _Shown] = {}
        self._waiting: dict[Key, _Shown] = {}
        self._rendered = 0
        self.samples = 0
        self.edition = 0
        self._families: tuple[Family[View], ...] = ()
        self._looks: tuple[Family[Looks], ...] = ()
        self.configure(stale_after=stale_after, first_zero=first_zero, disable=disable, max_series=max_series)

    def configure(self, *, stale_after: float, first_zero: float, disable: frozenset[str], max_series: int) -> None:
        """Go by other settings; a family that is exposed anew comes with a workflow's next publication."""
        self._stale_after = stale_after
        self._first_zero = round(first_zero * 1000)
        self._disable = disable
        self._max_series = max_series
        before = self._names
        self._families = tuple(family for family in CATALOG if family.name not in disable)
        self._now = tuple(index for index, family in enumerate(self._families) if family.now)
        self._looks = tuple(family for family in LOOKS if family.name not in disable)
        rows = [(row.name, row.type, row.help) for row in self._families]
        rows += [(row.name, row.type, row.help) for row in self._looks]
        self._headers = {form: [header(*row, form) for row in rows] for form in Format}
        for shown in self._shown.values():
            blocks = dict(zip(before, shown.blocks, strict=True))
            shown.blocks = [blocks.get(name, ()) for name in self._names]
            shown.now = tuple((blocks.get(self._names[index], ()), 0) for index in self._now)

    @property
    def _names(self) -> list[str]:
        return [*(family.name for family in self._families), *(family.name for family in self._looks)]

    def watch(self, workflow: Workflow, ledger: Ledger | None, *, restored: bool) -> None:
        """Begin to show a workflow; `restored`: its totals come from existing state.

        A workflow that is shown already takes over what the file newly says of it.
        """
        ledger, known = ledger or Ledger(), self._shown.get(workflow.key)
        if known is not None:
            known.workflow, known.looks.interval = workflow, workflow.interval
            self.publish(workflow.key, ledger)
            self._write_looks(known)
            return
        self.edition += 1
        blocks: list[Pieces] = [()] * (len(self._families) + len(self._looks))
        shown = _Shown(workflow, Looks(workflow.interval), self.edition, blocks)
        self._shown[workflow.key] = shown
        if restored and ledger.since is not None:
            self._waiting[workflow.key] = shown
        self._write(shown, ledger)

    def started(self, at: int) -> None:
        """All workflows are there: restored totals are shown alone until a scrape, at most for `first_zero`."""
        for shown in self._waiting.values():
            shown.until = at, at + self._first_zero

    def publish(self, key: Key, ledger: Ledger) -> None:
        """Show a committed ledger; only this workflow's lines are rendered."""
        shown = self._shown.get(key)
        if shown is None:
            return
        if key in self._waiting:
            shown.pending = ledger
            self._write_now(shown, ledger)
        else:
            self._write(shown, ledger)

    def polled(self, key: Key, *, ok: bool, at: int, reason: str | None) -> None:
        """Show how a look went. A good one makes facts about now visible again."""
        shown = self._shown.get(key)
        if shown is None:
            return
        shown.looks.polled(ok=ok, at=at, reason=reason)
        self._write_looks(shown)
        if ok and shown.stale:
            shown.stale = False
            self._place_now(shown)

    def tick(self, now: int) -> None:
        """Withhold facts about now that nobody confirmed for too long, and end the time of restored totals."""
        for key, shown in list(self._waiting.items()):
            if shown.until is None:
                shown.until = now, now + self._first_zero
            # A clock that was set back must not prolong it.
            if not shown.until[0] <= now < shown.until[1]:
                self._settle(key)
        for shown in self._shown.values():
            limit = max(self._stale_after, INTERVALS_UNTIL_STALE * shown.workflow.interval) * 1000
            if not shown.stale and now - (shown.looks.succeeded or 0) > limit:
                shown.stale = True
                self._place_now(shown)

    def scraped(self, carried: object) -> None:
        """A scrape has carried the page: what was found since then is shown from now on.

        `carried` is the `edition` when its page was made; anything else stands for the page as it is now.
        """
        edition = carried if isinstance(carried, int) else self.edition
        for key in [key for key, shown in self._waiting.items() if shown.edition <= edition]:
            self._settle(key)

    @property
    def waits(self) -> bool:
        """Whether restored totals still wait for a scrape."""
        return bool(self._waiting)

    def forget(self, key: Key) -> None:
        """Show a workflow no more."""
        shown = self._shown.pop(key, None)
        self._waiting.pop(key, None)
        if shown is not None:
            self.samples -= shown.samples
            self._rendered -= shown.rendered

    def page(self, form: Format = Format.TEXT) -> bytes:
        """The page: families in the catalog's order, then our own metrics."""
        return b"".join(self.pieces(form))

    def pieces(self, form: Format = Format.TEXT) -> "Page":
        """The page as it is now, in pieces that only have to be put together: that can be done bit by bit."""
        rows = [tuple(shown.blocks) for shown in self._shown.values()]
        own = self._own.page(self.samples, self._disable, form)
        if form is Format.OPENMETRICS:
            return Page(self._headers[form], rows, (own, END), 1)
        return Page(self._headers[form], rows, (own,), 2)

    def _settle(self, key: Key) -> None:
        shown = self._waiting.pop(key)
        if shown.pending is not None:
            self._write(shown, shown.pending)
            shown.pending = None

    def _write(self, shown: _Shown, ledger: Ledger) -> None:
        view = View(shown.workflow, ledger)
        shown.own = _own_labels(view)
        pen, watching = Pen(shown.own), ledger.since is not None
        written = [
            pen.lines(row.name, row.labels, row.read(view)) if watching or row.bare else NOTHING
            for row in self._families
        ]
        self._cap(shown, written, watching=watching)
        shown.blocks[: len(written)] = [lines for lines, _ in written]
        shown.now = tuple(written[index] for index in self._now)
        shown.lasting = sum(count for _, count in written) - sum(count for _, count in shown.now)
        self._place_now(shown)
        self._write_looks(shown)

    def _cap(self, shown: _Shown, written: list[Lines], *, watching: bool) -> None:
        """Withhold what does not fit; a workflow that once fitted is never cut, whatever it grows to."""
        full = sum(count for _, count in written)
        shown.capped = not shown.admitted and self._rendered - shown.rendered + full > self._max_series
        shown.admitted = shown.admitted or (watching and not shown.capped)
        if not shown.capped:
            return
        for index, row in enumerate(self._families):
            if not row.essential:
                written[index] = NOTHING
        withheld = full - sum(count for _, count in written)
        if withheld > shown.dropped:
            self._own.dropped(shown.workflow.key.project, withheld - shown.dropped)
            shown.dropped = withheld

    def _write_now(self, shown: _Shown, ledger: Ledger) -> None:
        if shown.capped:
            return
        view, pen = View(shown.workflow, ledger), Pen(shown.own)
        rows = (self._families[index] for index in self._now)
        shown.now = tuple(pen.lines(row.name, row.labels, row.read(view)) for row in rows)
        self._place_now(shown)

    def _place_now(self, shown: _Shown) -> None:
        for index, (lines, _) in zip(self._now, shown.now, strict=True):
            shown.blocks[index] = () if shown.stale else lines
        now = sum(count for _, count in shown.now)
        rendered, samples = shown.lasting + now, shown.lasting + (0 if shown.stale else now)
        self._rendered += rendered - shown.rendered
        self.samples += samples - shown.samples
        shown.rendered, shown.samples = rendered, samples

    def _write_looks(self, shown: _Shown) -> None:
        pen, first = Pen(shown.own), len(self._families)
        for index, row in enumerate(self._looks, first):
            withheld = shown.capped and not row.essential
            shown.blocks[index] = () if withheld else pen.lines(row.name, row.labels, row.read(shown.looks))[0]


def _own_labels(view: View) -> str:
    values = (view.workflow.key.project, view.workflow.key.workflow_id, view.label)
    return ",".join(map(label, WORKFLOW, values))
