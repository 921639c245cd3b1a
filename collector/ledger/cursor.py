"""The cursor: which endings of which executions and node runs are known, so that each counts once. Pure.

Rules of this file: two endings are the same where status, begin and end agree; an absent time agrees with any and is
filled in when known; times agree to the second; `unknown` agrees with any word. All times here are whole seconds
relative to the execution's `base`, which keeps a row small.
"""

import msgspec
import xxhash

from collector.model import FINAL, ExecutionRecord, NodeRecord, Status

# The place of a status in this tuple is its code in stored rows: append only.
_CODES = tuple(Status)
_CODE = {status: code for code, status in enumerate(_CODES)}


class Ending(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One known ending. `counted`: it is in the totals, not merely remembered."""

    begin: int | None
    code: int
    end: int | None
    counted: bool = True

    @property
    def status(self) -> Status:
        """The status word behind the code."""
        return _CODES[self.code]

    @property
    def timed(self) -> bool:
        """Whether both its times are known."""
        return self.begin is not None and self.end is not None


class Run(msgspec.Struct, array_like=True):
    """One node run: `node` is its place in `Cursor.nodes`, `run` a digest of its id.

    `anonymous`: a record without id and begin belonged to it. `resumed`: seen active after an ending.
    """

    node: int
    run: int | None = None
    begin: int | None = None
    anonymous: bool = False
    resumed: bool = False
    endings: tuple[Ending, ...] = ()


class Seen(msgspec.Struct, array_like=True):
    """One execution. `mark`: digest of its records as last read. `updated`: the latest last_update_time read (ms).

    `at`: begin, else end, else last update (ms). `active`: seen active. `resumed`: seen active after its last ending.
    `absent`: good non-empty answers in a row without it, at most 5; `gone`: when the first of them came (ms).
    `thin`: its node runs were dropped.
    """

    mark: int = 0
    base: int = 0
    updated: int | None = None
    at: int | None = None
    active: bool = False
    resumed: bool = False
    reopened: bool = False
    absent: int = 0
    gone: int = 0
    endings: tuple[Ending, ...] = ()
    runs: msgspec.Raw = msgspec.Raw(b"\x90")
    thin: bool = False

    @property
    def last_end(self) -> int | None:
        """When it last ended (seconds since the epoch), None where an ending has no end."""
        ends = [ending.end for ending in self.endings]
        return None if None in ends else max((end for end in ends if end is not None), default=0) + self.base


class Cursor(msgspec.Struct, array_like=True):
    """Every execution known, by the digest of its id."""

    nodes: list[str] = []
    seen: dict[int, Seen] = {}


_encode = msgspec.msgpack.Encoder().encode
_decode_cursor = msgspec.msgpack.Decoder(Cursor).decode
_decode_runs = msgspec.msgpack.Decoder(list[Run]).decode


def unpack(packed: bytes) -> Cursor:
    """The cursor in a ledger's bytes."""
    return _decode_cursor(packed) if packed else Cursor()


def pack(cursor: Cursor) -> bytes:
    """The cursor as a ledger keeps it."""
    return _encode(cursor)


def runs_of(seen: Seen) -> list[Run]:
    """The node runs of one execution, which stay packed until they are needed."""
    return _decode_runs(seen.runs)


def with_runs(seen: Seen, runs: list[Run]) -> None:
    """Put the node runs back."""
    seen.runs = msgspec.Raw(_encode(runs))


def slim(seen: Seen) -> None:
    """Drop the node runs of an execution that is over and gone; should it return, its last end says which are known."""
    runs, last = runs_of(seen), seen.last_end
    if last is None or not seen.endings or seen.resumed or any(run.resumed or not run.endings for run in runs):
        return
    # Its last end does not stand for these.
    kept = [run for run in runs if any(e.end is None or e.end + seen.base > last for e in run.endings)]
    with_runs(seen, kept)
    seen.thin, seen.mark = True, 0


def execution_digest(execution: str) -> int:
    """63 bits, so that it is a number in every store."""
    return xxhash.xxh3_64_intdigest(execution.encode()) >> 1


def run_digest(run: str | None) -> int | None:
    """32 bits are enough inside one node of one execution."""
    return None if run is None else xxhash.xxh3_64_intdigest(run.encode()) >> 32


def seconds(ms: int | None, base: int) -> int | None:
    """A time of the service relative to `base`, in the whole seconds in which times agree."""
    return None if ms is None else ms // 1000 - base


def ends(record: ExecutionRecord | NodeRecord, *, execution_ended: bool = True) -> bool:
    """Whether this state is final: an unknown word only with an end, `not_performed` only in an ended execution."""
    if record.status is Status.UNKNOWN:
        return record.end is not None
    return record.status in FINAL or (record.status is Status.NOT_PERFORMED and execution_ended)


def states(records: list[ExecutionRecord]) -> list[ExecutionRecord]:
    """Several records of one execution in the order of its life, each once; the last is its present state."""
    return sorted(set(records), key=_place_of_execution) if len(records) > 1 else records


def _place_of_execution(record: ExecutionRecord) -> tuple[object, ...]:
    return (
        -1 if record.updated is None else record.updated,
        -1 if record.begin is None else record.begin,
        -1 if record.end is None else record.end,
        ends(record),
        record.status,
        _encode(record),
    )


def node_states(record: ExecutionRecord) -> list[NodeRecord]:
    """The node records of one execution record, each node run's in the order of its life."""
    ended = ends(record)
    if len(record.nodes) < 2:  # noqa: PLR2004  nothing to order
        return list(record.nodes)
    return sorted(
        set(record.nodes),
        key=lambda node: (
            node.node,
            -1 if node.begin is None else node.begin,
            -1 if node.end is None else node.end,
            ends(node, execution_ended=ended),
            node.status,
            _encode(node),
        ),
    )


def mark_of(records: list[ExecutionRecord]) -> int:
    """A digest of all that was read of one execution, for telling that nothing about it changed."""
    return xxhash.xxh3_64_intdigest(_encode(records)) >> 1


def _agree(one: int | None, other: int | None) -> bool:
    return one is None or other is None or one == other


def _same(old: Ending, new: Ending) -> bool:
    word = old.code == new.code or Status.UNKNOWN in (old.status, new.status)
    return word and _agree(old.begin, new.begin) and _agree(old.end, new.end)


def place(
    endings: tuple[Ending, ...], new: Ending, *, resumed: bool
) -> tuple[tuple[Ending, ...], Ending | None, Ending]:
    """Put an ending among those known.

    Returns the endings then, the one it was equal to (None where it is new), and what stands there now. Where none of
    them has an end, only an active sighting in between tells a second ending from the first.
    """
    timeless = new.end is None and all(known.end is None for known in endings)
    equal = [] if timeless and resumed else [known for known in endings if _same(known, new)]
    if not equal:
        return (*endings, new), None, new
    old = max(equal, key=lambda known: (known.end == new.end) + (known.begin == new.begin))
    merged = Ending(
        new.begin if old.begin is None else old.begin,
        new.code if old.status is Status.UNKNOWN else old.code,
        new.end if old.end is None else old.end,
        old.counted,
    )
    return tuple(merged if known is old else known for known in endings), old, merged


def ending(record: ExecutionRecord | NodeRecord, base: int, *, counted: bool) -> Ending:
    """The ending that a final record tells of."""
    return Ending(seconds(record.begin, base), _CODE[record.status], seconds(record.end, base), counted)


def run_of(runs: list[Run], node: int, record: NodeRecord, base: int) -> Run | None:
    """The known run that a node record belongs to, never by its place in a list."""
    digest, begin = run_digest(record.run), seconds(record.begin, base)
    of_node = [run for run in runs if run.node == node]
    nameless = [run for run in of_node if run.run is None]
    if digest is not None:
        for run in of_node:
            if run.run == digest:
                return run
        found = _with_begin(nameless, begin)
    elif begin is not None:
        found = _with_begin(of_node, begin)
    else:
        found = next((run for run in of_node if run.anonymous), None)
    if found is None:
        # Whoever has no begin yet takes the nameless run's, and the other way round.
        unsure = [run for run in nameless if begin is None or not _begins(run)]
        found = unsure[0] if len(unsure) == 1 else None
    return found


def _begins(run: Run) -> set[int]:
    known = {ending.begin for ending in run.endings if ending.begin is not None}
    return known if run.begin is None else known | {run.begin}


def _with_begin(runs: list[Run], begin: int | None) -> Run | None:
    return None if begin is None else next((run for run in runs if begin in _begins(run)), None)
