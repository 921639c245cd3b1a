"""Named points at which a test may end this process as `kill -9` does; in a normal run each does nothing.

`AOM_FAILPOINT=commit-inside:3:0.1` ends the process when it comes to that point for the third time, after a tenth of
a second in which its other threads go on: what they show by then, somebody may have seen.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from itertools import count

VARIABLE = "AOM_FAILPOINT"


def _absent(name: str) -> None:
    """Do nothing."""


def _armed(order: str) -> Callable[[str], None]:
    """A failpoint that does what the environment orders: a name, which time, and seconds to linger."""
    wanted, _, rest = order.partition(":")
    time, _, linger = rest.partition(":")
    last, seconds, times = int(time or 1), float(linger or 0), count(1)

    def ends_here(name: str) -> None:
        if name != wanted or next(times) != last:
            return
        sys.stderr.write(f"failpoint {name}\n")
        sys.stderr.flush()
        threading.Event().wait(seconds)
        os.kill(os.getpid(), signal.SIGKILL)

    return ends_here


failpoint: Callable[[str], None] = _armed(os.environ[VARIABLE]) if VARIABLE in os.environ else _absent
