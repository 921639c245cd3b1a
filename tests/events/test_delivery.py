"""From the outbox to the event log: at least once, in order, and counting goes on whatever becomes of it."""

import asyncio
import threading
from pathlib import Path

import pytest

from collector.config import STANDARD
from collector.errors import StateError
from collector.events import EventLog, delivery
from collector.ledger import Ledger, Step
from collector.model import Ended, Key, Status, Workflow
from collector.store import Memory

KEY = Key("prod", "wf-1")
WORKFLOW = Workflow(key=KEY, project_id="p", name=None, interval=60)
ENDED = Ended(execution="e", node=None, status=Status.FAIL, begin=None, end=None, held=False, first_sight=False)
STEP = Step(ledger=Ledger(), changed=True, ended=(ENDED,))


class Hands:
    """A clock that is moved by hand."""

    at = 0.0

    def now(self) -> int:
        return round(self.at * 1000)

    def monotonic(self) -> float:
        return self.at


class Room:
    """An event log with everything around it in view."""

    def __init__(self, where: Path | str | None) -> None:
        self.clock, self.store, self.said = Hands(), Memory(), []
        self.log = EventLog(where, clock=self.clock, say=self.says)
        self.log.outbox = self.store
        self.version = 0

    def says(self, event: str, **facts: object) -> None:
        self.said.append((event, facts))

    @property
    def events(self) -> list[str]:
        return [event for event, _ in self.said]

    async def commits(self, *lines: bytes) -> None:
        self.version = (await self.store.commit(KEY, Ledger(), version=self.version, lines=lines)).version

    async def delivers(self) -> None:
        await self.log.deliver()

    async def waits(self) -> list[bytes]:
        return [line for _, line in await self.store.waiting(10**6)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


@pytest.fixture
def room(path: Path) -> Room:
    return Room(path)


def numbers(*given: int) -> tuple[bytes, ...]:
    return tuple(b"%d" % number for number in given)


async def test_what_waits_is_written_in_order_and_waits_no_more(room: Room, path: Path):
    await room.commits(*numbers(*range(2500)))
    await room.delivers()
    assert path.read_bytes().split() == list(numbers(*range(2500)))
    assert (await room.waits(), room.said) == ([], [])


async def test_without_anything_to_tell_no_file_is_made(room: Room, path: Path):
    await room.delivers()
    assert not path.exists()


async def test_an_event_log_that_is_off_makes_no_line_and_leaves_what_waits(room: Room):
    off = Room(None)
    assert off.log.lines(WORKFLOW, STEP) == ()
    await off.commits(*numbers(1))
    await off.delivers()
    assert await off.waits() == [b"1"]
    assert len(room.log.lines(WORKFLOW, STEP)) == 1
    assert room.log.lines(WORKFLOW, Step(ledger=Ledger(), changed=True)) == ()


async def test_what_could_not_be_written_waits_and_is_written_once_that_works(room: Room, path: Path):
    path.mkdir()
    await room.commits(*numbers(1, 2))
    await room.delivers()
    assert await room.waits() == [b"1", b"2"]
    path.rmdir()
    await room.commits(*numbers(3))
    await room.delivers()
    assert path.read_bytes() == b"1\n2\n3\n"
    assert await room.waits() == []


async def test_a_fault_is_said_at_its_start_once_an_hour_and_at_its_end(room: Room, path: Path):
    path.mkdir()
    await room.commits(*numbers(1))
    for _ in range(10):
        await room.delivers()
        room.clock.at += 1200
    assert room.events == ["event_log.failing", *["event_log.still_failing"] * 3]
    assert room.said[0][1]["says"] == f"event log {path} cannot be written: Is a directory"
    path.rmdir()
    for _ in range(3):
        await room.delivers()
    assert room.events[4:] == ["event_log.recovered"]


async def test_after_a_fault_one_line_alone_tells_whether_it_works_again(room: Room, path: Path, monkeypatch):
    path.mkdir()
    await room.commits(*numbers(1, 2, 3))
    await room.delivers()
    path.rmdir()
    asked = []
    waiting = room.store.waiting

    async def notes(most: int) -> list[tuple[int, bytes]]:
        asked.append(most)
        return await waiting(most)

    monkeypatch.setattr(room.store, "waiting", notes)
    await room.delivers()
    assert asked[:2] == [1, delivery.BATCH]
    assert path.read_bytes() == b"1\n2\n3\n"


async def test_while_it_cannot_be_written_the_oldest_are_dropped_past_the_bound_and_that_is_said(
    room: Room, path: Path, monkeypatch
):
    monkeypatch.setattr(delivery, "MOST", 3)
    path.mkdir()
    await room.commits(*numbers(*range(5)))
    await room.delivers()
    await room.commits(b"5")
    await room.delivers()
    assert await room.waits() == list(numbers(3, 4, 5))
    room.clock.at += 3600
    await room.delivers()
    path.rmdir()
    await room.delivers()
    assert [facts["dropped"] for _, facts in room.said] == [None, 3, 3]
    assert path.read_bytes() == b"3\n4\n5\n"


async def test_without_an_outbox_lines_are_made_for_whoever_delivers_later(room: Room, path: Path):
    room.log.outbox = None
    await room.commits(*room.log.lines(WORKFLOW, STEP))
    await room.delivers()
    await room.log.close()
    assert len(await room.waits()) == 1
    assert not path.exists()


async def test_what_still_waits_at_the_end_is_written_then(room: Room, path: Path):
    await room.commits(b"1")
    await room.log.close()
    assert path.read_bytes() == b"1\n"


async def test_another_place_gets_what_waits(room: Room, path: Path):
    await room.commits(b"1")
    await room.delivers()
    await room.commits(b"2")
    await room.log.use(path.with_name("other"))
    await room.delivers()
    await room.log.use(None)
    await room.commits(b"3")
    await room.delivers()
    await room.log.use(path)
    await room.delivers()
    assert path.read_bytes() == b"1\n3\n"
    assert path.with_name("other").read_bytes() == b"2\n"


async def test_who_gives_up_waiting_does_not_make_two_of_one_write(room: Room, path: Path):
    await room.commits(*numbers(1, 2))
    write, begun, go = room.log._place.write, threading.Event(), threading.Event()  # noqa: SLF001  it takes its time there

    writes = []

    def slowly(lines) -> None:
        writes.append(lines)
        begun.set()
        go.wait(10)
        write(lines)

    room.log._place.write = slowly  # noqa: SLF001
    first = asyncio.create_task(room.delivers())
    await asyncio.to_thread(begun.wait, 10)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    second = asyncio.create_task(room.delivers())
    go.set()
    await second
    assert len(writes) == 1
    assert path.read_bytes() == b"1\n2\n"


async def test_at_the_end_it_writes_for_so_long_and_no_longer(room: Room, path: Path):
    await room.commits(*numbers(*range(2500)))
    write = room.log._place.write  # noqa: SLF001  time passes there

    def takes_a_second(lines) -> None:
        write(lines)
        room.clock.at += 1

    room.log._place.write = takes_a_second  # noqa: SLF001
    await room.log.deliver(within=1.5)
    assert len(path.read_bytes().split()) == 2000
    assert len(await room.waits()) == 500


async def test_a_store_that_fails_is_no_fault_of_the_event_log(room: Room, path: Path, monkeypatch):
    await room.commits(b"1")
    delivered = room.store.delivered

    async def fails(_: object) -> None:
        raise StateError("the disk is full")

    monkeypatch.setattr(room.store, "delivered", fails)
    await room.delivers()
    monkeypatch.setattr(room.store, "delivered", delivered)
    await room.delivers()
    assert path.read_bytes() == b"1\n1\n", "twice rather than never"
    assert room.said == []


async def test_standard_output_is_a_place_too(capfd):
    room = Room(STANDARD)
    await room.commits(b"1", b"2")
    await room.delivers()
    assert capfd.readouterr().out == "1\n2\n"
