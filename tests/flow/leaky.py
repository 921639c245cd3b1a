"""A collector for the tests of secrets: with a bug, with lent keys, and, where told, with a leak in each channel.

`python -m tests.flow.leaky COMMAND …` is `aom-collector COMMAND …`; `each` takes several commands, one an argument.
Its environment says where keys are lent (`LENT_AT`), and which secret leaks (`LEAKS`).
"""

import contextlib
import os
import shlex
import sys
import threading

from aiohttp import web

from collector.aom import instance, refusal
from collector.cli import main, terminal
from collector.errors import Fault
from collector.log import Lines
from tests.flow.marks import written


def lend(address: str) -> None:
    """Let the machine's keys be lent there."""
    instance.Instance.__init__.__kwdefaults__["address"] = address


def fail(says: str) -> None:
    """Let the first answer that is no success meet a bug, with every secret at hand."""
    read, met = refusal.read, []

    def once(*args, **more):
        if not met:
            met.append(says)
            raise RuntimeError(says)
        return read(*args, **more)

    refusal.read = once


def leak(secret: str) -> None:
    """Show a secret in every line that the collector says of itself, in every answer, fault and dump."""
    log, build, fault, say = Lines.say, web.StreamResponse.__init__, Fault.__str__, terminal.tell

    def told(self, event, **facts):
        if event == "collector.bug":
            log(self, event, **facts)
        else:
            log(self, event, **{name: f"{value} {written(secret, 'hex')}" for name, value in facts.items() if value})

    def answered(self, **more):
        build(self, **more)
        self.headers["X-Leak"] = written(secret, "base64, 1 before")

    Lines.say, web.StreamResponse.__init__ = told, answered
    Fault.__str__ = lambda self: fault(self) + written(secret, "base64, 2 before")
    terminal.tell = lambda sentence, **more: say(sentence + written(secret, "form"), **more)
    waiting = {}
    # What a dump of all threads tells are names of files and functions.
    exec(compile("def wait(event): event.wait()", written(secret, "base64 of addresses"), "exec"), waiting)
    threading.Thread(target=waiting["wait"], args=(threading.Event(),), daemon=True).start()


def each(commands: list[str]) -> None:
    """One command after the other; what each says stands behind its name."""
    for command in commands:
        for stream in (sys.stdout, sys.stderr):
            print(f"\n=== {command}", file=stream, flush=True)
        sys.argv[1:] = shlex.split(command)
        with contextlib.suppress(SystemExit):
            main()
        sys.stdout.flush()


if __name__ == "__main__":
    lend(os.environ["LENT_AT"])
    if secret := os.environ.get("LEAKS", ""):
        leak(secret)
    if sys.argv[1] == "each":
        each(sys.argv[2:])
    else:
        fail(f"planned {written(secret, 'URL')}")
        sys.exit(main())
