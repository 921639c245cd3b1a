"""One HTTP exchange with the service: one session per project, no redirect ever followed, no body without a bound."""

import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.request import getproxies_environment, proxy_bypass

import aiohttp
from yarl import URL

from collector.aom import body, refusal
from collector.aom.broken import broken
from collector.aom.endpoints import Request
from collector.aom.exchange import Exchange, Heard
from collector.aom.pace import Turn, telling
from collector.aom.scrub import Scrub
from collector.aom.signing import query_string
from collector.aom.ticket import Ticket
from collector.clock import Clock
from collector.config import Project
from collector.errors import ConfigError, Reason, Refused, SourceError
from collector.model import Fact, Requested

LONGEST_HEADER = 1 << 16
"""A token alone may have 40 kB, and it comes in a header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A good answer: the body as it came, how it is encoded, the service's Date (ms), and its headers.

    `scrub` takes out of what it says what it was asked with.
    """

    raw: bytes = field(repr=False)
    encoding: str = field(repr=False)
    date: int | None
    headers: Mapping[str, str] = field(repr=False)
    scrub: Scrub = field(default_factory=Scrub)


class Transport:
    """Exchanges for one project; `emit` is told of each, and `heard` shown those that brought an answer."""

    def __init__(
        self, project: Project, *, clock: Clock, emit: Callable[[Fact], None], heard: Heard | None = None
    ) -> None:
        self._project = project
        self._clock = clock
        self._emit = emit
        self._heard = heard
        self._session: aiohttp.ClientSession | None = None

    async def exchange(self, request: Request, ticket: Ticket, turn: Turn) -> Answer:
        """Send one request when its turn has come, and read its answer.

        Raises `SourceError`, its sentence naming project and operation.
        """
        request = request.within(ticket.project_id) if ticket.project_id else request
        try:
            return await self._exchange(request, ticket, turn)
        except SourceError as error:
            says = f"{self.where(request)}: {error}"
            raise error.saying(says) from None
        finally:
            turn.sent()  # whatever became of it

    def where(self, request: Request) -> str:
        """How a sentence about a request begins."""
        return f"project {self._project.name!r}: {request.operation.name} at {self._base(request)}"

    def peer(self) -> tuple[str, int]:
        """As `Aom.peer`."""
        address = URL(self._project.endpoint)
        address = self._proxy(address) or address
        return address.host or "", address.port or 443

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    async def _exchange(self, request: Request, ticket: Ticket, turn: Turn) -> Answer:
        address = self._address(request)
        proxy, session = self._proxy(address), self._open()
        headers = ticket.sign(request, self._headers(address))
        scrub = Scrub(*ticket.secrets, *_sent(headers, proxy))
        began = self._clock.monotonic()
        code, error_code, skew = "error", None, None
        try:
            async with session.request(
                request.operation.method,
                address,
                headers=headers,
                data=request.body or None,
                allow_redirects=False,
                proxy=proxy,
                trace_request_ctx=turn,
            ) as response:
                code, date = str(response.status), refusal.date(response.headers.get("Date"))
                skew = None if date is None else (date - self._clock.now()) / 1000
                raw = await body.collect(response.content.iter_chunked(1 << 16), limit=self._project.max_response_bytes)
                encoding = response.headers.get("Content-Encoding", "").strip().lower()
                if self._heard:
                    self._heard(
                        Exchange(
                            request=request,
                            status=response.status,
                            headers=response.headers,
                            raw=raw,
                            encoding=encoding,
                            scrub=scrub,
                        )
                    )
                if response.status == request.operation.success:
                    return Answer(raw=raw, encoding=encoding, date=date, headers=response.headers, scrub=scrub)
                # The service quotes what it refuses.
                refused = refusal.read(response.status, response.headers, body.briefly(raw, encoding), scrub=scrub)
                error_code = refused.code
                raise refused.verdict(now=self._clock.now(), skew=skew)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as fault:
            raise broken(fault, timeout=self._project.timeout) from None
        finally:
            self._emit(
                Requested(
                    project=self._project.name,
                    operation=request.operation.name,
                    code=code,
                    seconds=self._clock.monotonic() - began,
                    error_code=error_code,
                    skew=skew,
                    workflow_id=request.ids.get("workflow_id", ""),
                )
            )

    def _base(self, request: Request) -> str:
        return self._project.iam_endpoint if request.operation.iam else self._project.endpoint

    def _address(self, request: Request) -> URL:
        query = query_string(request.query)
        # As it is written here it is sent: what is signed must not be written anew on its way.
        return URL(self._base(request) + request.path + (f"?{query}" if query else ""), encoded=True)

    def _headers(self, address: URL) -> dict[str, str]:
        return {
            "Host": address.host_port_subcomponent or "",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": "aom-collector",
        }

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            seconds = self._project.timeout
            self._session = aiohttp.ClientSession(
                # As many as are allowed at once, and one to sign in with.
                connector=aiohttp.TCPConnector(limit=self._project.concurrency + 1, ssl=self._trust()),
                timeout=aiohttp.ClientTimeout(
                    total=seconds, connect=seconds, sock_connect=min(seconds, 10.0), sock_read=seconds
                ),
                auto_decompress=False,
                trust_env=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                max_field_size=LONGEST_HEADER,
                max_line_size=LONGEST_HEADER,
                trace_configs=[telling()],
            )
            # It would send a request again by itself where a kept connection has died, past every budget.
            self._session._retry_connection = False  # noqa: SLF001  there is no public switch; a test watches it
        return self._session

    def _trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self._project.ca_file:
            try:
                context.load_verify_locations(self._project.ca_file)
            except (OSError, ssl.SSLError):
                says = f"ca_file {self._project.ca_file} holds no readable certificate"
                raise Refused(says, reason=Reason.NETWORK) from None
        return context

    def _proxy(self, address: URL) -> URL | None:
        if self._project.proxy is not None:
            try:
                return _proxy_at(self._project.proxy.reveal(), "proxy")
            except ConfigError as error:
                raise Refused(str(error), reason=Reason.NETWORK) from None
        host = address.host or ""
        if host in ("localhost", "127.0.0.1", "::1") or proxy_bypass(host):
            return None
        named = getproxies_environment().get(address.scheme)
        return _proxy_at(named if "://" in named else f"http://{named}", f"{address.scheme}_proxy") if named else None


def _proxy_at(given: str, name: str) -> URL:
    """A proxy's address. Raises `Refused` where it is none, and quotes nothing of it: a password may stand in it."""
    try:
        found = URL(given)
        if found.scheme in ("http", "https") and found.host:
            return found
    except ValueError:
        pass
    says = f"{name} is not the http or https address of a proxy; write it like http://proxy.example:3128"
    raise Refused(says, reason=Reason.NETWORK)


def _sent(headers: Mapping[str, str], proxy: URL | None) -> Iterator[str]:
    """What goes out beside the credential and opens something: a signature for a while, and the way through a proxy."""
    yield headers.get("Authorization", "").rpartition("Signature=")[2]
    if proxy is not None and proxy.password:
        way = f"{proxy.user or ''}:{proxy.password}"
        yield from (proxy.password, way, b64encode(way.encode()).decode())
