"""What the workflow list teaches, brought to the workflows that are watched."""

from collections.abc import Callable, Mapping

from collector.aom import Aom
from collector.app.slot import Slot
from collector.clock import Clock
from collector.errors import SourceError
from collector.model import Fact, Key, Listed


class Names:
    """The names, types and nodes of one project's workflows. A list that fails changes nothing."""

    def __init__(
        self, project: str, *, source: Aom, slots: Mapping[Key, Slot], clock: Clock, emit: Callable[[Fact], None]
    ) -> None:
        self._project = project
        self._source = source
        self._slots = slots
        self._clock = clock
        self._emit = emit

    async def learn(self) -> list[Key]:
        """Ask for the list, and put what is new into the slots; the keys of those that now have something to learn."""
        try:
            definitions = await self._source.listed()
        except SourceError as error:
            self._emit(Listed(project=self._project, at=self._clock.now(), ok=False, says=str(error)))
            return []
        self._emit(Listed(project=self._project, at=self._clock.now(), ok=True, workflows=len(definitions)))
        waiting = []
        for definition in definitions:
            key = Key(self._project, definition.workflow_id)
            slot = self._slots.get(key)
            if slot is not None and slot.teach(definition):
                waiting.append(key)
        return waiting
