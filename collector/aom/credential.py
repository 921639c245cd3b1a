"""What a project signs its requests with: a ready token, or an access key. A password has a room of its own."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from collector.aom.budget import Standing
from collector.aom.endpoints import Request
from collector.aom.signing import Keys, signed
from collector.aom.ticket import Sign, Ticket, with_token
from collector.clock import Clock
from collector.config import Secret
from collector.errors import ConfigError, Reason, Refused


class Credential(Protocol):
    """Something to sign in with."""

    def ticket(self, *, last: bool) -> AbstractAsyncContextManager[Ticket]:
        """The right to make one request, inside the block; a refusal that escapes it counts against the credential.

        `last`: nothing is tried again where it is refused. Raises `SourceError` where there is no such right now.
        """
        ...


class ReadyToken:
    """A token from the file, or from a file of its own that somebody else keeps fresh."""

    def __init__(self, token: Secret, *, project_id: str) -> None:
        self._token = token
        self._project_id = project_id

    @asynccontextmanager
    async def ticket(self, *, last: bool) -> AsyncIterator[Ticket]:  # noqa: ARG002  every credential is asked alike
        """The token as it is now."""
        token = revealed(self._token)

        def changed() -> bool:
            self._token.reread()
            return revealed(self._token) != token

        yield Ticket(project_id=self._project_id, sign=with_token(token), secrets=(token,), changed=changed)


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
    async def ticket(self, *, last: bool) -> AsyncIterator[Ticket]:  # noqa: ARG002  every credential is asked alike
        """A signature with the keys as they are when its time has come."""
        async with self._standing.trying(self._keys) as keys:

            def changed() -> bool:
                for secret in self._secrets:
                    if secret is not None:
                        secret.reread()
                return self._keys() != keys

            secrets = (keys.access_key, keys.secret_key, keys.security_token or "")
            yield Ticket(project_id=self._project_id, sign=self._signer(keys), secrets=secrets, changed=changed)

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


def revealed(secret: Secret) -> str:
    """A secret's value; raises `Refused` where its file cannot be used."""
    try:
        return secret.reveal()
    except ConfigError as error:
        raise Refused(str(error), reason=Reason.AUTH) from None
