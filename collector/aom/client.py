"""Requests to the service: one session per project, allowed requests only, no redirect ever followed."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.request import getproxies_environment, proxy_bypass

import aiohttp
from aiolimiter import AsyncLimiter
from yarl import URL

from collector.aom import body, refusal
from collector.aom.endpoints import Operation, path
from collector.clock import Clock
from collector.config import Project, Secret
from collector.errors import ConfigError, Fault, Reason, Refused, SourceError, Unavailable, Unreadable
from collector.model import Fact, Requested

LONGEST_HEADER = 1 << 16
"""A token alone may have 40 kB, and the service may send it back."""
OK = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer: the body as it came, how it is encoded, and the service's Date (ms)."""

    raw: bytes
    encoding: str
    date: int | None


class Client:
    """Requests for one project, under its limits."""

    def __init__(self, project: Project, *, limiter: AsyncLimiter, clock: Clock, emit: Callable[[Fact], None]) -> None:
        self._project = project
        self._limiter = limiter
        self._clock = clock
        self._emit = emit
        self._session: aiohttp.ClientSession | None = None
        self._slots = asyncio.Semaphore(project.concurrency)

    async def send(self, operation: Operation, *, query: dict[str, str], **ids: str) -> Answer:
        """Make one allowed request; waiting for the rate limit is not part of its time-out. Raises `SourceError`."""
        address = URL(self._project.endpoint + path(operation, **ids), encoded=True).with_query(query)
        async with self._slots, self._limiter:
            began = self._clock.monotonic()
            code, error_code, skew = "error", None, None
            try:
                async with self._open().request(
                    operation.method,
                    address,
                    headers=self._headers(),
                    allow_redirects=False,
                    proxy=self._proxy(address),
                ) as response:
                    date = refusal.date(response.headers.get("Date"))
                    skew = None if date is None else (date - self._clock.now()) / 1000
                    code = str(response.status)
                    raw = await body.collect(
                        response.content.iter_chunked(1 << 16), limit=self._project.max_response_bytes
                    )
                    encoding = response.headers.get("Content-Encoding", "").strip().lower()
                    if response.status == OK:
                        return Answer(raw, encoding, date)
                    error_code, fault = self._refused(operation, response, raw, encoding)
                    raise fault
            except ConfigError as error:
                raise Refused(self._says(operation, str(error)), reason=Reason.AUTH) from None
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                raise self._failed(operation, error) from None
            finally:
                self._emit(
                    Requested(
                        project=self._project.name,
                        operation=operation.name,
                        code=code,
                        seconds=self._clock.monotonic() - began,
                        error_code=error_code,
                        skew=skew,
                    )
                )

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            seconds = min(self._project.timeout, self._project.poll_deadline)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._project.concurrency, ssl=self._trust()),
                timeout=aiohttp.ClientTimeout(
                    total=seconds, connect=seconds, sock_connect=min(seconds, 10.0), sock_read=seconds
                ),
                auto_decompress=False,
                trust_env=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                max_field_size=LONGEST_HEADER,
                max_line_size=LONGEST_HEADER,
            )
        return self._session

    def _trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self._project.ca_file:
            try:
                context.load_verify_locations(self._project.ca_file)
            except (OSError, ssl.SSLError):
                says = f"project {self._project.name!r}: ca_file {self._project.ca_file} holds no readable certificate"
                raise Unavailable(says, reason=Reason.NETWORK) from None
        return context

    def _headers(self) -> dict[str, str]:
        return {
            "X-Auth-Token": self._token.reveal(),
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": "aom-collector",
        }

    def _proxy(self, address: URL) -> URL | None:
        if self._project.proxy is not None:
            return URL(self._project.proxy.reveal())
        host = address.host or ""
        if host in ("localhost", "127.0.0.1", "::1") or proxy_bypass(host):
            return None
        named = getproxies_environment().get(address.scheme)
        return URL(named) if named else None

    @property
    def _token(self) -> Secret:
        token = self._project.auth.token
        if token is None:
            raise ConfigError((Fault(path="auth.token", says="must be given"),))
        return token

    def _says(self, operation: Operation, what: str) -> str:
        return f"project {self._project.name!r}: {operation.name} at {self._project.endpoint}: {what}"

    def _refused(
        self, operation: Operation, response: aiohttp.ClientResponse, raw: bytes, encoding: str
    ) -> tuple[str | None, SourceError]:
        try:
            code, message = refusal.error(body.inflate(raw, encoding, limit=1 << 20))
        except SourceError:
            code, message = None, ""
        if response.status == 401:  # noqa: PLR2004  the token may have been renewed in its file
            self._token.reread()
        own = " ".join(part for part in (code, message) if part)
        where = " (redirects are never followed)" if 300 <= response.status < 400 else ""  # noqa: PLR2004  redirects
        says = f"it answered {response.status}{where}" + (f": {own}" if own else "")
        wait = refusal.retry_after(response.headers.get("Retry-After"), self._clock.now())
        return code, refusal.verdict(response.status, self._says(operation, says), retry_after=wait)

    def _failed(self, operation: Operation, error: Exception) -> SourceError:
        """What broke, in words of our own: the library's errors may hold the request's headers."""
        if isinstance(error, TimeoutError):
            says = self._says(operation, f"no whole answer within {self._project.timeout:g} s")
            return Unavailable(says, reason=Reason.TIMEOUT)
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            what = "its certificate is not trusted; name its authority in ca_file"
        elif isinstance(error, aiohttp.ClientProxyConnectionError):
            what = "the proxy cannot be reached"
        elif isinstance(error, aiohttp.ClientHttpProxyError):
            what = f"the proxy answered {error.status}"
        elif isinstance(error, aiohttp.ClientConnectorDNSError):
            what = "its name cannot be resolved"
        elif isinstance(error, aiohttp.ClientSSLError):
            what = "TLS failed"
        elif isinstance(error, aiohttp.ClientConnectorError):
            what = f"it cannot be reached ({error.os_error.strerror or 'no connection'})"
        elif isinstance(error, aiohttp.ClientPayloadError):
            says = self._says(operation, "the answer was cut off")
            return Unavailable(says, reason=Reason.NETWORK)
        elif isinstance(error, aiohttp.ClientResponseError | ValueError):
            says = self._says(operation, "what it answered is not HTTP that can be read")
            return Unreadable(says, reason=Reason.ANSWER)
        else:
            what = "the connection broke"
        return Unavailable(self._says(operation, what), reason=Reason.NETWORK)
