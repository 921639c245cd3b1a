"""What a project signs its requests with: a ready token, or an access key. A password has a room of its own."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from collector.aom.budget import Standing
from collector.aom.endpoints import Request
from collector.aom.signing import Keys, signed
from collector.clock import Clock
from collector.config import Secret
from collector.errors import ConfigError, Reason, Refused

Sign = Callable[[Request, Mapping[str, str]], Mapping[str, str]]
"""From a request and its headers, `Host` among them, to all headers that go out with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The right to make one request: for which project, and how it is signed.

    `changed`: whether, after it was refused, there is something new to sign in with.
    """

    project_id: str
    sign: Sign
    changed: Callable[[], bool]


class Credential(Protocol):
    """Something to sign in with."""

    def ticket(self) -> AbstractAsyncContextManager[Ticket]:
        """The right to make one request, inside the block; a refusal that escapes it counts against the credential.

        Raises `SourceError` where there is no such right now.
        """
        ...


class ReadyToken:
    """A token from the file, or from a file of its own that somebody else keeps fresh."""

    def __init__(self, token: Secret, *, project_id: str) -> None:
        self._token = token
        self._project_id = project_id

    @asynccontextmanager
    async def ticket(self) -> AsyncIterator[Ticket]:
        """The token as it is now."""
        token = revealed(self._token)

        def changed() -> bool:
            self._token.reread()
            return revealed(self._token) != token

        yield Ticket(project_id=self._project_id, sign=with_token(token), changed=changed)


class AccessKey:
    """An access key, permanent or temporary; `standing` is shared by all projects that use it."""

    def __init__(
        self,
        *,
        access_key: Secret,
        secret_key: Secret,
        security_token: Secret | None,
        project_id: str,
        standing: Standing,
        clock: Clock,
    ) -> None:
        self._secrets = (access_key, secret_key, security_token)
        self._project_id = project_id
        self._standing = standing
        self._clock = clock

    @asynccontextmanager
    async def ticket(self) -> AsyncIterator[Ticket]:
        """A signature with the keys as they are now."""
        keys = self._keys()

        def changed() -> bool:
            for secret in self._secrets:
                if secret is not None:
                    secret.reread()
            return self._keys() != keys

        async with self._standing.trying(keys):
            yield Ticket(project_id=self._project_id, sign=self._signer(keys), changed=changed)

    def _keys(self) -> Keys:
        access_key, secret_key, security_token = self._secrets
        return Keys(
            access_key=revealed(access_key),
            secret_key=revealed(secret_key),
            security_token=None if security_token is None else revealed(security_token),
        )

    def _signer(self, keys: Keys) -> Sign:
        def sign(request: Request, headers: Mapping[str, str]) -> Mapping[str, str]:
            return signed(
                request.operation.method,
                request.path,
                request.query,
                {**headers, "X-Project-Id": self._project_id},
                request.body,
                keys=keys,
                at=self._clock.now(),
            )

        return sign


def with_token(token: str) -> Sign:
    """Signing with a token: it goes along as it is."""
    return lambda _, headers: {**headers, "X-Auth-Token": token}


def revealed(secret: Secret) -> str:
    """A secret's value; raises `Refused` where its file cannot be used."""
    try:
        return secret.reveal()
    except ConfigError as error:
        raise Refused(str(error), reason=Reason.AUTH) from None
