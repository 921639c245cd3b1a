"""A web configuration is what Prometheus' own tools take it for; a bad one is refused with its lines."""

import re
import ssl
import subprocess
from pathlib import Path

import pytest

from collector.errors import ConfigError
from collector.web import read_toolkit
from tests.rules.tools import VERSIONS
from tests.web.certificates import Authority

EXAMPLE = Path(__file__).parents[2] / "deploy" / "web" / "web.yml"
BAD = sorted((Path(__file__).parent / "bad").glob("*.yml"))
HASH = "$2b$10$" + "a" * 53


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the example and the bad files name."""
    folder = tmp_path_factory.mktemp("web")
    authority = Authority(folder, "clients")
    authority.sign("server", "IP:127.0.0.1")
    authority.sign("other")
    (folder / "nonsense.pem").write_text("nonsense", "utf-8")
    return folder


def written(folder: Path, text: str) -> Path:
    path = folder / "web.yml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("tool", VERSIONS)
def test_promtool_accepts_the_example_and_so_do_we(tool: str, folder: Path):
    path = written(folder, EXAMPLE.read_text("utf-8"))
    done = subprocess.run([tool, "check", "web-config", path], capture_output=True, text=True, check=False)
    assert (done.returncode, "SUCCESS" in done.stdout + done.stderr) == (0, True), done.stderr
    found = read_toolkit(path)
    assert list(found.users) == ["prometheus"]
    assert found.headers["X-Frame-Options"] == "deny"
    assert found.context is not None
    assert found.context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert [file.name for file in found.files] == ["web.yml", "server.pem", "server.key"]


def test_what_stands_commented_out_in_the_example_is_good_too(folder: Path):
    text = re.sub(
        r"^  # ( *(client_auth|client_ca|client_allowed|-).*)", r"  \1", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE
    )
    found = read_toolkit(written(folder, text))
    assert found.sans == {"prometheus.internal"}
    assert found.context is not None
    assert found.context.verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize("text", ["", "# nothing\n", "basic_auth_users:\nhttp_server_config:\ntls_server_config:\n"])
def test_an_empty_file_is_plain_http_for_everybody(folder: Path, text: str):
    found = read_toolkit(written(folder, text))
    assert (found.context, found.users, found.headers, found.sans) == (None, {}, {}, frozenset())


@pytest.mark.parametrize("bad", BAD, ids=lambda path: path.stem)
def test_a_bad_file_is_refused_with_the_line_of_every_fault(folder: Path, bad: Path):
    text = bad.read_text("utf-8")
    path = written(folder, text)
    with pytest.raises(ConfigError) as refused:
        read_toolkit(path)
    wanted = re.findall(r"^# fault: (.*)$", text, re.MULTILINE)
    assert str(refused.value).replace(str(folder), "DIR").splitlines() == wanted
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe\x00", "is not UTF-8"),
        (None, "cannot be read: No such file or directory"),
        (b"[" * 5000, "is not YAML"),
        (b"a: b: c", ":1: is not YAML: mapping values are not allowed here"),
        (b"a: 1\n---\nb: 2", "is not YAML: but found another document"),
    ],
)
def test_what_cannot_be_read_at_all_is_refused_with_its_name(tmp_path: Path, content: bytes | None, says: str):
    path = tmp_path / "web.yml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        read_toolkit(path)
    assert str(path) in str(refused.value)
    assert says in str(refused.value)


def test_a_key_that_asks_for_a_passphrase_is_refused_and_nobody_is_asked(folder: Path):
    sealed = folder / "sealed.key"
    subprocess.run(
        ["openssl", "ec", "-in", folder / "server.key", "-aes256", "-passout", "pass:x", "-out", sealed],
        check=True, capture_output=True,
    )  # fmt: skip
    with pytest.raises(ConfigError, match="have to hold a certificate, its key"):
        read_toolkit(written(folder, "tls_server_config:\n  cert_file: server.pem\n  key_file: sealed.key\n"))


@pytest.mark.parametrize("cipher", ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"])
def test_ciphers_go_by_the_names_that_go_gives_them(folder: Path, cipher: str):
    tls = f"tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  cipher_suites: [{cipher}]\n"
    context = read_toolkit(written(folder, tls)).context
    assert context is not None
    older = {each["name"] for each in context.get_ciphers() if each["protocol"] == "TLSv1.2"}
    assert "ECDHE-ECDSA-AES128-GCM-SHA256" in older
    assert (len(older) == 1) == ("ECDHE" in cipher)


def test_no_hash_is_shown_by_what_was_read(folder: Path):
    assert HASH not in repr(read_toolkit(written(folder, f"basic_auth_users:\n  a: {HASH}\n")))
