"""Which method a project's keys come to."""

from pathlib import Path

import pytest

from collector.config import Auth, parse

ID = "0123456789abcdef0123456789abcdef"


def auth(keys: str, *, project_id: str = ID) -> Auth:
    text = f'[[project]]\nname = "a"\nregion = "r"\nproject_id = "{project_id}"\n[project.auth]\n{keys}\n'
    return parse(text, base=Path("/"), environ={"AK": "from-outside"}).projects[0].auth


KEYS = 'access_key = "AK"\nsecret_key = "canary"\n'
TOKEN = 'token = "canary"\n'
PASSWORD = 'username = "u"\npassword = "canary"\ndomain = "d"\n'


@pytest.mark.parametrize(
    ("keys", "method"),
    [
        (KEYS, "aksk"),
        (TOKEN, "token"),
        (PASSWORD, "password"),
        (PASSWORD + TOKEN + KEYS, "aksk"),
        (PASSWORD + TOKEN, "token"),
        ('method = "aksk"\n' + KEYS, "aksk"),
        ('method = "password"\n' + PASSWORD, "password"),
    ],
)
def test_auto_takes_what_is_there_and_only_that(keys: str, method: str):
    found = auth(keys)
    assert found.method == method
    assert (found.token is not None) == (method == "token")
    assert (found.secret_key is not None) == (method == "aksk")
    assert (found.username, found.domain) == (("u", "d") if method == "password" else ("", ""))
    assert "canary" not in repr(found)


def test_a_temporary_key_brings_its_security_token():
    assert auth(KEYS + 'security_token = "st"').security_token.reveal() == "st"


def test_an_access_key_may_come_from_the_environment():
    assert auth('access_key = "${AK}"\nsecret_key = "x"').access_key.reveal() == "from-outside"


def test_the_same_keys_are_one_credential_and_others_another():
    assert auth(KEYS) == auth('method = "aksk"\n' + KEYS)
    assert hash(auth(PASSWORD)) == hash(auth(PASSWORD))
    assert auth(KEYS) != auth(KEYS.replace("canary", "other"))


def test_a_password_may_leave_the_project_to_the_answer():
    assert auth(PASSWORD, project_id="").method == "password"
