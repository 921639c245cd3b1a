"""How looks fail and recover: what a whole project suffers from is one trouble, not one of each workflow. Pure."""

from dataclasses import dataclass, field

from collector.log.lasting import Say, Trouble
from collector.model import Key, Polled

_Where = dict[str, str]


@dataclass(slots=True)
class _Shared(Trouble):
    """What these workflows suffer from; `reason` is the latest, `reasons` all that were said."""

    project: str = ""
    reason: str = ""
    reasons: set[str] = field(default_factory=set)
    sick: set[Key] = field(default_factory=set)

    @property
    def sentence(self) -> tuple[str, str]:
        return self.project, self.says

    def take_in(self, other: "_Shared") -> None:
        """Go on for one that nobody suffers from any more, because its last workflow suffers from this."""
        self.since, self.told = min(self.since, other.since), max(self.told, other.told)
        self.failures += other.failures


class Health:
    """Says how looks fail, by way of `say`; remembers the workflows that fail now, and no others."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._of: dict[Key, _Shared] = {}
        self._by_sentence: dict[tuple[str, str], _Shared] = {}

    def failed(self, fact: Polled, where: _Where) -> None:
        """A look failed; `where` are the fields that name the workflow."""
        key, reason, says = fact.key, fact.reason or "state", fact.says or ""
        mine = self._of.get(key)
        alike = self._by_sentence.get((key.project, says))
        starts = False
        if alike is not None:
            trouble = alike
        elif mine is not None and (mine.sick == {key} or reason in mine.reasons):
            trouble = mine
        else:
            trouble = _Shared(since=fact.at, told=fact.at, says=says, project=key.project)
            starts = True
        if mine is not None and mine is not trouble:
            trouble.reasons |= mine.reasons  # they were said
            self._leave(key, mine, into=trouble)
        starts |= reason not in trouble.reasons
        self._speak_of(trouble, says)
        self._of[key] = trouble
        trouble.sick.add(key)
        trouble.reasons.add(reason)
        trouble.reason = reason
        trouble.failures += 1
        if starts:
            trouble.told = fact.at
            self._say("poll.failing", **where, reason=reason, says=fact.says)
        elif trouble.due(fact.at):
            lasts = trouble.lasts(fact.at)
            self._say(
                "poll.still_failing", **where, **lasts, workflows=len(trouble.sick), reason=reason, says=fact.says
            )

    def worked(self, fact: Polled, where: _Where) -> None:
        """A look succeeded."""
        trouble = self.forget(fact.key)
        if trouble and not trouble.sick:
            self._say("poll.recovered", **where, reason=trouble.reason, **trouble.end(fact.at))

    def forget(self, key: Key) -> "_Shared | None":
        """Think of a workflow no more; what it suffered from."""
        trouble = self._of.pop(key, None)
        if trouble:
            self._leave(key, trouble)
        return trouble

    def _leave(self, key: Key, trouble: _Shared, into: "_Shared | None" = None) -> None:
        trouble.sick.discard(key)
        if not trouble.sick:
            self._unspeak(trouble)
            if into:
                into.take_in(trouble)

    def _speak_of(self, trouble: _Shared, says: str) -> None:
        self._unspeak(trouble)
        trouble.says = says
        self._by_sentence[trouble.sentence] = trouble

    def _unspeak(self, trouble: _Shared) -> None:
        if self._by_sentence.get(trouble.sentence) is trouble:
            del self._by_sentence[trouble.sentence]
