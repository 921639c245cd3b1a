"""Every line that the log can say, one row each: the lines, their reference and the tests read these rows."""

from dataclasses import dataclass

L = ("workflow", "project", "workflow_id")
LASTED = ("lasted", "failures")
LASTS = ("since", *LASTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event: its `name`, `level` and the order of its `fields` are promised; what has no value is left out.

    `when` it is said, and what an operator does (`do`) about it.
    """

    name: str
    level: str
    fields: tuple[str, ...]
    when: str
    do: str


def _info(name: str, fields: tuple[str, ...], when: str, do: str = "Nothing.") -> Event:
    return Event(name=name, level="info", fields=fields, when=when, do=do)


def _warning(name: str, fields: tuple[str, ...], when: str, do: str) -> Event:
    return Event(name=name, level="warning", fields=fields, when=when, do=do)


def _error(name: str, fields: tuple[str, ...], when: str, do: str) -> Event:
    return Event(name=name, level="error", fields=fields, when=when, do=do)


def _debug(name: str, fields: tuple[str, ...], when: str) -> Event:
    return Event(name=name, level="debug", fields=fields, when=when, do="Read it while you search for a fault.")


_AS_AT_FIRST = "As at its start; nothing has changed since."
_LASTS = "An hour has passed since it was last said, and it still lasts."

_ALL = (
    # What ended.
    _info(
        "execution.ended",
        ("status", "seconds", *L, "execution", "held", "past"),
        "An execution ended and was counted.",
        "Look at it in the console where its status is a failure.",
    ),
    _info(
        "node.ended",
        ("status", "node", "seconds", *L, "execution", "held", "past"),
        "A node run ended and was counted.",
        "Look at it in the console where its status is a failure.",
    ),
    _info("history.counted", (*L, "endings"), "Endings from before the first sight of a workflow were counted."),
    # Looks.
    _warning(
        "poll.failing",
        (*L, "reason", "says"),
        "Looks at a workflow begin to fail, or fail for a reason not said since. What several workflows of a project "
        "say in the same words is said once, of the first.",
        "Do what the sentence says; troubleshooting.md has them all.",
    ),
    _warning("poll.still_failing", (*L, *LASTS, "workflows", "reason", "says"), _LASTS, _AS_AT_FIRST),
    _info(
        "poll.recovered",
        (*L, "reason", *LASTED),
        "A look succeeded again; of several workflows it is the last that suffered.",
    ),
    _warning(
        "history.gap",
        (*L, "hint"),
        "An answer shares no execution with the one before, so runs may have been missed.",
        "Shorten the workflow's `interval`.",
    ),
    _warning(
        "status.unknown",
        (*L, "word"),
        "The service uses a status that nobody knows; each word is said once.",
        "Report the word; meanwhile it counts as `unknown`.",
    ),
    _warning(
        "record.rejected",
        (*L, "reason", "count"),
        "Records of an answer were left out.",
        "Save the answer with `once --record`, and report it.",
    ),
    # The workflow list.
    _info("workflows.came", ("project", "count", "workflow_ids"), "Discovered workflows are watched from now on."),
    _info("workflows.went", ("project", "count", "workflow_ids"), "Discovered workflows are watched no more."),
    _warning(
        "list.failing",
        ("project", "says", "hint"),
        "A project's workflow list begins to fail.",
        "Grant the permission that the sentence names, or wait.",
    ),
    _warning("list.still_failing", ("project", *LASTS, "says", "hint"), _LASTS, _AS_AT_FIRST),
    _info("list.recovered", ("project", "workflows", *LASTED), "The list was read whole again."),
    # The state.
    _error("state.failing", ("says",), "The state begins to refuse what is written.", "Do what the sentence says."),
    _error("state.still_failing", (*LASTS, "says"), _LASTS, _AS_AT_FIRST),
    _info("state.recovered", LASTED, "The state takes what is written again."),
    _warning(
        "state.conflict",
        ("says",),
        "Somebody else has written a workflow's row; theirs holds.",
        "Make sure that one collector alone uses the state.",
    ),
    _warning(
        "private_socket.absent",
        ("says",),
        "The socket beside the state could not be opened; `state` and `health` cannot ask this collector.",
        "Make the state's folder writable, or its path shorter.",
    ),
    # The event log.
    _warning(
        "event_log.failing",
        ("says", "dropped", "hint"),
        "The event log begins to refuse what is written.",
        "Do what the sentence says; event-log.md tells more.",
    ),
    _warning("event_log.still_failing", (*LASTS, "says", "dropped", "hint"), _LASTS, _AS_AT_FIRST),
    _info("event_log.recovered", ("dropped", *LASTED), "The event log takes what is written again."),
    # Configuration and signing in.
    _warning(
        "configuration.warning",
        ("says",),
        "The file is fine but for this, said at the start and at a reload.",
        "Mend the file.",
    ),
    _info("config.reloaded", ("says", *LASTED), "The file was read again; tells what changed."),
    _error(
        "config.refused",
        ("says",),
        "A reload was refused, and the configuration before holds; the same sentence again is only counted.",
        "Mend the file, and reload.",
    ),
    _error("config.still_refused", (*LASTS, "says"), _LASTS, _AS_AT_FIRST),
    _info("web_config.loaded", ("says", *LASTED), "The web configuration was read again; tells where it listens."),
    _warning(
        "web_config.refused",
        ("says",),
        "A changed web configuration was refused, and the one before holds.",
        "Mend the file; it is read again by itself.",
    ),
    _warning("web_config.still_refused", (*LASTS, "says"), _LASTS, _AS_AT_FIRST),
    _info("credential.renewed", ("project", "expires"), "A project signs in with something new."),
    # The collector itself.
    _info("collector.started", ("listening",), "It listens and looks."),
    _info("collector.stopping", (), "It was told to stop."),
    _info("collector.stopped", (), "It has stopped; what was answered is kept."),
    _error("collector.bug", ("project", "workflow_id", "exception"), "Something that nobody expected.", "Report it."),
    _warning("library.warning", ("logger", "says", "exception"), "A library warns.", "Report it if it recurs."),
    _error("library.error", ("logger", "says", "exception"), "A library failed.", "Report it if it recurs."),
    _error("log.unreadable", ("logger",), "A library's line could not be made, and is left out.", "Report it."),
    # Details.
    _debug(
        "poll.finished",
        (*L, "outcome", "seconds", "lateness", "executions", "flaws", "words", "ended", "gap", "reason", "says"),
        "A look is over.",
    ),
    _debug(
        "request.finished",
        ("operation", "code", "seconds", "error_code", "project", "workflow_id"),
        "A request to the service is over.",
    ),
    _debug("value.invalid", (*L, "field", "count"), "Values of an answer were read as absent."),
    _debug(
        "workflow.published",
        (*L, "cause", "seconds", "held_until"),
        "What is known of a workflow was committed to the state, and then shown.",
    ),
    _debug("workflow.waits", (*L, "until"), "A workflow's turn is over, and the next is known."),
    _debug("workflow.left", L, "A workflow is watched no more."),
)
EVENTS = {event.name: event for event in _ALL}

FIELDS = {
    "workflow": "value of the `workflow` label",
    "project": "the project's name in the file",
    "workflow_id": "the workflow's id",
    "execution": "the execution's id",
    "node": "the node's id",
    "status": "the final status, as in the metrics",
    "seconds": "how long it took",
    "held": "true where its counter is new, and shown at its starting value for `first_zero`",
    "past": "true where it ended before the workflow was first seen; said of traced workflows alone",
    "endings": "how many executions and node runs",
    "reason": "why a look failed, as in the metrics, or `state`; why a record was rejected",
    "says": "one sentence for people; it may change",
    "hint": "what it means, for people; it may change",
    "since": "when it began",
    "lasted": "seconds since it began",
    "failures": "how many looks, lists, commits or reloads failed meanwhile",
    "workflows": "how many workflows suffer from it; how many the list has",
    "dropped": "how many lines of the event log are lost",
    "word": "the service's word",
    "words": "status words of the answer that nobody knows",
    "count": "how many",
    "workflow_ids": "their ids, the first 20",
    "expires": "when it expires, where that is known",
    "listening": "where it listens",
    "exception": "the traceback, without values of variables",
    "logger": "which library",
    "outcome": "`changed`, `unchanged` or `failed`",
    "lateness": "seconds it began after its due time",
    "executions": "how many executions the answer held, or the new part of it",
    "flaws": "how many records or values of these could not be read",
    "ended": "how many endings were counted",
    "gap": "true where runs may have been missed",
    "operation": "what was asked, as in the metrics",
    "code": "the HTTP status, or `error`",
    "error_code": "the service's own code",
    "field": "which field, as in the metrics",
    "cause": "`look`, `release` (a hold is over), `list` (names and nodes), `fit` (another configuration) or `leave`",
    "held_until": "when what is held is shown",
    "until": "when its next turn is",
}
