from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from collector.clock import Clock
from collector.model import Committed, Fact
from collector.store import Store, open_store
from tests.store.disk import mounted


@pytest.fixture
def facts() -> list[Fact]:
    """What the stores of this test reported."""
    return []


@pytest.fixture
async def opened(facts: list[Fact]) -> AsyncIterator[Callable[..., Awaitable[Store]]]:
    """Opens states; they are closed when the test is over."""
    stores = []

    async def opens(where: Path | str, clock: Clock | None = None) -> Store:
        url = where if isinstance(where, str) else f"sqlite:{where}"
        store = await open_store(url, clock=clock or Clock(), emit=facts.append)
        stores.append(store)
        return store

    yield opens
    for store in stores:
        await store.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 512 KiB of its own."""
    with mounted(tmp_path / "disk", size="512k") as folder:
        yield folder


@pytest.fixture
def commits(facts: list[Fact]) -> Callable[[str], list[Committed]]:
    """The commits of one outcome that were reported."""
    return lambda outcome: [fact for fact in facts if isinstance(fact, Committed) and fact.outcome == outcome]
