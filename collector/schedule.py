"""When each workflow is looked at: a pure heap of due times, and a thin driver that turns it.

Due times are seconds on the monotonic clock. apscheduler goes by the wall clock, so it gets a single one-shot job at a
time, armed anew by each beat: there are no missed slots to catch up with. A watchman on the event loop's own timer arms
the beat again when the wall clock has stepped back and the job would wait for it.
"""

import asyncio
import heapq
import inspect
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import xxhash
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from collector.clock import Clock
from collector.model import Key

BEAT = 0.1
PATIENCE = 0.5
TURNING = 5.0
AFTER_A_BUG = 60.0
SLACK = 64


def first_look(key: Key, *, now: float, spread: float) -> float:
    """When to look first: `spread` seconds hold all first looks, each at a place of its own that no restart changes."""
    digest = xxhash.xxh3_64_intdigest(f"{key.project}\x00{key.workflow_id}".encode())
    return now + spread * (digest / 2**64)


def next_look(due: float, interval: float, now: float) -> float:
    """The first moment after both `due` and `now` that lies whole intervals after `due`; nothing is made up for."""
    look = due + interval * (max(0.0, now - due) // interval + 1)
    # The division may round a hair short of a whole number.
    return look if look > now else look + interval


class Agenda:
    """Due times of workflows, each at most once. One that was handed out is not handed out again until it is done."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Key]] = []
        self._waiting: dict[Key, int] = {}
        self._out: set[Key] = set()
        self._afterwards: dict[Key, float | None] = {}
        self._entries = 0

    def add(self, key: Key, at: float) -> None:
        """Take a workflow in, or move it to another time; while it is handed out, for the time after that."""
        if key in self._out:
            self._afterwards[key] = at
            return
        self._entries += 1
        self._waiting[key] = self._entries
        heapq.heappush(self._heap, (at, self._entries, key))
        # Entries that were moved or removed stay in the heap until their time comes; not more of them than others.
        if len(self._heap) > 2 * len(self._waiting) + SLACK:
            self._heap = [entry for entry in self._heap if self._waiting.get(entry[2]) == entry[1]]
            heapq.heapify(self._heap)

    def remove(self, key: Key) -> None:
        """Forget a workflow; for one that is handed out, its `done` will be ignored."""
        self._waiting.pop(key, None)
        if key in self._out:
            self._afterwards[key] = None

    def done(self, key: Key, at: float) -> None:
        """Take back a workflow that was handed out, due again at `at` unless it was removed or moved meanwhile."""
        if key not in self._out:
            return
        self._out.discard(key)
        again = self._afterwards.pop(key, at)
        if again is not None:
            self.add(key, again)

    def due(self, now: float) -> list[tuple[Key, float]]:
        """The workflows whose time has come, in order, each with the time it was due."""
        ready = []
        while self._heap and self._heap[0][0] <= now:
            at, entry, key = heapq.heappop(self._heap)
            if self._waiting.get(key) == entry:
                del self._waiting[key]
                self._out.add(key)
                ready.append((key, at))
        return ready

    def next(self) -> float | None:
        """The earliest due time, None where nothing waits."""
        while self._heap and self._waiting.get(self._heap[0][2]) != self._heap[0][1]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def stands(self, key: Key) -> bool:
        """Whether a workflow is handed out, and was neither moved nor removed since."""
        return key in self._out and key not in self._afterwards

    def __len__(self) -> int:
        return len(self._waiting) + sum(self._afterwards.get(key, 0.0) is not None for key in self._out)


@dataclass(slots=True, eq=False)
class _Chore:
    seconds: float
    call: Callable[[], Awaitable[None] | None]
    due: float
    running: asyncio.Future[None] | None = None


class Ticker:
    """Keeps chores turning on the event loop, whatever the wall clock does; one for the whole process.

    Whatever a chore raises goes to `on_error`, and the others go on.
    """

    def __init__(self, *, clock: Clock, on_error: Callable[[BaseException], None]) -> None:
        self._clock = clock
        self._on_error = on_error
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._chores: dict[str, _Chore] = {}
        self._expected = 0.0
        self._turning = False
        self._watchman: asyncio.TimerHandle | None = None
        self._ending: asyncio.Future[None] | None = None
        # It logs every job that starts, and what goes wrong in one is reported by us.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    def every(self, seconds: float, name: str, call: Callable[[], Awaitable[None] | None]) -> None:
        """Call a function about every so many seconds, first after as many; a chore of the same name is replaced.

        A plain function has to be quick. An async one may take its time: it is not called again before it ended.
        """
        self.never(name)
        self._chores[name] = _Chore(seconds, call, self._clock.monotonic() + seconds)

    def never(self, name: str) -> None:
        """Call that chore no more; an async one under way is cancelled."""
        chore = self._chores.pop(name, None)
        if chore and chore.running:
            chore.running.cancel()

    def start(self) -> None:
        """Begin to turn; needs the running event loop."""
        self._scheduler.start()
        self._turning = True
        self._arm()
        self._watch()

    def stop(self) -> "asyncio.Future[None]":
        """Stop at once and cancel the chores under way; await what is returned to wait for their end."""
        if self._ending is None:
            self._turning = False
            if self._watchman:
                self._watchman.cancel()
            if self._scheduler.running:
                self._scheduler.shutdown(wait=False)
            running = [chore.running for chore in self._chores.values() if chore.running]
            for name in list(self._chores):
                self.never(name)
            self._ending = asyncio.ensure_future(_ended(running))
        return self._ending

    def _arm(self) -> None:
        self._expected = self._clock.monotonic() + BEAT
        self._scheduler.add_job(
            self._beat,
            "date",
            run_date=datetime.fromtimestamp(self._clock.now() / 1000, UTC) + timedelta(seconds=BEAT),
            id="beat",
            replace_existing=True,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=2,  # the job that arms the next one may not have been written off when that one is due
        )

    def _watch(self) -> None:
        if self._clock.monotonic() > self._expected + PATIENCE:
            self._arm()
        self._watchman = asyncio.get_running_loop().call_later(PATIENCE / 2, self._watch)

    async def _beat(self) -> None:  # a plain function would be sent to a thread
        now = self._clock.monotonic()
        for chore in list(self._chores.values()):
            if chore.due <= now:
                chore.due = next_look(chore.due, chore.seconds, now)
                self._turn(chore)
        if self._turning:
            self._arm()

    def _turn(self, chore: _Chore) -> None:
        if chore.running:
            return
        try:
            called = chore.call()
        except Exception as error:  # noqa: BLE001  whatever one chore does, the others go on
            self._on_error(error)
            return
        if inspect.isawaitable(called):
            chore.running = asyncio.ensure_future(called)
            chore.running.add_done_callback(lambda ended: self._over(chore, ended))

    def _over(self, chore: _Chore, ended: "asyncio.Future[None]") -> None:
        chore.running = None
        error = None if ended.cancelled() else ended.exception()
        if error:
            self._on_error(error)


async def _ended(running: "list[asyncio.Future[None]]") -> None:
    await asyncio.gather(*running, return_exceptions=True)
    # apscheduler shuts down in a later turn of the event loop.
    await asyncio.sleep(0)


class Schedule:
    """Looks at the workflows of one project: due ones wait in a queue for one of `concurrency` workers.

    `work(key, lateness)` does one look (lateness in seconds) and returns the next due time. An exception that escapes
    it goes to `on_error`, and the workflow is due again after a minute. A `Ticker` has to call `tick`.
    """

    def __init__(
        self,
        *,
        concurrency: int,
        clock: Clock,
        work: Callable[[Key, float], Awaitable[float]],
        on_error: Callable[[Key, BaseException], None],
    ) -> None:
        self._agenda = Agenda()
        self._clock = clock
        self._work = work
        self._on_error = on_error
        self._concurrency = concurrency
        self._queue: asyncio.Queue[tuple[Key, float]] = asyncio.Queue()
        self._workers: list[asyncio.Task[None]] = []
        self._stopping = False
        self._ticked = clock.monotonic()

    def add(self, key: Key, at: float) -> None:
        """Look at a workflow from `at` on; while it is being looked at, again from then on."""
        self._agenda.add(key, at)

    def remove(self, key: Key) -> None:
        """Look at it no more; a look under way ends by itself."""
        self._agenda.remove(key)

    def tick(self) -> None:
        """Hand what is due to the workers."""
        self._ticked = self._clock.monotonic()
        if not self._stopping:
            for due in self._agenda.due(self._ticked):
                self._queue.put_nowait(due)

    def turning(self, now: float) -> bool:
        """Whether it ticked lately and all its workers live; `now` is on the monotonic clock."""
        return now - self._ticked < TURNING and not any(worker.done() for worker in self._workers)

    def start(self) -> None:
        """Start the workers; needs the running event loop."""
        self._ticked = self._clock.monotonic()
        self._workers = [asyncio.create_task(self._serve()) for _ in range(self._concurrency)]

    async def stop(self) -> None:
        """Take no more work, cancel the looks under way, and return when the workers have ended."""
        self._stopping = True
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    async def _serve(self) -> None:
        # A look may swallow the cancellation that was meant to end its worker.
        while not self._stopping:
            key, due = await self._queue.get()
            if self._agenda.stands(key):
                await self._look(key, due)
            else:
                self._agenda.done(key, due)

    async def _look(self, key: Key, due: float) -> None:
        again: float | None = None
        fault: BaseException | None = None
        try:
            again = await self._work(key, max(0.0, self._clock.monotonic() - due))
        except asyncio.CancelledError as error:
            if self._stopping:
                raise
            # Something inside the look was cancelled, not its worker.
            fault = error
        except Exception as error:  # noqa: BLE001  a bug in one look must not end a worker
            fault = error
        self._agenda.done(key, self._clock.monotonic() + AFTER_A_BUG if again is None else again)
        if fault:
            self._on_error(key, fault)
