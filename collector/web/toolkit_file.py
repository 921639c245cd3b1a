"""Reads a web configuration as a tree of YAML nodes, so that every fault names its line; all faults at once."""

import ssl
from pathlib import Path

import yaml

from collector.errors import ConfigError, Fault
from collector.web.toolkit import HEADERS, Tls, Toolkit
from collector.web.tree import Tree

_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_CLIENTS = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
# What Go calls the ciphers that are still good, and what OpenSSL does.
_CIPHERS = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    # Those of TLS 1.3 cannot be chosen, there or here.
    "TLS_AES_128_GCM_SHA256": "",
    "TLS_AES_256_GCM_SHA384": "",
    "TLS_CHACHA20_POLY1305_SHA256": "",
}
_CURVES = dict.fromkeys(("CurveP256", "CurveP384", "CurveP521", "X25519", "X25519MLKEM768"), "")
_HASH = r"\$2[aby]\$(0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}"  # a dearer one would take seconds, at each wrong password
_TLS = (
    "cert_file", "key_file", "client_auth_type", "client_ca_file", "client_allowed_sans", "min_version", "max_version",
    "cipher_suites", "prefer_server_cipher_suites", "curve_preferences",
)  # fmt: skip


def read(path: Path) -> Toolkit:
    """Read a web configuration; relative paths in it start from its folder. Raises `ConfigError` with all faults."""
    tree = Tree(path)
    parts = tree.table(_compose(path), "", ("tls_server_config", "http_server_config", "basic_auth_users"))
    http = tree.table(parts.get("http_server_config"), "http_server_config", ("http2", "headers"))
    tree.flag(http.get("http2"), "http_server_config.http2")  # there is none to be had here: HTTP/1.1 is what is left
    found = Toolkit(
        users=_users(tree, parts.get("basic_auth_users")),
        headers=_headers(tree, http.get("headers")),
        files=(path,),
    )
    found = _encrypted(tree, parts["tls_server_config"], found) if "tls_server_config" in parts else found
    if tree.faults:
        raise ConfigError(tree.faults)
    return found


def _compose(path: Path) -> yaml.Node | None:
    """The root of the file's tree, None for an empty one. Raises `ConfigError`."""
    try:
        return yaml.compose(path.read_text("utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError:
        where, says = str(path), "is not UTF-8"
    except OSError as error:
        where, says = str(path), f"cannot be read: {error.strerror}"
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        says = f"is not YAML: {getattr(error, 'problem', None) or 'it cannot be read'}"
    raise ConfigError((Fault(path=where, says=says),))


def _encrypted(tree: Tree, node: yaml.Node, found: Toolkit) -> Toolkit:
    place, before = "tls_server_config", len(tree.faults)
    parts = tree.table(node, place, _TLS)
    cert, key, ca_file = (
        tree.file(parts.get(name), f"{place}.{name}") for name in ("cert_file", "key_file", "client_ca_file")
    )
    verify = tree.word(parts.get("client_auth_type"), f"{place}.client_auth_type", _CLIENTS) or ssl.CERT_NONE
    least, most = (
        tree.word(parts.get(name), f"{place}.{name}", _VERSIONS) or default
        for name, default in (("min_version", ssl.TLSVersion.TLSv1_2), ("max_version", ssl.TLSVersion.TLSv1_3))
    )
    ciphers = tree.words(parts.get("cipher_suites"), f"{place}.cipher_suites", _CIPHERS)
    tree.words(parts.get("curve_preferences"), f"{place}.curve_preferences", _CURVES)
    tree.flag(parts.get("prefer_server_cipher_suites"), f"{place}.prefer_server_cipher_suites")
    sans = frozenset(tree.texts(parts.get("client_allowed_sans"), f"{place}.client_allowed_sans"))
    for name, file in (("cert_file", cert), ("key_file", key)):
        if file is None:
            tree.fault(node, f"{place}.{name}", "must be given")
    if verify is not ssl.CERT_NONE and ca_file is None:
        tree.fault(node, f"{place}.client_ca_file", "must be given to verify the certificates of clients")
    if verify is ssl.CERT_NONE and (ca_file or sans):
        says = "must be RequireAndVerifyClientCert or VerifyClientCertIfGiven where certificates of clients matter"
        tree.fault(node, f"{place}.client_auth_type", says)
    if least > most:
        tree.fault(node, f"{place}.min_version", "must not be above max_version")
    if cert is None or key is None or len(tree.faults) > before:
        return found
    tls = Tls(
        cert_file=cert,
        key_file=key,
        client_ca_file=ca_file,
        verify=verify,
        least=least,
        most=most,
        ciphers=":".join(filter(None, ciphers)),
    )
    files = tuple(filter(None, (cert, key, ca_file)))
    return Toolkit(
        context=_context(tree, node, tls),
        sans=sans,
        users=found.users,
        headers=found.headers,
        files=(*found.files, *files),
    )


def _context(tree: Tree, node: yaml.Node, tls: Tls) -> ssl.SSLContext | None:
    try:
        return tls.context()
    except ssl.SSLError:
        says = "cert_file, key_file and client_ca_file have to hold a certificate, its key and an authority, in PEM"
        tree.fault(node, "tls_server_config", says, "look at them with openssl")
    except OSError as error:
        name = error.filename or next((file for file in _files(tls) if not _readable(file)), "a file")
        tree.fault(node, "tls_server_config", f"{name} cannot be read: {error.strerror}")
    except ValueError:
        tree.fault(node, "tls_server_config", "names a file that cannot be one")
    return None


def _files(tls: Tls) -> tuple[Path, ...]:
    return (tls.cert_file, tls.key_file, *([tls.client_ca_file] if tls.client_ca_file else []))


def _readable(file: Path) -> bool:
    try:
        file.open("rb").close()
    except OSError:
        return False
    return True


def _users(tree: Tree, node: yaml.Node | None) -> dict[str, bytes]:
    found = {}
    for name, value in tree.pairs(node, "basic_auth_users"):
        place = f"basic_auth_users.{name}"
        text = tree.text(value, place)
        if ":" in name or not name:
            tree.fault(value, place, "a user's name must not be empty or hold a colon")
        # What stands there may be a password: it is not quoted.
        tree.matches(value, place, _HASH, "must be a bcrypt hash of cost 4 to 16", "make one with htpasswd -nBC 10 ''")
        found[name] = text.encode()
    return found


def _headers(tree: Tree, node: yaml.Node | None) -> dict[str, str]:
    found = {}
    for name, value in tree.pairs(node, "http_server_config.headers"):
        place = f"http_server_config.headers.{name}"
        if name not in HEADERS:
            tree.fault(value, place, "cannot be set", f"these can: {', '.join(HEADERS)}")
        if known := HEADERS.get(name):
            tree.word(value, place, dict.fromkeys(known, name))
        else:
            tree.matches(value, place, "[\x20-\x7e]*", "must be printable ASCII")
        if text := tree.text(value, place):
            found[name] = text
    return found
