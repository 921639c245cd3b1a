"""Good answers that show the truth badly: the records of a history as a troubled service shows them. Pure.

Whatever strikes, every record that is one tells a state its execution was in, with times that are right to the second:
nothing here makes an ending that never was. What is no record has no id that could be anyone's.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

from collector.simulator import answers
from collector.simulator.life import FINAL, Life
from collector.simulator.trouble import Kind, Trouble, Turn
from collector.simulator.world import World

Json = dict[str, Any]
Root = list[Any] | Json
TIMES = ("begin_time", "end_time", "last_update_time")
NODES = "execution_result_list"
WRAPPERS = ("elements", "executions", "data", "items")
ABSENT = (None, 0, "", "0", -1)
ODD_IDS: tuple[object, ...] = (None, "", 1.5, True, [], ["synthetic"], {})
JUNK: tuple[object, ...] = (None, 0, 17, -1.5, "synthetic", "", False, {}, {"synthetic": True})
# A history has milliseconds since 1973; what is smaller is an example's, and left as it is.
LEAST_MS = 10**11
EAST = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose history is asked for, and when (ms)."""

    world: World
    workflow_id: str
    project_id: str
    at: int


def shown(asked: Asked, turn: Turn, trouble: Trouble) -> Root:
    """The answer to a request: the history with all glitches that strike, which are written down as occurred."""
    if not turn.kinds:
        return asked.world.history(asked.workflow_id, asked.at, project_id=asked.project_id)
    records = _timely(asked, turn, trouble)
    for kind, glitch in _CHANGES:
        if kind in turn.kinds:
            changed = glitch(records, turn.chance(kind), asked, trouble)
            trouble.occurred[kind] += changed != records
            records = changed
    return _rooted(records, turn, trouble)


def _timely(asked: Asked, turn: Turn, trouble: Trouble) -> list[Any]:
    """The history as a replica knows it that may lag, without the executions that are late."""
    at = asked.at
    if Kind.LAGGING in turn.kinds:
        at -= turn.chance(Kind.LAGGING).randint(1, max(trouble.lag, 1))
    records: list[Any] = asked.world.history(asked.workflow_id, at, project_id=asked.project_id)
    if Kind.LAGGING in turn.kinds:
        now = asked.world.history(asked.workflow_id, asked.at, project_id=asked.project_id)
        trouble.occurred[Kind.LAGGING] += records != now
    if Kind.LATE in turn.kinds:
        lives = asked.world.lives(asked.workflow_id, at)
        hidden = {life.id for life in lives if asked.at < _appears(life, trouble)}
        trouble.occurred[Kind.LATE] += bool(hidden)
        records = [record for record in records if record["execution_id"] not in hidden]
    return records


def _appears(life: Life, trouble: Trouble) -> int:
    """From when on it is shown: its begin, or after its end where it is late.

    Only one that ends once, and whose nodes run once at most, may be late: all of it can be read from its last state.
    """
    delay = trouble.delay(life.id)
    nodes = [run.node for run in life.runs]
    once = sum(phase.status in FINAL for phase in life.phases) == 1 and len(set(nodes)) == len(nodes)
    return life.settled + delay if delay and once else life.begin


def _rotated(records: list[Any], _: Random, asked: Asked, trouble: Trouble) -> list[Any]:
    """Only the newest few; as many, for as long as it lasts, as the workflow always shows then."""
    kept = Random(f"{trouble.seed}:newest:{asked.workflow_id}").randint(1, max(trouble.newest, 1))  # noqa: S311  a story
    return records[:kept]


def _empty(_: list[Any], __: Random, ___: Asked, ____: Trouble) -> list[Any]:
    return []


def _shortened(records: list[Any], chance: Random, _: Asked, __: Trouble) -> list[Any]:
    missing = set(chance.sample(range(len(records)), chance.randint(1, len(records)))) if records else set()
    return [record for place, record in enumerate(records) if place not in missing]


def _duplicated(records: list[Any], chance: Random, asked: Asked, _: Trouble) -> list[Any]:
    """Some twice as they are, some with a state they were in before as well."""
    lives = {life.id: life for life in asked.world.lives(asked.workflow_id, asked.at)}
    changed = list(records)
    for record in chance.sample(records, min(len(records), 3)):
        life = lives.get(record["execution_id"])
        again = record
        if life is not None and chance.random() < 0.7:  # noqa: PLR2004  mostly the kind that is hard to read
            # No later than the state shown: a lagging replica does not know what comes after.
            last = min(asked.at, life.settled, record["last_update_time"])
            again = answers.execution(life, asked.workflow_id, asked.project_id, chance.randint(life.begin, last))
        changed.insert(chance.randint(0, len(changed)), again)
    return changed


