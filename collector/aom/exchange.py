"""One exchange with the service as it went over the wire, for who looks at answers themselves. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from collector.aom.endpoints import Request
from collector.aom.scrub import Scrub


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What was asked for, and what came back whole, whatever its status; `raw` as it came, `encoding` its coding.

    `scrub` takes out what was signed in with, which an answer may quote.
    """

    request: Request
    status: int
    headers: Mapping[str, str] = field(repr=False)
    raw: bytes = field(repr=False)
    encoding: str = field(repr=False)
    scrub: Scrub = field(default_factory=Scrub)


Heard = Callable[[Exchange], None]
