"""Where to listen: an address as the file writes it, and the sockets bound to it."""

import errno
import socket

from collector.errors import ListenError

BACKLOG = 128
_ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def bind(listen: str) -> list[socket.socket]:
    """Sockets that listen on `host:port`, `[v6]:port`, or `:port` for IPv4 and IPv6; port 0 is any free one.

    Raises `ListenError` where the address cannot be had.
    """
    host, _, port = listen.rpartition(":")
    try:
        return _named(host.strip("[]"), int(port)) if host else [_everywhere(int(port))]
    except (OSError, UnicodeError) as error:
        says = f"cannot listen on {listen}: {_why(error)}"
        raise ListenError(says) from None


def urls(sock: socket.socket, scheme: str = "http") -> list[str]:
    """What a person can open to get there; one socket may serve both families."""
    host, port = sock.getsockname()[:2]
    if host == "::":
        both = not sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
        return [*([f"{scheme}://127.0.0.1:{port}"] if both else []), f"{scheme}://[::1]:{port}"]
    if host == "0.0.0.0":  # noqa: S104  compared, not bound
        return [f"{scheme}://127.0.0.1:{port}"]
    return [f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"]


def _everywhere(port: int) -> socket.socket:
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG)
        except OSError as error:
            if error.errno not in _ABSENT:
                raise
    return socket.create_server(("", port), family=socket.AF_INET, backlog=BACKLOG)


def _named(host: str, port: int) -> list[socket.socket]:
    """A name may stand for several addresses; those of a family that the machine lacks are left out."""
    bound: list[socket.socket] = []
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    try:
        for place, (family, _, _, _, address) in enumerate(found, 1):
            at = bound[0].getsockname()[1] if bound else port
            try:
                bound.append(socket.create_server((address[0], at, *address[2:]), family=family, backlog=BACKLOG))
            except OSError as error:
                if error.errno not in _ABSENT or (place == len(found) and not bound):
                    raise
    except OSError:
        for sock in bound:
            sock.close()
        raise
    return bound


def _why(error: OSError | UnicodeError) -> str:
    if isinstance(error, socket.gaierror | UnicodeError):
        return "the host name cannot be resolved"
    if error.errno == errno.EADDRINUSE:
        return "port in use by another program"
    if error.errno == errno.EACCES:
        return "the system does not allow this port"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine does not have the address"
    return "the system refuses it"
