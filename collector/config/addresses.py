"""Kinds of addresses. What people paste with a password or a token in it is never quoted in a fault."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from collector.config.kinds import Wrong, text
from collector.config.secret import is_one_line
from collector.config.wording import nearest, shown

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9_.])?")
_LISTEN = re.compile(r"(?P<host>\[[^\[\]]*\]|[^\[\]:]*):(?P<port>[0-9]{1,5})")
_LAST_PORT = 65535
_SCHEMES = ("sqlite", "memory", "postgresql")


def listen(value: object) -> str:
    """An address to listen on: `host:port`, `:port` for every address, or `[v6]:port`; port 0 takes a free one."""
    given = text(value)
    found = _LISTEN.fullmatch(given)
    if not found:
        fix = (
            "put the IPv6 address in brackets"
            if _is_v6(given.rpartition(":")[0])
            else 'write it like "127.0.0.1:11513" or ":11513"'
        )
        raise Wrong(says="must be host:port, :port or [IPv6 address]:port", fix=fix, got=shown(given))
    if int(found["port"]) > _LAST_PORT:
        raise Wrong(says=f"must end in a port from 0 to {_LAST_PORT}", got=found["port"])
    host = found["host"]
    if host and not (_is_v6(host[1:-1]) if host.startswith("[") else _is_host(host)):
        raise Wrong(says="must begin with the name or address of a host", got=shown(host))
    return given


def endpoint(value: object) -> str | None:
    """A service's address: scheme and host, perhaps a port, nothing behind; without a slash at its end; "" is None."""
    given = text(value)
    if not given:
        return None
    parts = _split(given, "https://aom.cn-north-4.myhuaweicloud.com")
    if "@" in parts.netloc:
        raise Wrong(says="must not hold a user name or password", fix="the credential belongs in [project.auth]")
    if parts.path not in {"", "/"} or "?" in given or "#" in given:
        raise Wrong(says="must end after the host and its port", fix="leave away what follows it")
    return f"{parts.scheme}://{parts.netloc}"


def proxy(value: object) -> str | None:
    """A proxy's address, which may hold a user name and password; "" is None."""
    given = text(value)
    if not given:
        return None
    parts = _split(given, "http://proxy.example:3128")
    if parts.path not in {"", "/"} or "?" in given or "#" in given:
        raise Wrong(says="must end after the host and its port")
    return given


def secret_line(value: object) -> str | None:
    """A secret that fits into a header: one line, no control characters; "" is None."""
    given = text(value)
    if not is_one_line(given):
        raise Wrong(says="must be one line of text without control characters")
    return given or None


def state(value: object) -> str:
    """Where the state is kept: `memory:`, `sqlite:` with a path as written, or `postgresql:` with the rest."""
    given = text(value)
    scheme, colon, rest = given.partition(":")
    if not colon or scheme not in {*_SCHEMES, "postgres"}:
        near = nearest(scheme, _SCHEMES)
        fix = f'did you mean "{near}:"?' if near and near != scheme else 'as in "sqlite:aom-collector.db"'
        raise Wrong(says='must be "memory:" or begin with "sqlite:"', fix=fix)
    if scheme == "memory" and rest:
        raise Wrong(says='must be "memory:" with nothing behind it')
    if scheme == "sqlite":
        _check_path(rest)
    return given


def _check_path(path: str) -> None:
    if not path or path == ":memory:":
        raise Wrong(says='must name a file after "sqlite:"', fix='write "memory:" to forget everything at exit')
    if path.startswith("//"):
        raise Wrong(
            says='must name a file directly after "sqlite:", without //', fix='as in "sqlite:/var/lib/state.db"'
        )
    if not is_one_line(path):
        raise Wrong(says="must name a file without control characters in its path")


def is_loopback(address: str) -> bool:
    """Whether the host of this http(s) address is this machine itself."""
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _split(given: str, example: str) -> SplitResult:
    wrong = Wrong(says="must be the http or https address of a host", fix=f"write it like {example}")
    if any(c.isspace() for c in given) or not is_one_line(given):
        raise wrong
    try:
        parts = urlsplit(given)
        port = parts.port
    except ValueError:
        raise wrong from None
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or port == 0 or parts.netloc.endswith(":"):
        raise wrong
    if not (_is_v6(host) if "[" in parts.netloc else _is_host(host)):
        raise wrong
    return parts


def _is_v6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def _is_host(host: str) -> bool:
    if re.fullmatch(r"[0-9.]+", host):
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            return False
    return bool(_HOST.fullmatch(host))
