"""What a web configuration file says, in the format of Prometheus' exporter-toolkit: TLS, users and headers."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

HEADERS: Mapping[str, tuple[str, ...]] = {
    "Content-Security-Policy": (),
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
}
"""The headers that a file may set, and no other; with the values that there are, none: any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How connections are encrypted, and what a client has to show. `ciphers` in OpenSSL's words, "" for its own."""

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None
    verify: ssl.VerifyMode
    least: ssl.TLSVersion
    most: ssl.TLSVersion
    ciphers: str

    def context(self) -> ssl.SSLContext:
        """The context of a server. Raises `OSError`, of which `ssl.SSLError` is one, or `ValueError`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version, context.maximum_version = self.least, self.most
        if self.ciphers:
            context.set_ciphers(self.ciphers)
        # A key that asks for a passphrase would wait for somebody at a terminal.
        context.load_cert_chain(self.cert_file, self.key_file, password="")
        if self.client_ca_file is not None:
            context.load_verify_locations(self.client_ca_file)
        context.verify_mode = self.verify
        return context


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolkit:
    """A whole file without faults.

    `context` is of its TLS, None for plain HTTP; a client's certificate has to hold one of `sans`, unless there are
    none. `users` are bcrypt hashes by name; without any, everybody may come in. `files`: all that it depends on.
    """

    context: ssl.SSLContext | None = None
    sans: frozenset[str] = frozenset()
    users: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
