"""One errand for all who wait for it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Generic, TypeVar

from collector.clock import Clock
from collector.errors import SourceError

T = TypeVar("T")
Errand = Callable[[], Coroutine[object, object, T]]


class Flight(Generic[T]):
    """One errand at a time, however many wait for it.

    `pause`: seconds for which one that failed is not begun again; whoever asks meanwhile gets the same failure.
    """

    def __init__(self, *, clock: Clock, pause: Callable[[SourceError], float]) -> None:
        self._clock = clock
        self._pause = pause
        self._task: asyncio.Task[T] | None = None
        self._failure: SourceError | None = None
        self._until = float("-inf")

    async def join(self, errand: Errand[T]) -> T:
        """What the errand brings; raises what it fails with. Who gives up waiting ends it for nobody else."""
        if self._failure and self._clock.monotonic() < self._until:
            raise self._failure.saying(str(self._failure))
        return await asyncio.shield(self._under_way(errand))

    def begin(self, errand: Errand[T]) -> None:
        """Run the errand while nobody waits for it, unless it is under way, or failed a moment ago."""
        if self._clock.monotonic() >= self._until:
            self._under_way(errand)

    async def end(self) -> None:
        """End an errand under way."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _under_way(self, errand: Errand[T]) -> asyncio.Task[T]:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(errand))
            # It may fail while nobody waits for it.
            self._task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        return self._task

    async def _run(self, errand: Errand[T]) -> T:
        try:
            brought = await errand()
        except SourceError as error:
            self._failure, self._until = error, self._clock.monotonic() + self._pause(error)
            raise
        self._failure, self._until = None, float("-inf")
        return brought
