"""The metadata service of the machine this runs on: it lends keys to whoever asks from there."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import aiohttp
from yarl import URL

from collector.aom import body, lent, refusal
from collector.aom.broken import broken
from collector.aom.endpoints import LEND_KEYS, METADATA_TOKEN, Operation, Request
from collector.aom.lent import Lent
from collector.aom.scrub import Scrub
from collector.clock import Clock
from collector.config import is_one_line
from collector.errors import Reason, Refused, SourceError, Unreadable
from collector.model import Fact, Requested

ADDRESS = "http://169.254.169.254"
TIMEOUT = 3.0
"""Seconds for one request: it is answered on the machine itself, or not at all."""
MOST_BYTES = 1 << 16
TOKEN_LIFE = "21600"  # noqa: S105  no token, but the seconds that one is asked for
VERSION_1 = (404, 405, 503)
"""What a service answers that knows no tokens."""
UNAUTHORIZED = 401

Ask = Callable[[Operation, Mapping[str, str]], Awaitable[bytes]]


class NoAgency(Refused):
    """The machine has no agency that it could lend the keys of."""


class Metadata:
    """A machine's metadata service. It is asked past every proxy, and no redirect is followed."""

    def __init__(self, *, clock: Clock, address: str = ADDRESS) -> None:
        self._clock = clock
        self._address = address
        self._token = ""

    async def lent(self, project: str, emit: Callable[[Fact], None]) -> Lent:
        """The keys of the machine's agency; `emit` is told of each request, under the project's name.

        Raises `SourceError`: `NoAgency` where there is none.
        """
        try:
            async with self._session() as session:
                ask = partial(self._asked, session, project, emit)
                self._token = self._token or await self._new_token(ask)
                try:
                    return await self._keys(ask)
                except Refused as error:
                    if error.status != UNAUTHORIZED or isinstance(error, NoAgency):
                        raise
                # Its token may just have died of age.
                self._token = await self._new_token(ask)
                return await self._keys(ask)
        except SourceError as error:
            says = f"{LEND_KEYS.name} at {self._address}: {error}"
            raise error.saying(says) from None

    async def _new_token(self, ask: Ask) -> str:
        """A token of version 2, "" where the service knows none."""
        try:
            token = (await ask(METADATA_TOKEN, {"X-Metadata-Token-Ttl-Seconds": TOKEN_LIFE})).decode("utf-8", "replace")
        except SourceError as error:
            if error.status in VERSION_1:
                return ""
            raise
        if not token or not is_one_line(token):
            says = "the token it gave is none"
            raise Unreadable(says, reason=Reason.ANSWER)
        return token

    async def _keys(self, ask: Ask) -> Lent:
        answer = await ask(LEND_KEYS, {"X-Metadata-Token": self._token} if self._token else {})
        return lent.read(body.json_object(answer, ""), now=self._clock.now())

    async def _asked(
        self,
        session: aiohttp.ClientSession,
        project: str,
        emit: Callable[[Fact], None],
        operation: Operation,
        headers: Mapping[str, str],
    ) -> bytes:
        began, code = self._clock.monotonic(), "error"
        address = URL(self._address + Request(operation=operation).path, encoded=True)
        try:
            async with session.request(operation.method, address, headers=headers, allow_redirects=False) as response:
                code = str(response.status)
                raw = await body.collect(response.content.iter_chunked(1 << 12), limit=MOST_BYTES)
                if response.status == operation.success:
                    return raw
                raise self._refused(response.status, response.headers, raw)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as fault:
            raise broken(fault, timeout=TIMEOUT) from None
        finally:
            seconds = self._clock.monotonic() - began
            emit(Requested(project=project, operation=operation.name, code=code, seconds=seconds))

    def _refused(self, status: int, headers: Mapping[str, str], raw: bytes) -> SourceError:
        if status == UNAUTHORIZED and b"agency" in raw.lower():
            says = "this machine has no agency, so there are no keys to lend; give it one that may read AOM"
            return NoAgency(says, reason=Reason.AUTH, status=status)
        # The service may quote what it refuses.
        return refusal.read(status, headers, raw, scrub=Scrub(self._token)).verdict(now=self._clock.now())

    def _session(self) -> aiohttp.ClientSession:
        """A session for one errand: keys are asked for once in an hour."""
        return aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=TIMEOUT),
            headers={"Accept-Encoding": "identity", "User-Agent": "aom-collector"},
            auto_decompress=False,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
