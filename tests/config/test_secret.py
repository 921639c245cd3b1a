"""Secrets: shown nowhere, read again when their file changes, equal when they come from one source."""

import os
from pathlib import Path

import pytest

from collector.config import Project, Secret, parse
from collector.errors import ConfigError

CANARY = "canary-5d1f"


def project(base: Path, auth: str, more: str = "") -> Project:
    text = f'[[project]]\nname = "a"\nregion = "r"\nproject_id = "{"0" * 32}"\n{more}\n[project.auth]\n{auth}\n'
    return parse(text, base=base, environ={}).projects[0]


def kept(file: Path, content: str = CANARY) -> Secret:
    file.write_text(content, "utf-8")
    return Secret.of_file(file, key="project[0].auth.token_file")


def test_no_way_of_printing_a_secret_shows_it(tmp_path: Path) -> None:
    secrets = (Secret(CANARY), kept(tmp_path / "token"))
    for secret in secrets:
        assert secret.reveal() == CANARY
        assert {repr(secret), str(secret), f"{secret}", f"{[secret]!s}"[1:-1]} == {"<secret>"}


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_one_newline_at_the_end_of_a_secrets_file_is_not_part_of_it(tmp_path: Path, ending: str) -> None:
    assert kept(tmp_path / "token", f" {CANARY} {ending}").reveal() == f" {CANARY} "


def test_a_secrets_file_is_read_again_once_it_was_replaced(tmp_path: Path) -> None:
    secret = kept(tmp_path / "token", "first")
    assert secret.reveal() == "first"
    (tmp_path / "next").write_text("other", "utf-8")
    (tmp_path / "next").replace(tmp_path / "token")
    assert secret.reveal() == "other"


def test_a_secrets_file_is_read_again_once_its_time_changed(tmp_path: Path) -> None:
    file = tmp_path / "token"
    secret = kept(file, "first")
    os.utime(file, ns=(1, 1))
    assert secret.reveal() == "first"
    file.write_text("other", "utf-8")
    os.utime(file, ns=(2, 2))
    assert secret.reveal() == "other"


def test_a_change_that_leaves_no_trace_is_seen_after_reread_only(tmp_path: Path) -> None:
    file = tmp_path / "token"
    secret = kept(file, "first")
    os.utime(file, ns=(1, 1))
    assert secret.reveal() == "first"
    file.write_text("other", "utf-8")
    os.utime(file, ns=(1, 1))
    assert secret.reveal() == "first"
    secret.reread()
    assert secret.reveal() == "other"


def test_a_secret_written_in_the_file_survives_reread() -> None:
    secret = Secret(CANARY)
    secret.reread()
    assert secret.reveal() == CANARY


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"canary\n\n", "must hold one line"),
        (b"canary\nX-Other: 1", "must hold one line"),
        (b"canary\xff", "is not UTF-8 text"),
        (b"c" * 65537, "holds more than 65536 bytes"),
    ],
)
def test_a_secrets_file_that_cannot_hold_one_is_a_fault_of_its_key(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        project(tmp_path, 'token_file = "token"')
    (fault,) = caught.value.faults
    assert fault.path == "project[0].auth.token_file"
    assert fault.says.startswith(f"the file '{tmp_path}/token' {says}")
    assert "canary" not in str(fault)


def test_a_secret_that_is_taken_for_the_name_of_its_file_is_not_shown(tmp_path: Path) -> None:
    text = '[[project]]\nname = "p"\nregion = "r"\n[project.auth]\npassword_file = "${PASSWORD}"\n'
    with pytest.raises(ConfigError) as error:
        parse(text, base=tmp_path, environ={"PASSWORD": CANARY})
    says = 'project[0].auth.password_file: the file that "${PASSWORD}" names cannot be read: No such file or directory'
    assert says in str(error.value)
    assert CANARY not in str(error.value)


def test_a_pipe_for_a_secret_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "token")
    with pytest.raises(ConfigError, match="is not a regular file"):
        project(tmp_path, 'token_file = "token"')


def test_a_secrets_file_that_vanishes_later_is_a_fault_then(tmp_path: Path) -> None:
    secret = kept(tmp_path / "token")
    assert secret.reveal() == CANARY
    (tmp_path / "token").unlink()
    with pytest.raises(ConfigError, match=r"^project\[0\]\.auth\.token_file: the file .* cannot be read: No such file"):
        secret.reveal()


def test_secrets_are_equal_when_they_come_from_one_source(tmp_path: Path) -> None:
    one, same, other = Secret("a"), Secret("a"), Secret("b")
    file, same_file = kept(tmp_path / "token", "a"), kept(tmp_path / "token", "a")
    assert one == same
    assert hash(one) == hash(same)
    assert file == same_file
    assert hash(file) == hash(same_file)
    assert len({one, other, file, Secret(str(tmp_path / "token"))}) == 4
    assert one != "a"


def test_auto_with_a_token_in_a_file_beside_the_configuration_is_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(CANARY, "utf-8")
    auth = project(tmp_path, 'method = "auto"\ntoken = ""\ntoken_file = "token"').auth
    assert (auth.method, auth.token and auth.token.reveal()) == ("token", CANARY)


def test_the_state_can_be_kept_in_a_file_and_a_relative_path_in_it_starts_from_the_configuration(
    tmp_path: Path,
) -> None:
    (tmp_path / "state").write_text("sqlite:here.db\n", "utf-8")
    assert parse('[collector]\nstate_file = "state"', base=tmp_path, environ={}).state == f"sqlite:{tmp_path}/here.db"


def test_a_state_in_postgresql_is_refused_without_showing_its_password(tmp_path: Path) -> None:
    (tmp_path / "state").write_text(f"postgresql://u:{CANARY}@h/d", "utf-8")
    with pytest.raises(ConfigError, match=r"collector\.state_file: state in PostgreSQL is not built yet") as caught:
        parse('[collector]\nstate_file = "state"', base=tmp_path, environ={})
    assert CANARY not in str(caught.value)


def test_a_bad_proxy_is_a_fault_that_does_not_show_it(tmp_path: Path) -> None:
    for proxy in (
        f"socks5://u:{CANARY}@h:1",
        f"http://u:{CANARY}@h:99999",
        f"http://u:{CANARY}@h/{CANARY}",
        f"{CANARY}",
    ):
        with pytest.raises(ConfigError, match=r"^project\[0\]\.proxy: must ") as caught:
            project(tmp_path, 'token = "x"', f'proxy = "{proxy}"')
        assert CANARY not in str(caught.value)
