"""The page: every workflow's lines as bytes, rendered when its ledger is committed, joined when somebody scrapes.

What is shown of a workflow is always one committed ledger. Restored totals are shown until a scrape has carried them
(or until `first_zero` has passed), so that what happened while nobody watched is seen as an increase.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from collector.exposition import looks
from collector.exposition.catalog import CATALOG, LABELS, Family
from collector.exposition.looks import Looks
from collector.exposition.own import Own
from collector.exposition.read import View
from collector.exposition.render import header, label, lines
from collector.ledger import Ledger
from collector.model import Key, Workflow


@dataclass(slots=True)
class _Shown:
    """One workflow on the page. `pending`: committed, and waiting until a scrape has carried the restored totals."""

    workflow: Workflow
    looks: Looks
    restored: bool
    written: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    pending: Ledger | None = None
    stale: bool = True
    capped: bool = False


class Exposition:
    """Everything that `/metrics` shows. Times in seconds; `now` and `at` in ms."""

    def __init__(
        self, *, stale_after: float, first_zero: float, disable: frozenset[str], max_series: int, own: Own
    ) -> None:
        self._stale_after = stale_after
        self._first_zero = first_zero
        self._max_series = max_series
        self._own = own
        self._families = [family for family in CATALOG if family.name not in disable]
        self._headers = {family.name: header(family.name, family.type, family.help) for family in CATALOG}
        self._look_families = [name for name in looks.HEADERS if name not in disable]
        self._shown: dict[Key, _Shown] = {}
        self._lines: dict[str, dict[Key, bytes]] = defaultdict(dict)
        self._settling = True
        self._settles_at: int | None = None
        self.samples = 0

    def watch(self, workflow: Workflow, ledger: Ledger, *, restored: bool) -> None:
        """Begin to show a workflow; `restored`: its totals come from existing state."""
        own = _own_labels(View(workflow, ledger))
        self._shown[workflow.key] = _Shown(workflow, Looks(workflow, own), restored)
        self._write(workflow.key, ledger)
        self._write_looks(workflow.key)

    def started(self, at: int) -> None:
        """All workflows are there: restored totals are shown alone until a scrape, at most for `first_zero`."""
        self._settles_at = at + round(self._first_zero * 1000)

    def publish(self, key: Key, ledger: Ledger) -> None:
        """Show a committed ledger; only this workflow's lines are rendered."""
        shown = self._shown.get(key)
        if shown is None:
            return
        if shown.restored and self._settling:
            shown.pending = ledger
        else:
            self._write(key, ledger)

    def polled(self, key: Key, *, ok: bool, at: int, reason: str | None) -> None:
        """Show how a look went. A good one makes facts about now visible again."""
        shown = self._shown.get(key)
        if shown is None:
            return
        shown.looks.polled(ok=ok, at=at, reason=reason)
        self._write_looks(key)
        if ok and shown.stale:
            self._freshen(key, stale=False)

    def tick(self, now: int) -> None:
        """Withhold facts about now that nobody confirmed for too long, and end the time of restored totals."""
        if self._settling and self._settles_at is not None and now >= self._settles_at:
            self.scraped(None)
        for key, shown in self._shown.items():
            limit = max(self._stale_after, 3 * shown.workflow.interval) * 1000
            if not shown.stale and now - (shown.looks.succeeded or 0) > limit:
                self._freshen(key, stale=True)

    def scraped(self, _carried: object) -> None:
        """A scrape has carried the page: what was found since the start is shown from now on."""
        if not self._settling or self._settles_at is None:
            return
        self._settling = False
        for key, shown in self._shown.items():
            if shown.pending is not None:
                self._write(key, shown.pending)
                shown.pending = None

    def forget(self, key: Key) -> None:
        """Show a workflow no more."""
        shown = self._shown.pop(key, None)
        if shown is not None:
            self.samples -= sum(count for _, count in shown.written.values())
            for written in self._lines.values():
                written.pop(key, None)

    def page(self) -> bytes:
        """The page in the text format 0.0.4: families in the catalog's order."""
        parts = []
        for name in (*(family.name for family in self._families), *self._look_families):
            written = self._lines.get(name)
            if written:
                parts.append(self._headers.get(name) or looks.HEADERS[name])
                parts += written.values()
        parts.append(self._own.page(self.samples))
        return b"".join(parts)

    def _write(self, key: Key, ledger: Ledger) -> None:
        shown = self._shown[key]
        view = View(shown.workflow, ledger)
        own = _own_labels(view)
        shown.looks.rename(own)
        before = sum(count for _, count in shown.written.values())
        written = {f.name: lines(f.name, f.labels, own, f.read(view)) for f in self._families}
        after = sum(count for _, count in written.values())
        if (shown.capped or not before) and self.samples - before + after > self._max_series:
            if not shown.capped:
                self._own.dropped(key.project, after)
            shown.capped = True
            written = {f.name: written[f.name] for f in self._families if f.bare}
            after = sum(count for _, count in written.values())
        else:
            shown.capped = False
        self.samples += after - before
        shown.written = written
        for family in self._families:
            self._place(key, family, shown)

    def _freshen(self, key: Key, *, stale: bool) -> None:
        shown = self._shown[key]
        shown.stale = stale
        for family in self._families:
            if family.now:
                self._place(key, family, shown)

    def _place(self, key: Key, family: Family, shown: _Shown) -> None:
        written, _ = shown.written.get(family.name, (b"", 0))
        self._put(family.name, key, b"" if family.now and shown.stale else written)

    def _write_looks(self, key: Key) -> None:
        written = self._shown[key].looks.lines()
        for name in self._look_families:
            self._put(name, key, written.get(name, b""))

    def _put(self, name: str, key: Key, written: bytes) -> None:
        if written:
            self._lines[name][key] = written
        else:
            self._lines[name].pop(key, None)


def _own_labels(view: View) -> str:
    values = (view.workflow.key.project, view.workflow.key.workflow_id, view.label)
    return ",".join(map(label, LABELS, values))
