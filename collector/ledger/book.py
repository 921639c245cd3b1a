"""The ledger: everything remembered of one workflow, one row of the store. Pure.

Counters are plain numbers with a hold: a series born while the collector watches is shown at its starting value until
its release (`shown`, `until`), whatever has been added meanwhile. A room that mutates a ledger works on a `clone()`.
"""

import msgspec

from collector.model import FINAL, NODE_FINAL, Status

FORMAT = 1
OTHER_NODE = "__other__"
ANSWERS_UNTIL_HIDDEN = 3
SUCCESSES_UNTIL_GONE = 3
OUTCOMES = ("success", "fail", "not_performed", "in_execution")


class Exemplar(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The execution behind the newest thing counted: when that was (ms), and what it added (seconds in histograms)."""

    execution: str
    at: int
    value: float = 1.0


class Count(msgspec.Struct, frozen=True, array_like=True):
    """A counter: `total` is the truth, `shown` what is published instead until `until` (ms).

    `exemplar` belongs to `total`, so nobody sees it while something else is shown.
    """

    total: int = 0
    shown: int | None = None
    until: int = 0
    exemplar: Exemplar | None = None

    @property
    def published(self) -> int:
        """What a scrape shows."""
        return self.total if self.shown is None else self.shown


class Histogram(msgspec.Struct, frozen=True, array_like=True):
    """Observations per bucket (not cumulative, the last is +Inf) and their sum in seconds.

    While held, `shown_counts` and `shown_sum` are published instead, and `exemplar` is not seen.
    """

    counts: tuple[int, ...]
    sum: float = 0.0
    shown_counts: tuple[int, ...] | None = None
    shown_sum: float = 0.0
    until: int = 0
    exemplar: Exemplar | None = None

    @property
    def published(self) -> tuple[tuple[int, ...], float]:
        """The bucket counts and the sum that a scrape shows."""
        return (self.counts, self.sum) if self.shown_counts is None else (self.shown_counts, self.shown_sum)


class Latest(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The run with the greatest begin: its present status."""

    run: str
    status: Status
    begin: int | None
    end: int | None


class Last(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The run that ended last; `duration` in seconds where both its times are known."""

    run: str
    at: int
    duration: float | None


class Verdict(msgspec.Struct, frozen=True, array_like=True, gc=False, order=True):
    """One ending that a streak depends on, ordered by its time, then its run."""

    at: int
    run: str
    failed: bool


class Streak(msgspec.Struct, frozen=True, array_like=True):
    """Failures since the last success: the recent verdicts in order, and how many failures came just before them."""

    before: int = 0
    verdicts: tuple[Verdict, ...] = ()


class Tally(msgspec.Struct, omit_defaults=True):
    """What a workflow's executions, or one node's runs, add up to."""

    runs: dict[Status, Count] = {}
    durations: dict[Status, Histogram] = {}
    seen: list[Status] = []
    seen_active: list[Status] = []
    latest: Latest | None = None
    last: Last | None = None
    ends: dict[Status, int] = {}
    streak: Streak = Streak()

    def clone(self) -> "Tally":
        """A copy whose parts can be changed."""
        return msgspec.structs.replace(
            self,
            runs=dict(self.runs),
            durations=dict(self.durations),
            seen=list(self.seen),
            seen_active=list(self.seen_active),
            ends=dict(self.ends),
        )


class Node(msgspec.Struct, omit_defaults=True):
    """One node of the workflow.

    `lacking`: successful executions in a row without it; `gone`: its facts are withdrawn; `ran_at`: its last run (ms).
    """

    tally: Tally = msgspec.field(default_factory=Tally)
    targets: dict[str, Count] = {}
    name: str | None = None
    lacking: int = 0
    gone: bool = False
    ran_at: int = 0

    def clone(self) -> "Node":
        """A copy whose parts can be changed."""
        return msgspec.structs.replace(self, tally=self.tally.clone(), targets=dict(self.targets))


class ActiveRun(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A node run that has not ended."""

    node: str
    status: Status
    begin: int | None


class Open(msgspec.Struct, frozen=True, array_like=True):
    """An execution in which something still runs. `status` is None where the execution itself has ended.

    `missing`: good answers in a row without it; from three on it is not shown.
    """

    status: Status | None
    begin: int | None
    nodes: tuple[ActiveRun, ...] = ()
    missing: int = 0

    @property
    def shown(self) -> bool:
        """Whether the gauges of what is active count it."""
        return self.missing < ANSWERS_UNTIL_HIDDEN


class Ledger(msgspec.Struct, omit_defaults=True):
    """All that is remembered of one workflow.

    `since`: when watching began (ms, the service's clock), None before the first good answer. `label`: the `workflow`
    label its series were last published under. `lacked`: the last good pass over the list that did not have it (ms); by
    that watching had begun. `name`: the name last learned from the workflow list. `forgotten`: the
    time of the newest execution let go of. `review_at`: when absence or age may change something though the answer
    does not (ms, 0: at once). `cursor`: the packed memory of every execution's endings (`ledger/cursor.py`). `flaws`:
    marks of the flaws in the history, and the answers in a row that lacked each. `recent`: the last executions, packed
    (`ledger/recent.py`).
    """

    project_id: str = ""
    label: str = ""
    name: str = ""
    type: str = ""
    since: int | None = None
    answer: bytes = b""
    empty: bool = True
    executions: Tally = msgspec.field(default_factory=Tally)
    nodes: dict[str, Node] = {}
    reopened: Count = Count()
    gaps: Count = Count()
    open: dict[str, Open] = {}
    cursor: bytes = b""
    forgotten: int | None = None
    review_at: int | None = None
    definition: dict[str, str] | None = None
    execution_bounds: tuple[float, ...] = ()
    node_bounds: tuple[float, ...] = ()
    flaws: dict[int, int] = {}
    rejected: dict[str, int] = {}
    invalid: dict[str, int] = {}
    lacked: int | None = None
    recent: dict[str, bytes] = {}

    def clone(self) -> "Ledger":
        """A copy whose parts can be changed without touching this one."""
        return msgspec.structs.replace(
            self,
            executions=self.executions.clone(),
            nodes={node: book.clone() for node, book in self.nodes.items()},
            open=dict(self.open),
            flaws=dict(self.flaws),
            rejected=dict(self.rejected),
            invalid=dict(self.invalid),
        )


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Ledger)


def pack(ledger: Ledger) -> bytes:
    """The ledger as MessagePack."""
    return _encoder.encode(ledger)


def unpack(row: bytes) -> Ledger:
    """The ledger in a row; raises `msgspec.DecodeError` (or its `ValidationError`) where the row is damaged."""
    return _decoder.decode(row)


def zeros(*, node: bool, until: int) -> dict[Status, Count]:
    """The counters of a workflow or node that just became known: every final status at 0, held."""
    return dict.fromkeys(NODE_FINAL if node else FINAL, Count(0, 0, until))
