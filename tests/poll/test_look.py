"""One look: what is published is committed, whatever comes between."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from collector.clock import Clock
from collector.errors import Conflict, Reason, StateError, Unavailable
from collector.ledger import Ledger, Step, release_at
from collector.model import History, Key, Published, Workflow
from collector.poll import Poll, Watched
from collector.store import Memory, Row
from tests.ledger.story import COUNT_PAST, history, run

KEY = Key("prod", "wf-1")
ANSWER = history(run("fail", -20, -10))


class Source:
    """Answers what the test puts there, or raises it; waits at the gate."""

    def __init__(self, answer: History | Exception = ANSWER) -> None:
        self.answer = answer
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked: list[bytes] = []
        self.queue = 0.0

    async def history(self, _: str, *, known: bytes, begun: Callable[[], None]) -> History:
        self.asked.append(known)
        await asyncio.sleep(self.queue)
        begun()
        await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Store(Memory):
    """Memory whose commits wait at a gate, and fail when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.reached = asyncio.Event()
        self.fault: Exception | None = None
        self.commits = 0

    async def commit(self, key: Key, ledger: Ledger, *, version: int, lines: Sequence[bytes] = ()) -> Row:
        self.reached.set()
        await self.gate.wait()
        if self.fault:
            raise self.fault
        self.commits += 1
        return await super().commit(key, ledger, version=version, lines=lines)


def _told(_: Workflow, step: Step) -> tuple[bytes, ...]:
    return tuple(f"{ended.execution} {ended.status}".encode() for ended in step.ended)


class Desk:
    """A poll with everything around it in view."""

    def __init__(self) -> None:
        self.source, self.store, self.published, self.facts = Source(), Store(), [], []
        self.watched = Watched(Workflow(key=KEY, project_id="p", name=None, interval=60), Row(Ledger(), 0))
        self.poll = self.polling(self.store)

    def polling(self, store: Store) -> Poll:
        return Poll(
            source=self.source,
            store=store,
            publish=self._publish,
            recount=_told,
            rules=COUNT_PAST,
            clock=Clock(),
            emit=self._emit,
        )

    def _emit(self, fact: Published) -> None:
        self.facts.append((fact, len(self.published)))

    def _publish(self, key: Key, ledger: Ledger) -> None:
        self.published.append((key, ledger))

    async def ready(self) -> "Desk":
        await self.poll.resume(self.watched)
        return self

    @property
    def failures(self) -> int:
        return self.published[-1][1].executions.runs["fail"].total


@pytest.fixture
async def desk() -> Desk:
    return await Desk().ready()


async def test_a_look_commits_then_publishes_and_says_what_it_found(desk: Desk):
    polled = await desk.poll.look(desk.watched, 0.5)
    assert (polled.outcome, polled.executions, len(polled.ended)) == ("changed", 1, 1)
    assert 0.5 <= polled.lateness < 0.6
    assert desk.failures == 1
    assert (await desk.store.load())[KEY].ledger == desk.published[-1][1]


async def test_what_is_committed_is_told_once_it_is_shown_and_what_is_not_is_not(desk: Desk):
    before = len(desk.facts)
    await desk.poll.look(desk.watched)
    ((told, shown),) = desk.facts[before:]
    assert (told.key, told.name, told.cause, shown) == (KEY, KEY.workflow_id, "look", len(desk.published))
    assert 0 <= told.seconds < 1
    assert told.held_until == release_at(desk.watched.row.ledger) is not None
    await desk.poll.look(desk.watched)
    desk.store.fault = StateError("the disk is full")
    desk.source.answer = history(run("success", -20, -10, id="e2"))
    await desk.poll.look(desk.watched)
    assert len(desk.facts) == before + 1


async def test_waiting_for_a_turn_is_lateness_and_no_part_of_the_duration(desk: Desk):
    desk.source.queue = 0.3
    polled = await desk.poll.look(desk.watched, 1.0)
    assert polled.lateness >= 1.3
    assert polled.seconds < 0.3


async def test_nothing_is_published_before_its_commit_has_returned(desk: Desk):
    desk.store.gate.clear()
    look = asyncio.create_task(desk.poll.look(desk.watched))
    await desk.store.reached.wait()
    await asyncio.sleep(0)
    assert desk.published == []
    desk.store.gate.set()
    await look
    assert desk.failures == 1


async def test_a_look_that_is_cancelled_at_its_commit_still_commits_and_publishes(desk: Desk):
    desk.store.gate.clear()
    look = asyncio.create_task(desk.poll.look(desk.watched))
    await desk.store.reached.wait()
    look.cancel()
    with pytest.raises(asyncio.CancelledError):
        await look
    desk.store.gate.set()
    await desk.poll.settle()
    assert desk.failures == 1
    assert desk.watched.row.version == 1


