"""Facts as log lines: one canonical line per poll at debug, one per change at info, one per change of health."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from structlog.typing import FilteringBoundLogger

from collector.model import Committed, Ended, Fact, Key, Listed, Polled, Reloaded, Renewed

MOST_WORDS = 1000
"""How many unknown status words are told at most: whoever makes them up does not fill the log or the memory."""


MOST_IDS = 20
"""How many workflows one line names."""


@dataclass(frozen=True, slots=True)
class _Failing:
    """How a workflow fails; `told`: a line said so."""

    reason: str
    says: str
    told: bool


class Lines:
    """Listens to facts and logs them; a lasting failure is said at its start and at its end."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        self._log = log
        self._failing: dict[Key, _Failing] = {}
        self._sentences: Counter[tuple[str, str]] = Counter()
        self._words: set[str] = set()
        self._unsaved = False
        self._unlisted: set[str] = set()

    def __call__(self, fact: Fact) -> None:
        """Log one fact."""
        if isinstance(fact, Polled):
            self._polled(fact)
        elif isinstance(fact, Committed):
            self._committed(fact)
        elif isinstance(fact, Listed):
            self._listed(fact)
        elif isinstance(fact, Reloaded):
            self._reloaded(fact)
        elif isinstance(fact, Renewed):
            self._log.info("credential.renewed", project=fact.project, expires=_utc(fact.expires_at))

    def say(self, event: str, **facts: object) -> None:
        """Log something that happened to the collector itself."""
        self._log.info(event, **facts)

    def warn(self, event: str, **facts: object) -> None:
        """Log something an operator should look at."""
        self._log.warning(event, **facts)

    def bug(self, error: BaseException, key: Key | None = None) -> None:
        """Log an error nobody expected, with its traceback."""
        where = {"project": key.project, "workflow_id": key.workflow_id} if key else {}
        self._log.error("collector.bug", **where, exc_info=error)

    def _reloaded(self, fact: Reloaded) -> None:
        if fact.says is not None:  # at the start nothing changed
            log = self._log.info if fact.ok else self._log.error
            log("config.reloaded" if fact.ok else "config.refused", says=fact.says)

    def _polled(self, fact: Polled) -> None:
        where = {"workflow": fact.name, "project": fact.key.project, "workflow_id": fact.key.workflow_id}
        self._log.debug(
            "poll.finished",
            **where,
            outcome=fact.outcome,
            seconds=round(fact.seconds, 4),
            lateness=round(fact.lateness, 3),
            executions=fact.executions,
            ended=len(fact.ended),
            reason=fact.reason,
        )
        self._health(fact, where)
        for ended in fact.ended:
            if not ended.first_sight:
                self._ended(ended, where)
        past = sum(ended.first_sight for ended in fact.ended)
        if past:
            self._log.info("history.counted", **where, endings=past)
        if fact.gap:
            self._log.warning("history.gap", **where, hint="runs may have been missed; look more often")
        for word in fact.words:
            if word not in self._words and len(self._words) < MOST_WORDS:
                self._words.add(word)
                self._log.warning("status.unknown", **where, word=word)
        for reason, count in (fact.rejected or {}).items():
            self._log.warning("record.rejected", **where, reason=reason, count=count)

    def _health(self, fact: Polled, where: dict[str, str]) -> None:
        known = self._failing.pop(fact.key, None)
        if known is not None:
            self._unsay((fact.key.project, known.says))
        if fact.outcome == "failed":
            reason, sentence = fact.reason or "state", (fact.key.project, fact.says or "")
            told = known is not None and known.told
            if known is None or known.reason != reason:
                # What a whole project suffers from is said of one workflow.
                told = not self._sentences[sentence]
                if told:
                    self._log.warning("poll.failing", **where, reason=reason, says=fact.says)
            self._failing[fact.key] = _Failing(reason, sentence[1], told)
            self._sentences[sentence] += 1
        elif known is not None and known.told:
            self._log.info("poll.recovered", **where, reason=known.reason)

    def _unsay(self, sentence: tuple[str, str]) -> None:
        self._sentences[sentence] -= 1
        if not self._sentences[sentence]:
            del self._sentences[sentence]

    def _listed(self, fact: Listed) -> None:
        for event, ids in (("workflows.came", fact.came), ("workflows.went", fact.went)):
            if ids:
                self._log.info(event, project=fact.project, count=len(ids), workflow_ids=ids[:MOST_IDS])
        if fact.ok and fact.project in self._unlisted:
            self._unlisted.discard(fact.project)
            self._log.info("list.recovered", project=fact.project, workflows=fact.workflows)
        elif not fact.ok and fact.project not in self._unlisted:
            self._unlisted.add(fact.project)
            self._log.warning(
                "list.failing", project=fact.project, says=fact.says, hint="names and what is watched stay as known"
            )

    def _ended(self, ended: Ended, where: dict[str, str]) -> None:
        seconds = None if ended.begin is None or ended.end is None else (ended.end - ended.begin) / 1000
        event = "execution.ended" if ended.node is None else "node.ended"
        status = str(ended.status)
        self._log.info(event, status=status, node=ended.node, seconds=seconds, **where, execution=ended.execution)

    def _committed(self, fact: Committed) -> None:
        if fact.outcome == "ok":
            if self._unsaved:
                self._log.info("state.recovered")
            self._unsaved = False
        elif fact.outcome == "conflict":
            self._log.warning("state.conflict", says=fact.says)
        elif not self._unsaved:
            self._unsaved = True
            self._log.error("state.failing", says=fact.says)


def _utc(ms: int | None) -> str | None:
    return None if ms is None else f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
