"""What a project signs its requests with: a ready token, or an access key. A password has a room of its own."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Protocol

from collector.aom.endpoints import Request
from collector.aom.instance import Emit, Instance
from collector.aom.projects import ProjectId
from collector.aom.signing import Keys, signed
from collector.aom.standing import Trial, Use
from collector.aom.ticket import Sign, Ticket, with_token
from collector.clock import Clock
from collector.config import Secret
from collector.errors import ConfigError, Reason, Refused, SourceError


class Credential(Protocol):
    """Something to sign in with."""

    def ticket(self, *, last: bool) -> AbstractAsyncContextManager[Ticket]:
        """The right to make one request, inside the block; a refusal that escapes it counts against the credential.

        `last`: nothing is tried again where it is refused. Raises `SourceError` where there is no such right now.
        """
        ...

    async def close(self) -> None:
        """End what is under way."""
        ...


class Keyring(Protocol):
    """Where an access key comes from."""

    async def ready(self) -> None:
        """Make sure that there is one. Raises `SourceError`."""
        ...

    def keys(self) -> Keys:
        """The access key as it is now. Raises `SourceError`."""
        ...

    async def changed(self, keys: Keys) -> bool:
        """Whether, after this one was refused, there is another by now. Raises `SourceError`."""
        ...

    async def close(self) -> None:
        """End what is under way."""
        ...


class ReadyToken:
    """A token from the file, or from a file of its own that somebody else keeps fresh."""

    def __init__(self, token: Secret, *, project: ProjectId, standing: Use) -> None:
        self._token = token
        self._standing = standing
        self._project = project

    @asynccontextmanager
    async def ticket(self, *, last: bool) -> AsyncIterator[Ticket]:  # noqa: ARG002  every credential is asked alike
        """The token as it is now."""
        project_id = await self._project.known(self._signed)
        async with self._signed(project_id) as ticket:
            yield ticket

    async def close(self) -> None:
        """End what is under way."""
        await self._project.close()

    @asynccontextmanager
    async def _signed(self, project_id: str) -> AsyncIterator[Ticket]:
        async with self._standing.trying(lambda: revealed(self._token)) as trial:
            token, sign = trial.secret, with_token(trial.secret)

            def send(request: Request, headers: Mapping[str, str]) -> Mapping[str, str]:
                trial.sent()
                return sign(request, headers)

            async def changed() -> bool:
                self._token.reread()
                return revealed(self._token) != token

            yield Ticket(project_id=project_id, sign=send, secrets=(token,), changed=changed)


class AccessKey:
    """An access key, permanent or temporary; `standing` is shared by all projects that use it."""

    def __init__(self, keyring: Keyring, *, project: ProjectId, standing: Use, clock: Clock) -> None:
        self._keyring = keyring
        self._project = project
        self._standing = standing
        self._clock = clock

    @asynccontextmanager
    async def ticket(self, *, last: bool) -> AsyncIterator[Ticket]:  # noqa: ARG002  every credential is asked alike
        """A signature with the keys as they are when its time has come."""
        await self._keyring.ready()
        # Before the key is tried for this request: a look-up has to try it, too.
        project_id = await self._project.known(self._signed)
        async with self._signed(project_id) as ticket:
            yield ticket

    async def close(self) -> None:
        """End what is under way."""
        await self._project.close()
        await self._keyring.close()

    @asynccontextmanager
    async def _signed(self, project_id: str) -> AsyncIterator[Ticket]:
        async with self._standing.trying(self._keyring.keys) as trial:
            keys = trial.secret
            yield Ticket(
                project_id=project_id,
                sign=self._signer(trial, project_id),
                secrets=(keys.access_key, keys.secret_key, keys.security_token or ""),
                changed=partial(self._keyring.changed, keys),
            )

    def _signer(self, trial: Trial[Keys], project_id: str) -> Sign:
        own = {"X-Project-Id": project_id} if project_id else {}

        def sign(request: Request, headers: Mapping[str, str]) -> Mapping[str, str]:
            trial.sent()
            return signed(
                request.operation.method,
                request.path,
                request.query,
                {**headers, **own},
                request.body,
                keys=trial.secret,
                at=self._clock.now(),
            )

        return sign


class Kept:
    """An access key that the file holds, the environment, a profile, or files of their own."""

    def __init__(self, access_key: Secret, secret_key: Secret, security_token: Secret | None) -> None:
        self._secrets = (access_key, secret_key, security_token)

    async def ready(self) -> None:
        """It is always there."""

    def keys(self) -> Keys:
        """The access key as its files have it now. Raises `Refused` where they cannot be used."""
        access_key, secret_key, security_token = self._secrets
        return Keys(
            access_key=revealed(access_key),
            secret_key=revealed(secret_key),
            security_token=(revealed(security_token) or None) if security_token else None,
        )

    async def changed(self, keys: Keys) -> bool:
        """Whether the files hold another by now. Raises `Refused` where they cannot be used."""
        for secret in self._secrets:
            if secret is not None:
                secret.reread()
        return self.keys() != keys

    async def close(self) -> None:
        """Nothing is under way."""


class Borrowed:
    """The access key that this machine is lent, for one of the projects that use it; `emit` is told of each."""

    def __init__(self, instance: Instance, *, project: str, emit: Emit) -> None:
        self._instance = instance
        self._project = project
        instance.join(project, emit)

    async def ready(self) -> None:
        """Make sure that there is one. Raises `SourceError`."""
        try:
            await self._instance.ready(self._project)
        except SourceError as error:
            says = f"project {self._project!r}: {error}"
            raise error.saying(says) from None

    def keys(self) -> Keys:
        """The access key as it was lent last. Raises `SourceError`."""
        return self._instance.keys()

    async def changed(self, keys: Keys) -> bool:
        """Whether another is lent by now."""
        return await self._instance.changed(self._project, keys)

    async def close(self) -> None:
        """Use it no more."""
        await self._instance.leave(self._project)


def revealed(secret: Secret) -> str:
    """A secret's value; raises `Refused` where its file cannot be used."""
    try:
        return secret.reveal()
    except ConfigError as error:
        raise Refused(str(error), reason=Reason.AUTH) from None