def _shuffled(records: list[Any], chance: Random, _: Asked, __: Trouble) -> list[Any]:
    return chance.sample(records, len(records))


def _timed(records: list[Any], chance: Random, _: Asked, __: Trouble) -> list[Any]:
    """Every time in a unit and a type of its own.

    The states of one execution are all cut to the second or none is, so that they keep their order and their ends stay
    after their begins.
    """
    coarse: dict[str, bool] = {}
    changed = []
    for record in records:
        seconds = coarse.setdefault(record["execution_id"], chance.random() < 0.5)  # noqa: PLR2004  a fair coin
        spoken = _with_times(record, chance, seconds=seconds)
        if NODES in spoken:
            spoken[NODES] = [_with_times(node, chance, seconds=seconds) for node in spoken[NODES]]
        changed.append(spoken)
    return changed


def _with_times(record: Json, chance: Random, *, seconds: bool) -> Json:
    spoken = dict(record)
    for key in TIMES:
        if key not in record:
            continue
        if record[key] == 0:
            spoken[key] = chance.choice(ABSENT)
            if chance.random() < 0.2:  # noqa: PLR2004  each of the six ways as often
                del spoken[key]
        elif record[key] >= LEAST_MS:
            spoken[key] = chance.choice(_FORMS)(record[key] // 1000 * 1000 if seconds else record[key], seconds)
    return spoken


def _number(ms: int, seconds: bool) -> int:  # noqa: FBT001  one of a row of forms
    return ms // 1000 if seconds else ms


def _digits(ms: int, seconds: bool) -> str:  # noqa: FBT001  one of a row of forms
    return str(_number(ms, seconds))


def _iso(ms: int, seconds: bool, zone: timezone = UTC) -> str:  # noqa: FBT001  one of a row of forms
    moment = datetime.fromtimestamp(ms // 1000, zone).replace(microsecond=ms % 1000 * 1000)
    return moment.isoformat(timespec="seconds" if seconds else "milliseconds")


_FORMS: tuple[Callable[[int, bool], int | str], ...] = (
    _number,
    _digits,
    _iso,
    lambda ms, seconds: _iso(ms, seconds, EAST),
    lambda ms, seconds: _iso(ms, seconds).replace("+00:00", "Z"),
    lambda ms, seconds: _iso(ms, seconds).removesuffix("+00:00"),
)


def _littered(records: list[Any], chance: Random, _: Asked, __: Trouble) -> list[Any]:
    """What is no record between those that are, among the executions and within them."""
    changed: list[Any] = [_littered_within(record, chance) for record in records]
    for record in chance.sample(records, min(len(records), 3)):
        junk = chance.choice((chance.choice(JUNK), _nameless(record, "execution_id", chance)))
        changed.insert(chance.randint(0, len(changed)), junk)
    return changed


def _littered_within(record: Json, chance: Random) -> Json:
    nodes = list(record.get(NODES, ()))
    if not nodes or chance.random() < 0.7:  # noqa: PLR2004  most are left alone
        return record
    junk = chance.choice((chance.choice(JUNK), _nameless(nodes[0], "node_id", chance)))
    nodes.insert(chance.randint(0, len(nodes)), junk)
    return record | {NODES: nodes}


def _nameless(record: Json, key: str, chance: Random) -> Json:
    """A record as good as any but for its id, which is missing or of a type that no id has."""
    rest = {name: value for name, value in record.items() if name != key}
    return chance.choice((rest, rest | {key: chance.choice(ODD_IDS)}))


def _rooted(records: list[Any], turn: Turn, trouble: Trouble) -> Root:
    """The answer's root: mostly a list, else a list of lists or an object around it."""
    root: Root = records
    if Kind.NESTED in turn.kinds:
        split = turn.chance(Kind.NESTED).randint(0, len(records))
        root = [list(part) for part in (records[:split], records[split:]) if part] or [[]]
        trouble.occurred[Kind.NESTED] += 1
    if Kind.WRAPPED in turn.kinds:
        root = {turn.chance(Kind.WRAPPED).choice(WRAPPERS): root, "total_elements": len(records)}
        trouble.occurred[Kind.WRAPPED] += 1
    return root


_Change = Callable[[list[Any], Random, Asked, Trouble], list[Any]]
# In this order: what a replica shows, then which of it, then how it is written.
_CHANGES: Iterable[tuple[Kind, _Change]] = (
    (Kind.ROTATED, _rotated),
    (Kind.SHORTENED, _shortened),
    (Kind.EMPTY, _empty),
    (Kind.DUPLICATED, _duplicated),
    (Kind.SHUFFLED, _shuffled),
    (Kind.TIMES, _timed),
    (Kind.GARBAGE, _littered),
)
