"""Signing requests with an access key, by the service's method SDK-HMAC-SHA256. Pure."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, unquote

ALGORITHM = "SDK-HMAC-SHA256"

# The vendor signs whatever it sends. These three a proxy on the way may rewrite, and the service needs none of them to
# know what was asked; it checks the headers that the signature names, so one left out costs nothing.
_REWRITTEN_ON_THE_WAY = frozenset({"user-agent", "accept", "accept-encoding"})
# Written here alone, so that the headers of an earlier signature can be handed in again.
_OURS = frozenset({"x-sdk-date", "x-security-token", "authorization"})


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key and its secret; a temporary key also has a security token."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)


def query_string(query: Sequence[tuple[str, str]]) -> str:
    """The query exactly as it is signed and sent, without `?`; "" for none.

    Ordered by name, then value, as they are before encoding; that is the order in which the vendor signs them.
    Raises `ValueError` for a lone surrogate.
    """
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in sorted(query))


def signed(
    method: str,
    path: str,
    query: Sequence[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes,
    *,
    keys: Keys,
    at: int,
) -> dict[str, str]:
    """All headers to send: those given, `X-Sdk-Date`, `Authorization`, and a temporary key's `X-Security-Token`.

    `path`: percent-encoded, as it is sent, from its first slash on. `query`: decoded. `headers`: `Host` and
    `Content-Type` among them, no name twice; their values come back without space around them, as they were signed.
    `at`: the moment in ms UTC; the service takes no more than 15 minutes' difference. What is sent must be `path`,
    `query_string(query)` and `body`, byte for byte. Raises `ValueError` for a key or a secret that is empty, since
    the service counts wrong signatures, and for a lone surrogate.
    """
    if not keys.access_key or not keys.secret_key:
        msg = "an access key and its secret are needed to sign a request"
        raise ValueError(msg)
    date = f"{datetime.fromtimestamp(at // 1000, UTC):%Y%m%dT%H%M%SZ}"
    sent = {name: value.strip() for name, value in headers.items() if name.lower() not in _OURS}
    sent["X-Sdk-Date"] = date
    if keys.security_token:
        sent["X-Security-Token"] = keys.security_token.strip()
    covered = {name.lower(): value for name, value in sent.items() if _is_signed(name.lower())}
    hashed = hashlib.sha256(canonical(method, path, query, covered, body).encode()).hexdigest()
    text = f"{ALGORITHM}\n{date}\n{hashed}"
    signature = hmac.new(keys.secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()
    names = ";".join(sorted(covered))
    sent["Authorization"] = f"{ALGORITHM} Access={keys.access_key}, SignedHeaders={names}, Signature={signature}"
    return sent


def canonical(method: str, path: str, query: Sequence[tuple[str, str]], covered: Mapping[str, str], body: bytes) -> str:
    """The text whose hash is signed. `covered`: the signed headers, names in lower case, values trimmed."""
    names = sorted(covered)
    return "\n".join(
        (
            method.upper(),
            _canonical_path(path),
            query_string(query),
            "".join(f"{name}:{covered[name]}\n" for name in names),
            ";".join(names),
            hashlib.sha256(body).hexdigest(),
        )
    )


def _canonical_path(path: str) -> str:
    """The path as it is signed: decoded as a whole, encoded anew by segment, and always with a slash at its end.

    An encoded slash thereby parts segments, and a plus sign is itself, not a space: so the vendor has it.
    """
    encoded = "/".join(_encoded(segment) for segment in unquote(path).split("/"))
    return encoded if encoded.endswith("/") else encoded + "/"


def _is_signed(name: str) -> bool:
    """Whether the signature covers a header. Gateways drop names with `_`, so the vendor signs none of these."""
    return "_" not in name and name not in _REWRITTEN_ON_THE_WAY


def _encoded(text: str) -> str:
    return quote(text, safe="~")
