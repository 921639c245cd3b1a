"""What broke on the way, in words of our own: the HTTP library's errors may hold a request's headers."""

import os

import aiohttp

from collector.errors import Reason, Refused, SourceError, Unavailable, Unreadable


def broken(error: Exception, *, timeout: float) -> SourceError:
    """The error that an exception of the HTTP library stands for; `timeout` is what one request had (seconds)."""
    if isinstance(error, TimeoutError):
        return Unavailable(f"no whole answer within {timeout:g} s", reason=Reason.TIMEOUT)
    if isinstance(error, aiohttp.ClientPayloadError):
        return Unavailable("the answer was cut off", reason=Reason.NETWORK)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Refused("its certificate is not trusted; name its authority in ca_file", reason=Reason.NETWORK)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        kind = Unavailable if error.status >= 500 else Refused  # noqa: PLR2004  their fault, and it may pass
        return kind(f"the proxy answered {error.status}", reason=Reason.NETWORK)
    if isinstance(error, aiohttp.ClientResponseError | ValueError):
        return Unreadable("what it answered is not HTTP that can be read", reason=Reason.ANSWER)
    return Unavailable(_unreached(error), reason=Reason.NETWORK)


def _unreached(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"the proxy cannot be reached ({_why(error)})"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name cannot be resolved"
    if isinstance(error, aiohttp.ClientSSLError):
        return "TLS failed: is it https at this port?"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"it cannot be reached ({_why(error)})"
    return "the connection broke"


def _why(error: aiohttp.ClientConnectorError) -> str:
    return os.strerror(error.os_error.errno).lower() if error.os_error.errno else "no connection"
