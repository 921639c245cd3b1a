"""Certificates for tests, made by openssl: an authority, and what it signed."""

import ssl
import subprocess
from pathlib import Path


class Authority:
    """Signs in a folder of its own; every certificate is a file with its key beside it."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self.cert = folder / f"{name}.pem"
        self._key = folder / f"{name}.key"
        self._openssl("req", "-x509", *_NEW, "-keyout", self._key, "-out", self.cert, "-subj", f"/CN={name}")

    def sign(self, name: str, *sans: str) -> tuple[Path, Path]:
        """A certificate and its key; each of `sans` as openssl writes them, `DNS:…` or `IP:…`."""
        cert, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        names = ("-addext", f"subjectAltName={','.join(sans)}") if sans else ()
        signed = ("-CA", self.cert, "-CAkey", self._key)
        self._openssl("req", "-x509", *_NEW, *signed, "-keyout", key, "-out", cert, "-subj", f"/CN={name}", *names)
        return cert, key

    def client(self, cert: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
        """What a client goes by that trusts this authority; it may show a certificate."""
        context = ssl.create_default_context(cafile=self.cert)
        if cert:
            context.load_cert_chain(cert, key)
        return context

    def _openssl(self, *arguments: object) -> None:
        subprocess.run(["openssl", *map(str, arguments)], cwd=self._folder, capture_output=True, check=True)


_NEW = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
