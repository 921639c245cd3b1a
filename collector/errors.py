"""Errors are types that carry a decision: whose fault it is and whether to ask again."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """Why a poll failed: the closed `reason` label of `aom_collector_workflow_poll_failures_total`."""

    AUTH = "auth"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    THROTTLED = "throttled"
    TIMEOUT = "timeout"
    NETWORK = "network"
    ANSWER = "answer"
    OVERSIZE = "oversize"
    SERVER = "server"


class CollectorError(Exception):
    """Base of every error that has one clear sentence for a person; `str()` is that sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where in a file a fault stands.

    `text`: that line as it may be shown, without secrets, "" where it may not. `start` and `end`: what of it is at
    fault, in characters. `file` is "" where that has no name.
    """

    line: int
    file: str = ""
    text: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with a configuration file.

    `path` is where (`project[1].interval`, or `line 3` for broken TOML), `says` what is wrong, `fix` the likely mend
    or "". `spot` is None where no line is at fault.
    """

    path: str
    says: str
    fix: str = ""
    spot: Spot | None = None

    def __str__(self) -> str:
        spot = f"{self.spot.file}:{self.spot.line}: " if self.spot and self.spot.file else ""
        mend = f"; {self.fix}" if self.fix else ""
        return f"{spot}{self.path}: {self.says}{mend}"


class ConfigError(CollectorError):
    """Your file: it cannot be used as it is. Exit status 2."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class SourceError(CollectorError):
    """The service gave no usable answer. `reason` is the metric label; the text never holds a secret.

    `retry_after`: seconds of rest that it asked for. `status`: the HTTP status it refused with.
    """

    def __init__(
        self, says: str, *, reason: Reason, retry_after: float | None = None, status: int | None = None
    ) -> None:
        super().__init__(says)
        self.reason = reason
        self.retry_after = retry_after
        self.status = status

    def saying(self, says: str) -> Self:
        """The same error in other words."""
        return type(self)(says, reason=self.reason, retry_after=self.retry_after, status=self.status)


class Unavailable(SourceError):
    """Ask again: the network, a time-out, a server error or throttling; it may pass by itself."""


class Refused(SourceError):
    """Do not ask again soon: the credential, the permission or the address is wrong."""


class Unreadable(SourceError):
    """Their answer: it arrived, but it is not what the interface promises."""


class StateError(CollectorError):
    """The state store cannot be used. Exit status 1."""


class StateLocked(StateError):
    """Another process holds the state."""


class StateNewer(StateError):
    """The state was written by a newer version; it is left untouched. Exit status 2."""


class Conflict(StateError):
    """A commit started from a version that is no longer the row's; reload the row."""


class RecordingError(CollectorError):
    """A recording cannot be written, or is none. Exit status 1."""


class ListenError(CollectorError):
    """The address to listen on cannot be had. Exit status 1."""
