"""What has to be true of any answer: its good records count as they would alone, and the same answer again is nothing.

Read and counted as the collector does it, from the bytes as they came to the ledger.
"""

from collections import Counter
from collections.abc import Iterable
from functools import cache

from collector.aom import answered
from collector.aom.client import Asked
from collector.aom.transport import Answer
from collector.errors import Unreadable
from collector.ledger import Ledger, Rules, Step, advance, resume
from collector.ledger.book import pack, unpack
from collector.model import Ended, History
from tests.fuzz.bodies import Body, written
from tests.fuzz.goods import GOODS, NOW, endings

RULES = Rules(history="count", execution_bounds=(1.0, 60.0, 600.0), node_bounds=(1.0, 60.0))
LIMIT = 1 << 20
MINUTE = 60_000


class Finding(AssertionError):
    """A promise that an answer broke."""


def read(raw: bytes, encoding: str = "", *, known: bytes = b"") -> History:
    """What the collector makes of an answer. Raises `Unreadable`."""
    answer = Answer(raw=raw, encoding=encoding, date=NOW, headers={})
    return answered(Asked(answer=answer, project_id="p"), known=known, limit=LIMIT, now=NOW)


def judge(body: Body) -> History | str:
    """What an answer is read as, or the sentence it is refused with. Raises `Finding`."""
    try:
        history = read(body.raw, body.encoding)
    except Unreadable as error:
        if body.good is not None:
            msg = f"the good records {body.good} are refused: {error}"
            raise Finding(msg) from None
        return str(error)
    except Exception as error:
        msg = f"it raises {error!r}"
        raise Finding(msg) from error
    if body.good is None:
        msg = f"what is no list is read as {history.records}"
        raise Finding(msg)
    _read_as_alone(history, body.good)
    try:
        _counted_as_alone(history, body)
    except Finding:
        raise
    except Exception as error:
        msg = f"counting it raises {error!r}"
        raise Finding(msg) from error
    return history


def _read_as_alone(history: History, good: tuple[str, ...]) -> None:
    for name in good:
        found = [record for record in history.records if record.id == name]
        if not found or any(record != GOODS[name].noun for record in found):
            msg = f"the good record {name!r} is read as {found}"
            raise Finding(msg)


def _counted_as_alone(history: History, body: Body) -> None:
    assert body.good is not None
    step = _advance(_fresh(), history, NOW)
    counted = Counter((each.execution, each.node, str(each.status)) for each in _of(step.ended, body.good))
    if counted != endings(body.good):
        msg = f"the good records count {counted}, and alone {endings(body.good)}"
        raise Finding(msg)
    others = tuple(record for record in history.records if record.id not in body.good)
    if not others:
        _same_totals(step.ledger, _advance(_fresh(), _alone(body.good), NOW).ledger)
    _again(step, read(body.raw, body.encoding))
    unchanged = _advance(step.ledger, read(body.raw, body.encoding, known=history.digest), NOW + MINUTE)
    if unchanged.changed or unchanged.ended:
        msg = f"the same bytes again count {unchanged.ended}"
        raise Finding(msg)
    _later(step.ledger, body.good, lost=GOODS.keys() - {record.id for record in history.records})


def _again(step: Step, history: History) -> None:
    """The same answer again is an empty step, also for a collector that was started again meanwhile."""
    restored = resume(unpack(pack(step.ledger)), label="wf", rules=RULES, now=NOW).ledger
    for ledger in (step.ledger, restored):
        again = _advance(ledger, history, NOW + MINUTE)
        if again.changed or again.ended or again.rejected or again.invalid:
            msg = f"the same answer again changes {again.ended} {again.rejected} {again.invalid}"
            raise Finding(msg)


def _later(ledger: Ledger, good: tuple[str, ...], *, lost: set[str]) -> None:
    """Once the answer is as it should be again, its good records are known, and those that were lost are counted."""
    step = _advance(ledger, _alone(tuple(GOODS)), NOW + MINUTE)
    found = Counter((each.execution, each.node, str(each.status)) for each in _of(step.ended, {*good, *lost}))
    if found != endings(lost):
        msg = f"a whole answer afterwards counts {found}"
        raise Finding(msg)


@cache
def _alone(good: tuple[str, ...]) -> History:
    return read(written([GOODS[name].value for name in good]).encode())


def _same_totals(one: Ledger, other: Ledger) -> None:
    for mine, theirs in (
        (one.executions, other.executions),
        *((one.nodes[n].tally, other.nodes[n].tally) for n in other.nodes),
    ):
        if (mine.runs, mine.durations) != (theirs.runs, theirs.durations):
            msg = f"the totals are {mine}, and of the good records alone {theirs}"
            raise Finding(msg)
    if one.nodes.keys() != other.nodes.keys():
        msg = f"the nodes are {set(one.nodes)}, and of the good records alone {set(other.nodes)}"
        raise Finding(msg)


def _fresh() -> Ledger:
    return resume(Ledger(), label="wf", rules=RULES, now=NOW).ledger


def _advance(ledger: Ledger, history: History, now: int) -> Step:
    return advance(ledger, history, RULES, now)


def _of(ended: Iterable[Ended], good: Iterable[str]) -> Iterable[Ended]:
    return (each for each in ended if each.execution in good)
