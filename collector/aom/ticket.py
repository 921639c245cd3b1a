"""The right to make one request."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TypeVar

from collector.aom.endpoints import Request
from collector.errors import Reason, Refused

T = TypeVar("T")

Sign = Callable[[Request, Mapping[str, str]], Mapping[str, str]]
"""From a request and its headers, `Host` among them, to all headers that go out with it."""


async def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The right to make one request: for which project ("" where that does not matter), and how it is signed.

    `secrets`: what nobody may quote. `changed`: whether, after it was refused, there is something new to sign in
    with.
    """

    project_id: str
    sign: Sign
    secrets: tuple[str, ...] = field(default=(), repr=False)
    changed: Callable[[], Awaitable[bool]] = _never


def with_token(token: str) -> Sign:
    """Signing with a token: it goes along as it is."""
    return lambda _, headers: {**headers, "X-Auth-Token": token}


async def exchanged(
    ticket_for: Callable[[bool], AbstractAsyncContextManager[Ticket]], exchange: Callable[[Ticket], Awaitable[T]]
) -> T:
    """What an exchange brings: made once, and once more where what signs it is another by then.

    `ticket_for`: from whether it is the last time to a ticket. Raises `SourceError`.
    """
    ticket: Ticket | None = None
    try:
        async with ticket_for(False) as ticket:  # noqa: FBT003  the only thing it is told
            return await exchange(ticket)
    except Refused as error:
        if ticket is None or error.reason is not Reason.AUTH or not await ticket.changed():
            raise
    async with ticket_for(True) as ticket:  # noqa: FBT003  likewise
        return await exchange(ticket)