async def test_a_look_that_is_cancelled_while_it_fetches_changes_nothing(desk: Desk):
    desk.source.gate.clear()
    look = asyncio.create_task(desk.poll.look(desk.watched))
    await asyncio.sleep(0)
    look.cancel()
    with pytest.raises(asyncio.CancelledError):
        await look
    await desk.poll.settle()
    assert (desk.store.commits, desk.published, desk.watched.row.version) == (0, [], 0)


async def test_a_service_that_fails_changes_nothing_and_is_said(desk: Desk):
    desk.source.answer = Unavailable("it is down", reason=Reason.SERVER)
    polled = await desk.poll.look(desk.watched)
    assert (polled.outcome, polled.reason, polled.says) == ("failed", "server", "it is down")
    assert (desk.store.commits, desk.published) == (0, [])


async def test_a_commit_that_fails_leaves_the_ledger_and_the_next_look_counts_once(desk: Desk):
    desk.store.fault = StateError("the disk is full")
    polled = await desk.poll.look(desk.watched)
    assert (polled.outcome, polled.reason, polled.says, polled.ended) == ("failed", None, "the disk is full", ())
    assert (desk.published, desk.watched.row) == ([], Row(desk.watched.row.ledger, 0))
    assert desk.watched.row.ledger.since is None
    desk.store.fault = None
    assert (await desk.poll.look(desk.watched)).outcome == "changed"
    assert desk.failures == 1


async def test_a_second_writer_wins_and_the_next_look_goes_on_from_its_row(desk: Desk):
    other = await Desk().ready()
    other.store, other.poll = desk.store, other.polling(desk.store)
    other.source.answer = history(run("fail", -20, -10), run("success", -20, -10, id="e2"))
    await other.poll.look(other.watched)
    polled = await desk.poll.look(desk.watched)
    assert polled.outcome == "failed"
    assert desk.failures == 1, "theirs is shown"
    desk.source.answer = other.source.answer
    assert (await desk.poll.look(desk.watched)).outcome == "unchanged"
    assert (await desk.store.load())[KEY].ledger.executions.runs["fail"].total == 1


async def test_a_conflict_is_not_a_loss_even_where_the_row_is_gone(desk: Desk):
    desk.store.fault = Conflict("moved")
    assert (await desk.poll.look(desk.watched)).outcome == "failed"
    desk.store.fault = None
    assert desk.watched.row.version == 0
    await desk.poll.look(desk.watched)
    assert desk.failures == 1
    assert sum(desk.published[-1][1].executions.durations["fail"].counts) == 1


async def test_what_ended_is_committed_with_its_step_and_told_once(desk: Desk):
    desk.store.fault = StateError("the disk is full")
    await desk.poll.look(desk.watched)
    assert await desk.store.waiting(9) == []
    desk.store.fault = None
    for _ in range(2):
        await desk.poll.look(desk.watched)
    assert [line for _, line in await desk.store.waiting(9)] == [b"e1 fail"]


async def test_who_loses_the_race_tells_nothing(desk: Desk):
    other = await Desk().ready()
    await other.polling(desk.store).look(other.watched)
    assert (await desk.poll.look(desk.watched)).outcome == "failed"
    assert [line for _, line in await desk.store.waiting(9)] == [b"e1 fail"]


async def test_an_unchanged_answer_is_not_committed_and_known_by_its_digest(desk: Desk):
    await desk.poll.look(desk.watched)
    desk.source.answer = History(records=(), digest=ANSWER.digest, tail=True)
    assert (await desk.poll.look(desk.watched)).outcome == "unchanged"
    assert desk.store.commits == 1
    assert desk.source.asked == [b"", ANSWER.digest]


async def test_a_new_digest_alone_is_not_committed(desk: Desk):
    await desk.poll.look(desk.watched)
    desk.source.answer = History(records=ANSWER.records, digest=b"another")
    assert (await desk.poll.look(desk.watched)).outcome == "unchanged"
    assert (desk.store.commits, desk.watched.row.ledger.answer) == (1, b"another")


async def test_a_release_is_a_commit_like_any_other(desk: Desk):
    await desk.poll.look(desk.watched)
    held = desk.watched.row.ledger.executions.runs["success"]
    assert held.shown == 0
    await desk.poll.release(desk.watched, held.until)
    assert desk.store.commits == 2
    assert desk.published[-1][1].executions.runs["success"].shown is None
    await desk.poll.release(desk.watched, held.until)
    assert desk.store.commits == 2
