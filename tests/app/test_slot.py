import asyncio
from types import SimpleNamespace

from collector.app.slot import NEVER, Slot
from collector.ledger import Ledger
from collector.ledger.book import Count
from collector.model import Definition, Key, Workflow
from collector.poll import Watched
from collector.store import Row

WALL = 1_800_000_000_000


def slot(*, until: int | None) -> Slot:
    """A workflow whose next look is at 100 s; `until`: one of its counters is held (ms)."""
    ledger = Ledger() if until is None else Ledger(gaps=Count(1, 0, until))
    workflow = Workflow(key=Key("prod", "wf-1"), project_id="p", name=None, interval=60)
    house = SimpleNamespace(settings=SimpleNamespace(first_zero=120.0))
    return Slot(Watched(workflow, Row(ledger, 1)), poll=None, house=house, patience=60, look_at=100.0)


def plan(it: Slot, *, now: float, wall: int = WALL) -> float:
    return it._plan(now=now, wall=wall)  # noqa: SLF001  its arithmetic, without a look


def test_without_a_hold_the_next_turn_is_the_next_look():
    assert plan(slot(until=None), now=50.0) == 100.0


def test_a_hold_that_ends_before_the_next_look_is_a_turn_of_its_own():
    assert plan(slot(until=WALL + 30_000), now=50.0) == 80.0


def test_a_hold_that_ends_later_waits_and_one_that_is_over_is_due_at_once():
    assert plan(slot(until=WALL + 90_000), now=50.0) == 100.0
    assert plan(slot(until=WALL - 1), now=50.0) == 50.0


def test_a_wall_clock_that_was_set_back_prolongs_no_hold():
    it = slot(until=WALL + 30_000)
    it.look_at = 10_000.0
    assert plan(it, now=50.0, wall=WALL - 10 * 365 * 86_400_000) == 170.0
    assert plan(it, now=60.0) == 170.0, "the time that was found first holds"


def test_the_end_of_a_hold_goes_by_the_clock_that_never_jumps():
    it = slot(until=WALL + 30_000)
    assert plan(it, now=50.0) == 80.0
    assert plan(it, now=60.0, wall=WALL - 86_400_000) == 80.0


async def test_the_end_of_a_turn_tells_when_the_next_one_is_unless_nobody_knows_yet():
    it, told = slot(until=None), []
    it.house.emit, it.house.clock = told.append, SimpleNamespace(monotonic=lambda: 50.0, now=lambda: WALL)
    assert await it.turn(0.0) == 100.0
    assert [(fact.key, fact.name, fact.until) for fact in told] == [(it.key, "wf-1", WALL + 50_000)]
    it.look_at = NEVER
    assert await it.turn(0.0) == NEVER
    assert len(told) == 1


async def test_what_the_list_tells_while_a_lesson_is_being_learned_is_not_lost():
    gate, learned = asyncio.Event(), []

    class Teaching:
        async def learn(self, _: Watched, definition: Definition) -> None:
            await gate.wait()
            learned.append(definition.name)

    def called(name: str) -> Definition:
        return Definition(workflow_id="wf-1", name=name, type="", nodes={})

    it = slot(until=None)
    it.poll = Teaching()
    assert it.teach(called("old"))
    learning = asyncio.create_task(it.learn())
    await asyncio.sleep(0)
    assert it.teach(called("new"))
    gate.set()
    await learning
    await it.learn()
    assert learned == ["old", "new"]
    assert not it.teach(called("new"))
    await it.learn()
    assert learned == ["old", "new"]
