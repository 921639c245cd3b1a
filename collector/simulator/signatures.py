"""Is a request signed as it says (SDK-HMAC-SHA256)? The service's side alone, from what arrived. Pure."""

import hashlib
import hmac
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote

ALGORITHM = "SDK-HMAC-SHA256"
TOLERATED_SKEW_MS = 15 * 60_000
ALWAYS_SIGNED = frozenset({"host", "x-sdk-date"})

_AUTHORIZATION = re.compile(
    ALGORITHM
    + r" Access=(?P<access_key>[^\s,]+), SignedHeaders=(?P<names>[^\s,]+), Signature=(?P<signature>[0-9a-f]{64})"
)
_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")


@dataclass(frozen=True, slots=True)
class Key:
    """What an access key stands for. A key with a security token is a temporary one."""

    secret: str = field(repr=False)
    security_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A request as it came over the wire.

    `target`: path and query, undecoded. `headers`: names and values in their order, repeated ones included.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What an Authorization header says: who signed, which headers (in the order it names them), and with what."""

    access_key: str
    names: tuple[str, ...]
    signature: str


def claimed(arrived: Arrived) -> Claim | None:
    """What the request says of its own signature; None where it says nothing that can be read."""
    found = _AUTHORIZATION.fullmatch(_value(arrived, "authorization") or "")
    if found is None:
        return None
    return Claim(access_key=found["access_key"], names=tuple(found["names"].split(";")), signature=found["signature"])


def fault(arrived: Arrived, claim: Claim, key: Key, *, project_id: str, now: int) -> str:
    """Why the request is not what the owner of the key signed, in the gateway's words; "" where it is.

    `project_id`: the project of the path, "" where it has none. `now`: the service's time in ms.
    """
    return (
        _wrong_names(arrived, claim)
        or _wrong_date(_value(arrived, "x-sdk-date") or "", now)
        or _wrong_owner(arrived, claim, key)
        or _wrong_project(_value(arrived, "x-project-id"), project_id)
        or ("" if _same(_signature(arrived, claim, key.secret), claim.signature) else "verify aksk signature fail")
    )


def canonical(arrived: Arrived, names: tuple[str, ...]) -> str:
    """The text whose hash is signed, with these headers in it."""
    path, _, query = arrived.target.partition("?")
    headers = "".join(f"{name}:{_value(arrived, name) or ''}\n" for name in names)
    body = hashlib.sha256(arrived.body).hexdigest()
    return "\n".join((arrived.method.upper(), _path(path), _query(query), headers, ";".join(names), body))


def _signature(arrived: Arrived, claim: Claim, secret: str) -> str:
    hashed = hashlib.sha256(_bytes(canonical(arrived, claim.names))).hexdigest()
    signed = "\n".join((ALGORITHM, _value(arrived, "x-sdk-date") or "", hashed))
    return hmac.new(secret.encode(), _bytes(signed), hashlib.sha256).hexdigest()


def _path(raw: str) -> str:
    """The path as it is signed: decoded whole, each of its segments encoded anew, and a slash at its end.

    Bytes that are no UTF-8 are U+FFFD, as the vendor's signer reads them.
    """
    path = "/".join(_encoded(segment) for segment in unquote(raw).split("/"))
    return path if path.endswith("/") else path + "/"


def _query(raw: str) -> str:
    """The query as it is signed. What it means is what the service's handlers read in it: `+` is a space."""
    pairs = sorted(parse_qsl(raw, keep_blank_values=True, errors="surrogateescape"))
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in pairs)


def _wrong_names(arrived: Arrived, claim: Claim) -> str:
    if list(claim.names) != sorted(set(claim.names)) or any(name != name.lower() for name in claim.names):
        return "SignedHeaders are lower-case names in their order, each once"
    if missing := sorted(ALWAYS_SIGNED - set(claim.names)):
        return f"{missing[0]} must be signed"
    sent = Counter(name.lower() for name, _ in arrived.headers)
    for name in claim.names:
        if sent[name] != 1:
            return f"the signed header {name} is not sent" if not sent[name] else f"{name} is sent more than once"
    return ""


def _wrong_date(text: str, now: int) -> str:
    try:
        # The pattern first: `strptime` takes months and hours of one digit too.
        at = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if _DATE.fullmatch(text) else None
    except ValueError:
        at = None
    if at is None:
        return "the X-Sdk-Date is malformed"
    far = abs(int(at.timestamp()) * 1000 - now) > TOLERATED_SKEW_MS
    return "the X-Sdk-Date is more than 15 minutes from the service's time" if far else ""


def _wrong_owner(arrived: Arrived, claim: Claim, key: Key) -> str:
    """A temporary key comes with its security token, which is signed; another key comes with none."""
    sent = _value(arrived, "x-security-token")
    if sent is None:
        return "the X-Security-Token of a temporary access key is missing" if key.security_token else ""
    if not _same(sent, key.security_token):
        return "the X-Security-Token is not this access key's"
    return "" if "x-security-token" in claim.names else "x-security-token must be signed"


def _wrong_project(sent: str | None, project_id: str) -> str:
    if sent is None or not project_id or sent == project_id:
        return ""
    return "the X-Project-Id is not the project of the path"


def _value(arrived: Arrived, name: str) -> str | None:
    """The first value of a header, trimmed; None where it is not sent."""
    return next((value.strip() for known, value in arrived.headers if known.lower() == name), None)


def _same(one: str, other: str) -> bool:
    """In a time that does not tell how much of them is equal."""
    return hmac.compare_digest(_bytes(one), _bytes(other))


def _encoded(text: str) -> str:
    return quote(text, safe="~", errors="surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
