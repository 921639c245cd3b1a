"""The reference of the log, written from the table of events: `python -m collector.log.reference`."""

import sys
from collections.abc import Iterable

from collector.log.events import EVENTS, FIELDS, Event

_INTRO = """# Logs

Written by `python -m collector.log.reference`; change the table of events, not this page.

One line on standard error per thing that happened. `log_format` chooses how it looks:

- `json`: one object per line. Lists are arrays.
- `logfmt`: `key=value` pairs; a list is joined with commas, and what would end a line or move a terminal's cursor is
  spelled out (`\\u000a`).
- `console`: the same for people, in colours on a terminal unless `NO_COLOR` is set. A traceback has several lines here,
  and here alone, all set in.

Each line begins with `time` (UTC), `level` and `event`; its other fields follow in the order below.

**What is promised**: the name of an event, its level, and the order of its fields. A later version may add events, and
fields after those that an event has. Sentences (`says`, `hint`) are for people and may change. A field without a value
is left out. A text is cut after 2,000 characters, a list after 20 elements of 100 characters. No line holds a secret.

## What is said, and how often

- Nothing about a look that found nothing new: a quiet collector says less than one line at `info` or above per workflow
  and hour, whatever it polls.
- What lasts is said when it begins (`.failing`, `.refused`), once an hour while it lasts (`.still_failing`,
  `.still_refused`, with `since`, `lasted`, `failures` and the latest sentence), and when it ends (`.recovered`,
  `.reloaded`, `.loaded`, with `lasted` and `failures`). Each reason of a failing workflow is said once until it
  recovers.
- What several workflows of a project say in the same words is one trouble, said once: of the workflow that began it,
  hourly of one that suffers from it, and at its end of the last that did. `workflows` tells how many suffer.
- A workflow that is watched no more is forgotten with its trouble, and no end is said of that.

## Tracing one workflow

`log_workflows = ["wf-0001"]` in `[collector]` logs everything about these workflows, whatever `log_level` says, each
line at its own level: every request (`request.finished`), every look with its outcome and what the answer held
(`poll.finished`), each ending, those of the past too (`past=true`), what was committed, shown and held back
(`workflow.published`), and when the next turn is (`workflow.waits`). A reload may change it. Requests that are made for
a whole project, such as signing in or reading the list, are not one workflow's, and are logged at `debug` alone. A
request that fails on its way has the code `error`; the sentence is in `poll.finished`.
"""
_HEAD = "| event | level | when | fields | what to do |\n|---|---|---|---|---|\n"


def reference() -> str:
    """The whole page as Markdown."""
    fields = "".join(f"| `{name}` | {meaning} |\n" for name, meaning in FIELDS.items())
    return (
        f"{_INTRO}\n## Events\n\n{_HEAD}{''.join(map(_row, EVENTS.values()))}\n"
        f"## Fields\n\nTimes are UTC, durations seconds.\n\n| field | meaning |\n|---|---|\n{fields}"
    )


def _row(event: Event) -> str:
    return f"| `{event.name}` | {event.level} | {event.when} | {_names(event.fields)} | {event.do} |\n"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    sys.stdout.write(reference())
