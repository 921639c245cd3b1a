"""What happened lately, in bounded memory, for people who look at the page. Failures outlive successes."""

from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from collector.model import Committed, Fact, Key, Listed, Polled, Reloaded, Renewed

LOOKS = 5
FAILED_LOOKS = 3
"""The last failed looks are kept beside the last looks."""
STATE = "state"
LIST = "list"


class Looked(msgspec.Struct, frozen=True, gc=False):
    """One look: when it ended (ms), how, in how many seconds, how many endings it found, and what was wrong."""

    at: int
    outcome: str
    seconds: float
    ended: int
    reason: str | None
    says: str | None

    @property
    def failed(self) -> bool:
        """Whether it told nothing."""
        return self.outcome == "failed"


@dataclass(frozen=True, slots=True)
class Lasting:
    """Something that has been wrong since `since` (ms); `says`: what was said of it last."""

    since: int
    says: str


class Recent:
    """Listens to facts.

    `lasting`: what is wrong now: with the `state`, the `config` or `web_config`, and the (`list`, project).
    `listed` and `expires`: when each project's list was last read whole, and when its credential expires (ms).
    """

    def __init__(self) -> None:
        self._looks: dict[Key, tuple[Looked, ...]] = {}
        self.lasting: dict[tuple[str, ...], Lasting] = {}
        self.listed: dict[str, int] = {}
        self.expires: dict[str, int | None] = {}

    def __call__(self, fact: Fact) -> None:
        """Take in one fact."""
        if isinstance(fact, Polled):
            self._polled(fact)
        elif isinstance(fact, Committed):
            if fact.outcome != "conflict":  # which is settled by the next look
                self._lasts((STATE,), fact.at, None if fact.outcome == "ok" else fact.says or "")
        elif isinstance(fact, Reloaded):
            self._lasts((fact.what,), fact.at, None if fact.ok else fact.says or "")
        elif isinstance(fact, Renewed):
            self.expires[fact.project] = fact.expires_at
        elif isinstance(fact, Listed):
            self._listed(fact)

    def looks(self, key: Key) -> tuple[Looked, ...]:
        """The last looks at a workflow, and the last ones that failed; latest first."""
        return self._looks.get(key, ())

    def only(self, keys: Collection[Key], projects: Collection[str]) -> None:
        """Forget what is not watched any more."""
        self._looks = {key: looks for key, looks in self._looks.items() if key in keys}
        self.listed = {name: at for name, at in self.listed.items() if name in projects}
        self.expires = {name: at for name, at in self.expires.items() if name in projects}
        self.lasting = {of: what for of, what in self.lasting.items() if of[1:] == () or of[1] in projects}

    def _polled(self, fact: Polled) -> None:
        look = Looked(fact.at, fact.outcome, fact.seconds, len(fact.ended), fact.reason, fact.says)
        looks = (look, *self._looks.get(fact.key, ()))
        failed = [each for each in looks[LOOKS:] if each.failed]
        room = FAILED_LOOKS - sum(each.failed for each in looks[:LOOKS])
        self._looks[fact.key] = (*looks[:LOOKS], *failed[: max(room, 0)])

    def _listed(self, fact: Listed) -> None:
        if fact.ok:
            self.listed[fact.project] = fact.at
        for workflow_id in fact.went:
            self._looks.pop(Key(fact.project, workflow_id), None)
        self._lasts((LIST, fact.project), fact.at, None if fact.ok else fact.says or "")

    def _lasts(self, of: tuple[str, ...], at: int, says: str | None) -> None:
        if says is None:
            self.lasting.pop(of, None)
        else:
            known = self.lasting.get(of)
            self.lasting[of] = Lasting(known.since if known else at, says)
