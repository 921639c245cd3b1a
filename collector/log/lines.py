"""Facts as log lines: one per change at info, what fails at its start, hourly and at its end, everything at debug.

A line is a row of the events: nothing else can be said, and in no other order.
"""

import logging
from collections.abc import Collection, Iterable

from structlog.typing import FilteringBoundLogger

from collector.log.events import EVENTS
from collector.log.health import Health
from collector.log.lasting import Lasting, Names, utc
from collector.model import Committed, Ended, Fact, Key, Listed, Polled, Published, Reloaded, Renewed, Requested, Turned

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

MOST_WORDS = 1000
"""How many unknown status words are told at most: whoever makes them up does not fill the log or the memory."""

_LIST = Names("list.failing", "list.still_failing", "list.recovered")
_STATE = Names("state.failing", "state.still_failing", "state.recovered")
_READ = {
    "config": Names("config.refused", "config.still_refused", "config.reloaded"),
    "web_config": Names("web_config.refused", "web_config.still_refused", "web_config.loaded"),
}
_STAYS = "names and what is watched stay as known"

Where = dict[str, str]


class Lines:
    """Listens to facts and logs them from `level` on; workflows that are traced are logged in full."""

    def __init__(self, log: FilteringBoundLogger, level: str = "info") -> None:
        self._log = log
        self._level = LEVELS[level]
        self._traced: frozenset[str] = frozenset()
        self._words: set[str] = set()
        # Of a traced workflow everything is said, and of what it shares with others, too.
        self._health = Health(lambda event, **facts: self._say(event, facts["workflow_id"] in self._traced, **facts))
        self._state = Lasting(self.say, _STATE)
        self._read = {what: Lasting(self.say, names, anew=True) for what, names in _READ.items()}
        self._lists: dict[str, Lasting] = {}

    def __call__(self, fact: Fact) -> None:
        """Log one fact."""
        if isinstance(fact, Requested):
            self._requested(fact)
        elif isinstance(fact, Polled):
            self._polled(fact)
        elif isinstance(fact, Turned):
            self._turned(fact)
        elif isinstance(fact, Published):
            self._published(fact)
        elif isinstance(fact, Committed):
            self._committed(fact)
        elif isinstance(fact, Listed):
            self._listed(fact)
        elif isinstance(fact, Reloaded):
            self._reloaded(fact)
        elif isinstance(fact, Renewed):
            self.say("credential.renewed", project=fact.project, expires=utc(fact.expires_at))

    def at_level(self, level: str) -> None:
        """Log from another level on."""
        self._level = LEVELS[level]

    def trace(self, workflow_ids: Collection[str]) -> None:
        """Log everything about these workflows, whatever the level; and no more about those from before."""
        self._traced = frozenset(workflow_ids)

    def say(self, event: str, /, **facts: object) -> None:
        """Log an event of the table; its fields come in the order of the table, those without a value are left out."""
        self._say(event, False, **facts)  # noqa: FBT003  whether it is traced stands before the fields

    def bug(self, error: BaseException, key: Key | None = None) -> None:
        """Log an error nobody expected, with its traceback."""
        where = {"project": key.project, "workflow_id": key.workflow_id} if key else {}
        self.say("collector.bug", **where, exception=error)

    def _say(self, event: str, traced: bool, /, **facts: object) -> None:  # noqa: FBT001  likewise
        if not self._says(event, traced=traced):
            return
        row = EVENTS[event]
        exception = facts.get("exception")
        told = {name: facts[name] for name in row.fields if facts.get(name) is not None and name != "exception"}
        if exception is not None:
            told["exc_info"] = exception
        self._log.log(LEVELS[row.level], event, **told)

    def _says(self, event: str, *, traced: bool) -> bool:
        return traced or LEVELS[EVENTS[event].level] >= self._level

    # A workflow.

    def _polled(self, fact: Polled) -> None:
        key, where = fact.key, _where(fact.key, fact.name)
        traced = key.workflow_id in self._traced
        if self._says("poll.finished", traced=traced):
            self._finished(fact, where, traced=traced)
        if fact.outcome == "failed":
            self._health.failed(fact, where)
        else:
            self._health.worked(fact, where)
        for ended in fact.ended:
            if traced or not ended.first_sight:
                self._ended(ended, where, traced=traced)
        past = sum(ended.first_sight for ended in fact.ended)
        if past:
            self._say("history.counted", traced, **where, endings=past)
        if fact.gap:
            self._say("history.gap", traced, **where, hint="runs may have been missed; look more often")
        self._words_of(fact.words, where, traced=traced)
        for reason, count in (fact.rejected or {}).items():
            self._say("record.rejected", traced, **where, reason=reason, count=count)
        self._tick(fact.at)

    def _finished(self, fact: Polled, where: Where, *, traced: bool) -> None:
        self._say(
            "poll.finished",
            traced,
            **where,
            outcome=fact.outcome,
            seconds=round(fact.seconds, 4),
            lateness=round(fact.lateness, 3),
            executions=fact.executions,
            flaws=fact.flaws,
            words=fact.words or None,
            ended=len(fact.ended),
            gap=fact.gap or None,
            reason=fact.reason,
            says=fact.says,
        )
        for field, count in (fact.invalid or {}).items():
            self._say("value.invalid", traced, **where, field=field, count=count)

    def _words_of(self, words: Iterable[str], where: Where, *, traced: bool) -> None:
        for word in words:
            if word not in self._words and len(self._words) < MOST_WORDS:
                self._words.add(word)
                self._say("status.unknown", traced, **where, word=word)

    def _ended(self, ended: Ended, where: Where, *, traced: bool) -> None:
        seconds = None if ended.begin is None or ended.end is None else (ended.end - ended.begin) / 1000
        self._say(
            "execution.ended" if ended.node is None else "node.ended",
            traced,
            **where,
            status=str(ended.status),
            node=ended.node,
            seconds=seconds,
            execution=ended.execution,
            held=ended.held or None,
            past=ended.first_sight or None,
        )

    def _requested(self, fact: Requested) -> None:
        traced = fact.workflow_id in self._traced
        if self._says("request.finished", traced=traced):
            self._say(
                "request.finished",
                traced,
                operation=fact.operation,
                code=fact.code,
                seconds=round(fact.seconds, 4),
                error_code=fact.error_code,
                project=fact.project,
                workflow_id=fact.workflow_id or None,
            )

    def _published(self, fact: Published) -> None:
        traced = fact.key.workflow_id in self._traced
        if self._says("workflow.published", traced=traced):
            held, seconds = utc(fact.held_until), round(fact.seconds, 4)
            where = _where(fact.key, fact.name)
            self._say("workflow.published", traced, **where, cause=fact.cause, seconds=seconds, held_until=held)

    def _turned(self, fact: Turned) -> None:
        traced, where = fact.key.workflow_id in self._traced, _where(fact.key, fact.name)
        if fact.until is None:
            self._health.forget(fact.key)
            self._say("workflow.left", traced, **where)
        elif self._says("workflow.waits", traced=traced):
            self._say("workflow.waits", traced, **where, until=utc(fact.until))

    # What is not one workflow's.

    def _tick(self, at: int) -> None:
        """Say what still lasts at `at` (ms), of what is not tried again by itself."""
        for lasting in (self._state, *self._read.values()):
            lasting.tick(at)

    def _reloaded(self, fact: Reloaded) -> None:
        if fact.says is None:  # at the start nothing changed
            return
        read = self._read[fact.what]
        if not fact.ok:
            read.failed(fact.at, fact.says)
            return
        read.worked(fact.at, always=True, says=fact.says)
        if fact.what == "config":  # the web configuration was read with it
            self._read["web_config"].worked(fact.at)

    def _listed(self, fact: Listed) -> None:
        for event, ids in (("workflows.came", fact.came), ("workflows.went", fact.went)):
            if ids:
                self.say(event, project=fact.project, count=len(ids), workflow_ids=ids)
        known = self._lists.get(fact.project)
        if not fact.ok:
            known = known or self._lists.setdefault(fact.project, Lasting(self.say, _LIST, project=fact.project))
            known.failed(fact.at, fact.says or "", hint=_STAYS)
        elif known:
            del self._lists[fact.project]
            known.worked(fact.at, workflows=fact.workflows)
        self._tick(fact.at)

    def _committed(self, fact: Committed) -> None:
        if fact.outcome == "ok":
            self._state.worked(fact.at)
        elif fact.outcome == "conflict":
            self.say("state.conflict", says=fact.says)
        else:
            self._state.failed(fact.at, fact.says or "")


def _where(key: Key, name: str) -> Where:
    return {"workflow": name, "project": key.project, "workflow_id": key.workflow_id}
