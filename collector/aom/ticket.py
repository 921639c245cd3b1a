"""The right to make one request."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from collector.aom.endpoints import Request

Sign = Callable[[Request, Mapping[str, str]], Mapping[str, str]]
"""From a request and its headers, `Host` among them, to all headers that go out with it."""


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The right to make one request: for which project ("" where that does not matter), and how it is signed.

    `secrets`: what no sentence may quote. `changed`: whether, after it was refused, there is something new to sign in
    with.
    """

    project_id: str
    sign: Sign
    secrets: tuple[str, ...] = field(default=(), repr=False)
    changed: Callable[[], bool] = _never

    def without_secrets(self, says: str) -> str:
        """A sentence in which the service may have quoted what it was sent."""
        for secret in self.secrets:
            says = says.replace(secret, "<secret>") if secret else says
        return says


def with_token(token: str) -> Sign:
    """Signing with a token: it goes along as it is."""
    return lambda _, headers: {**headers, "X-Auth-Token": token}
