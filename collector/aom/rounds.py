"""Who is next where several wait for the same thing: each has a queue of its own, and the queues take turns. Pure."""

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import suppress
from typing import Generic, TypeVar

Asker = TypeVar("Asker", bound=Hashable)
Waiter = TypeVar("Waiter")


class Rounds(Generic[Asker, Waiter]):
    """Waiters by whom they wait for. However many one asker has waiting, each other one is next after one of them."""

    def __init__(self) -> None:
        self._queues: dict[Asker, deque[Waiter]] = {}  # in the order of their next turns

    def add(self, asker: Asker, waiter: Waiter, *, first: bool = False) -> None:
        """Wait; `first`: before everybody else."""
        if not first:
            self._queues.setdefault(asker, deque()).append(waiter)
            return
        queue = self._queues.pop(asker, deque[Waiter]())
        queue.appendleft(waiter)
        self._queues = {asker: queue, **self._queues}

    def discard(self, asker: Asker, waiter: Waiter) -> None:
        """Wait no more; harmless where it does not."""
        queue = self._queues.get(asker)
        if queue is None:
            return
        with suppress(ValueError):
            queue.remove(waiter)
        if not queue:
            del self._queues[asker]

    def take(self, may: Callable[[Asker], bool]) -> Waiter | None:
        """The next waiter of the first asker who may have a turn, None where there is none; it waits no more."""
        for asker, queue in self._queues.items():
            if may(asker):
                del self._queues[asker]
                waiter = queue.popleft()
                if queue:
                    self._queues[asker] = queue
                return waiter
        return None

    def __iter__(self) -> Iterator[Asker]:
        return iter(self._queues)

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))
