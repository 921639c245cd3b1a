"""The truth that the model-based test unfolds: executions as they live, and how a service may show them.

An execution's life is a list of states, each as the service would have written it down at that moment; a `Shown` is
one of them as one answer holds it. What a state is about (`ending`, `key`) is known here and nowhere in the answer.
"""

from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from collector.model import ExecutionRecord, NodeRecord, Status, Targets

FULL, ENDLESS, FILLS = "full", "endless", "fills"
NAMED, NAMED_LATER, NAMELESS, ANONYMOUS = "named", "named later", "nameless", "anonymous"
WORDS = (
    Status.FAIL,
    Status.SUCCESS,
    Status.FAIL,
    Status.TIMEOUT,
    Status.CANCEL,
    Status.APPROVAL_FAILED,
    Status.UNKNOWN,
    Status.FAIL,
)
ACTIVE = (Status.EXECUTING, Status.WAIT_APPROVAL, Status.UNKNOWN, Status.EXECUTING, Status.PAUSING)
MOST_ENDINGS = 4
Record = TypeVar("Record", NodeRecord, ExecutionRecord)


@dataclass(frozen=True, slots=True)
class NodeState:
    """One node run in one state of its execution; `key` is its true identity, `final` whether it is over."""

    key: int
    record: NodeRecord
    final: bool


@dataclass(frozen=True, slots=True)
class State:
    """One state of an execution; `ending` is the ordinal of the ending it shows, None while it is active."""

    place: int
    ending: int | None
    record: ExecutionRecord
    nodes: tuple[NodeState, ...]


@dataclass(slots=True)
class Life:
    """One execution. `times`, `ids`: how much the service tells of it; `late`: it is shown only once it has ended."""

    id: str
    begin: int
    times: str
    ids: str
    updates: bool
    late: bool
    states: list[State] = field(default_factory=list)
    endings: list[Status] = field(default_factory=list)
    runs: list[NodeState] = field(default_factory=list)
    word: Status = Status.EXECUTING
    end: int | None = None
    filled: bool = False
    understood: bool = False

    @property
    def over(self) -> bool:
        return self.end is not None

    def goes_on(self, clock: int, choice: int) -> None:
        """The next thing that happens to it, at `clock` (ms)."""
        running = bool(self.runs) and not self.runs[-1].final
        if self.over:
            self._after_the_end(clock, choice, running=running)
        elif running and choice % 5:
            self._node_ends(clock, choice // 5)
        elif not running and (not self.runs or choice % 3 == 0):
            self._node_begins(clock, choice // 3)
        elif choice % 7 == 6:
            self.word = ACTIVE[choice // 7 % len(ACTIVE)]
        else:
            self._ends(clock, Status.CANCEL if running else WORDS[choice // 3 % len(WORDS)])
        self._write(clock)

    def _after_the_end(self, clock: int, choice: int, *, running: bool) -> None:
        if self.times is FILLS and not self.filled and choice % 2:
            self.filled = True
        elif running:
            self._node_ends(clock, 4)
        elif self.endings[-1] is Status.FAIL and len(self.endings) < MOST_ENDINGS:
            self.end, self.word, self.filled = None, ACTIVE[choice % len(ACTIVE)], False
            if choice % 3:
                self._node_begins(clock, choice // 3)

    def _ends(self, clock: int, word: Status) -> None:
        if word is Status.UNKNOWN and self.times is not FULL:
            word = Status.TIMEOUT  # without an end nobody could tell that it ended
        if self.times is FILLS and word in self.endings:
            word = next(w for w in WORDS if w not in self.endings and w is not Status.UNKNOWN)
        self.endings.append(word)
        self.end = clock

    def _node_begins(self, clock: int, choice: int) -> None:
        name = ("n", "m", "n")[choice % 3]
        key = len(self.runs)
        run = f"{self.id}-{key}" if self.ids is NAMED else None
        begin = None if self.ids is ANONYMOUS else clock
        targets = Targets(success=choice % 4, fail=1) if choice % 2 else None
        record = NodeRecord(node=name, run=run, status=Status.EXECUTING, begin=begin, end=None, targets=targets)
        self.runs.append(NodeState(key, record, final=False))

    def _node_ends(self, clock: int, choice: int) -> None:
        run = self.runs[-1]
        word = WORDS[choice % len(WORDS)]
        if self.times is ENDLESS and word is Status.UNKNOWN:
            word = Status.FAIL
        name = f"{self.id}-{run.key}" if self.ids in (NAMED, NAMED_LATER) else None
        end = None if self.times is ENDLESS else clock
        record = NodeRecord(
            node=run.record.node, run=name, status=word, begin=run.record.begin, end=end, targets=run.record.targets
        )
        self.runs[-1] = NodeState(run.key, record, final=True)

    def _write(self, clock: int) -> None:
        """The state as the service writes it down now."""
        nodes = tuple(self.runs)
        if self.ids is ANONYMOUS:  # a node has one such run, and an answer its present state
            nodes = tuple({run.record.node: run for run in nodes}.values())
        if self.over and len(self.id) % 2:
            left_out = NodeRecord(node="o", run=None, status=Status.NOT_PERFORMED, begin=None, end=None, targets=None)
            nodes = (*nodes, NodeState(-1, left_out, final=True))
        hidden = self.times is FILLS and self.over and not self.filled
        record = ExecutionRecord(
            id=self.id,
            status=self.endings[-1] if self.over else self.word,
            begin=None if hidden and len(self.endings) == 1 else self.begin,
            end=None if hidden or self.times is ENDLESS else self.end,
            updated=clock if self.updates else None,
            nodes=tuple(node.record for node in nodes),
        )
        ending = len(self.endings) - 1 if self.over else None
        self.states.append(State(len(self.states), ending, record, nodes))


@dataclass(frozen=True, slots=True)
class Shown:
    """One state as one answer holds it."""

    life: Life
    state: State
    record: ExecutionRecord
    nodes: tuple[NodeState, ...]


def shown(life: Life, place: int, *, truncated: bool = False) -> Shown:
    """A state on the wire: `truncated` times are whole seconds; a decoder that understands a word reads it so."""
    state = life.states[place]
    record, nodes = state.record, state.nodes
    if life.understood and state.ending is not None and record.status is Status.UNKNOWN:
        record = _with(record, status=Status.TIMEOUT)
    if truncated:
        nodes = tuple(
            NodeState(n.key, _with(n.record, begin=_whole(n.record.begin), end=_whole(n.record.end)), n.final)
            for n in nodes
        )
        record = _with(record, begin=_whole(record.begin), end=_whole(record.end), nodes=tuple(n.record for n in nodes))
    return Shown(life, state, record, nodes)


def in_order(one: Shown) -> tuple[object, ...]:
    """Where a state stands in its execution's life, as far as an answer tells."""
    record = one.record
    times = [-1 if t is None else t for t in (record.updated, record.begin, record.end)]
    return (*times, one.state.ending is not None, record.status.value)


def _whole(ms: int | None) -> int | None:
    return None if ms is None else ms // 1000 * 1000


def _with(record: Record, **changes: object) -> Record:
    return msgspec.structs.replace(record, **changes)
