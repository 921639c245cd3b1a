"""Where a credential is looked for that the file does not hold, and that the vendor's own tools find the same."""

import os
from pathlib import Path

import pytest
from huaweicloudsdkcore.auth.provider import EnvCredentialProvider, ProfileCredentialProvider

from collector.cli import demo
from collector.config import Project, Settings, parse
from collector.errors import ConfigError
from collector.simulator import Simulator, world

ID = "0123456789abcdef0123456789abcdef"
ENVIRONMENT = {"HUAWEICLOUD_SDK_AK": "AK-ENV", "HUAWEICLOUD_SDK_SK": "canary-env"}
OTHER = {"CLOUD_SDK_AK": "AK-OTHER", "CLOUD_SDK_SK": "canary-other"}
AOM = "https://aom.cn-north-4.myhuaweicloud.com"
PROFILE = "[basic]\nak = AK-PROFILE\nsk = canary%(x)s\n"


def settings(environ: dict[str, str], keys: str = "", *, more: str = "") -> Settings:
    text = f'[[project]]\nname = "a"\nregion = "cn-north-4"\n{more}\n[project.auth]\n{keys}\n'
    return parse(text, base=Path("/"), environ=environ)


def project(environ: dict[str, str], keys: str = "", *, more: str = "") -> Project:
    return settings(environ, keys, more=more).projects[0]


def signs(found: Project) -> tuple[str | None, ...]:
    """The access key, its secret and its security token."""
    auth = found.auth
    return tuple(secret and secret.reveal() for secret in (auth.access_key, auth.secret_key, auth.security_token))


def fault(environ: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        settings(environ)
    (only,) = caught.value.faults
    assert only.path == "project[0].auth.method"
    assert "canary" not in str(only)
    return str(only).removeprefix("project[0].auth.method: ")


def home(folder: Path, text: str = PROFILE) -> dict[str, str]:
    (folder / ".huaweicloud").mkdir(exist_ok=True)
    (folder / ".huaweicloud" / "credentials").write_text(text, "utf-8")
    return {"HOME": str(folder)}


def test_the_first_that_is_there_holds(tmp_path: Path):
    profile = home(tmp_path)
    assert signs(project(profile | OTHER | ENVIRONMENT, 'access_key = "A"\nsecret_key = "S"')) == ("A", "S", None)
    assert project(profile | OTHER | ENVIRONMENT, 'token = "canary"').auth.method == "token"
    assert signs(project(profile | OTHER | ENVIRONMENT))[:2] == ("AK-ENV", "canary-env")
    assert signs(project(profile | OTHER))[:2] == ("AK-OTHER", "canary-other")
    assert signs(project(profile))[:2] == ("AK-PROFILE", "canary%(x)s")
    assert project({"HOME": str(tmp_path / "nobody")}).auth.method == "metadata"
    assert project({}).auth.method == "metadata"


def test_metadata_goes_straight_to_the_metadata_and_other_methods_nowhere_else(tmp_path: Path):
    there = home(tmp_path) | ENVIRONMENT
    assert project(there, 'method = "metadata"').auth.method == "metadata"
    assert signs(project(there, 'method = "metadata"')) == (None, None, None)
    with pytest.raises(ConfigError, match="must be given for method"):
        project(there, 'method = "aksk"')


def test_where_nothing_is_found_it_is_said_that_metadata_will_be_asked():
    (warning,) = [each for each in settings({}).warnings if "metadata" in each]
    assert warning == (
        "project[0].auth.method: no credential is in the file, the environment or a profile; "
        "instance metadata will be asked"
    )
    for environ, keys in (({}, 'method = "metadata"'), (ENVIRONMENT, ""), ({}, 'token = "x"')):
        assert not [each for each in settings(environ, keys).warnings if "metadata" in each]


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"HUAWEICLOUD_SDK_AK": "AK"}, "HUAWEICLOUD_SDK_AK, but not HUAWEICLOUD_SDK_SK"),
        ({"HUAWEICLOUD_SDK_SK": "canary"} | OTHER, "HUAWEICLOUD_SDK_SK, but not HUAWEICLOUD_SDK_AK"),
        ({"HUAWEICLOUD_SDK_SECURITY_TOKEN": "canary"}, "HUAWEICLOUD_SDK_SECURITY_TOKEN, but not HUAWEICLOUD_SDK_AK"),
        ({"CLOUD_SDK_SK": "canary"}, "CLOUD_SDK_SK, but not CLOUD_SDK_AK"),
    ],
)
def test_half_a_key_in_the_environment_is_a_fault(environ: dict[str, str], says: str):
    assert fault(environ) == f"the environment has {says}; set both, or neither"


@pytest.mark.parametrize("value", ["canary\nX: 1", "canary\udcff"])
def test_what_cannot_travel_in_a_header_is_a_fault(value: str):
    says = "the environment's HUAWEICLOUD_SDK_SK must be one line of text without control characters"
    assert fault(ENVIRONMENT | {"HUAWEICLOUD_SDK_SK": value}) == says


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[basic]\nak = AK\n", "{profile} holds no sk in its section [basic]; give ak and sk, or neither"),
        ("[basic]\nsk = canary\nak =\n", "{profile} holds no ak in its section [basic]; give ak and sk, or neither"),
        ("[basic]\ncanary\n", "{profile} is none: line 2: neither a section nor a name with its value"),
        ("ak = canary\n", "{profile} is none: line 1: no section begins before it"),
        ("[basic]\nak = a\nak = canary\n", "{profile} is none: line 3: a name stands there for the second time"),
        ("[basic]\n[basic]\n", "{profile} is none: line 2: a section stands there for the second time"),
        (
            "[global]\nsk = x\n[basic]\nak = A\n\nsk: canary\n  canary\n",
            "{profile} is none: line 6: sk must be one line of text without control characters",
        ),
        (
            PROFILE + "# note\nproject_id = canary\n",
            "{profile}, line 5: project_id: must be 32 letters and digits",
        ),
        (
            PROFILE + "iam_endpoint = canary\n",
            "{profile}, line 4: iam_endpoint: must be the http or https address of a host; write it like " + AOM,
        ),
    ],
)
def test_a_bad_profile_is_a_fault_that_names_file_and_line_but_no_value(tmp_path: Path, text: str, says: str):
    environ = home(tmp_path, text)
    profile = f"the profile '{tmp_path}/.huaweicloud/credentials'"
    assert fault(environ) == says.format(profile=profile)


def test_a_profile_of_other_things_is_no_credential_unless_it_is_the_one_named(tmp_path: Path):
    environ = home(tmp_path, "[global]\nak = A\nsk = canary\n")
    assert project(environ).auth.method == "metadata"
    named = {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(tmp_path / ".huaweicloud" / "credentials")}
    assert "holds no ak" in fault(named)


def test_a_profile_that_is_named_has_to_be_there(tmp_path: Path):
    named = {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(tmp_path / "none")}
    assert fault(named) == f"the profile '{tmp_path}/none' cannot be read: No such file or directory"
    (tmp_path / "folder").mkdir()
    assert "Is a directory" in fault({"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(tmp_path / "folder")})


def test_what_is_none_of_ours_in_a_profile_is_left_alone(tmp_path: Path):
    text = "\ufeff[DEFAULT]\nak = AK-D\n[basic]\nother = %(nothing)s\n  and more\nSK = canary\n[more]\nsk = x\n"
    assert signs(project(home(tmp_path, text)))[:2] == ("AK-D", "canary")


def test_the_id_of_the_project_comes_along_where_the_file_has_none(tmp_path: Path):
    more = f"project_id = {ID}\niam_endpoint = https://iam.example/\n"
    environ = home(tmp_path, PROFILE + more) | {"HUAWEICLOUD_SDK_PROJECT_ID": "f" * 32}
    found = project(environ)
    assert (found.project_id, found.iam_endpoint) == (ID, "https://iam.example")
    assert project(environ, more='[[project.workflow]]\nid = "w"').workflows[0].project_id == ID
    found = project(environ, more=f'project_id = "{"e" * 32}"\niam_endpoint = "https://other.example"')
    assert (found.project_id, found.iam_endpoint) == ("e" * 32, "https://other.example")
    assert project(environ | ENVIRONMENT).project_id == "f" * 32
    assert project(environ | OTHER).project_id == "f" * 32
    for keys in ('token = "x"', 'method = "metadata"', 'access_key = "A"\nsecret_key = "S"'):
        assert project(environ, keys).project_id == ""
    says = "HUAWEICLOUD_SDK_PROJECT_ID: must be 32 letters and digits"
    assert fault(ENVIRONMENT | {"HUAWEICLOUD_SDK_PROJECT_ID": "canary"}) == says


def test_keys_of_the_environment_that_stand_in_a_file_too_are_one_credential(tmp_path: Path):
    written = project({}, 'access_key = "AK-ENV"\nsecret_key = "canary-env"')
    profile = project(home(tmp_path, "[basic]\nak = AK-ENV\nsk = canary-env\n"))
    assert project(ENVIRONMENT).auth.owner == written.auth.owner == profile.auth.owner
    assert project({}).auth.owner == project({}, 'method = "metadata"').auth.owner != written.auth.owner


def test_a_profile_is_read_again_when_it_changes_and_says_which_file_broke(tmp_path: Path):
    found = project(home(tmp_path))
    assert len({found.auth.access_key, found.auth.secret_key, found.auth.security_token}) == 3
    assert signs(found)[2] == ""
    home(tmp_path, "[basic]\nak = AK-NEXT\nsk = canary-next\nsecurity_token = canary-token\n")
    assert signs(found) == ("AK-NEXT", "canary-next", "canary-token")
    for text, says in (("[basic]\nsk canary\n", "is no profile: line 2: neither"), ("[basic]\nsk = canary\n", "no ak")):
        home(tmp_path, text)
        with pytest.raises(ConfigError, match=f"credentials' .*{says}") as caught:
            signs(found)
        assert "canary" not in str(caught.value)


def test_no_secret_is_in_the_repr_of_what_was_found(tmp_path: Path):
    shown = repr(settings(ENVIRONMENT)) + repr(settings(home(tmp_path)))
    assert "canary" not in shown


@pytest.mark.parametrize("token", ["", "canary-token"])
def test_the_vendor_finds_the_same_in_environment_and_profile(tmp_path: Path, monkeypatch, token: str):
    environ = ENVIRONMENT | {"HUAWEICLOUD_SDK_PROJECT_ID": ID}
    text = f"[basic]\nak = AK-PROFILE\nsk: canary\nproject_id = {ID}\niam_endpoint = https://iam.example\n"
    if token:
        environ |= {"HUAWEICLOUD_SDK_SECURITY_TOKEN": token}
        text += f"security_token={token}\n"
    for where, provider in (
        (environ, EnvCredentialProvider),
        (home(tmp_path, text), ProfileCredentialProvider),
        ({"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(tmp_path / ".huaweicloud/credentials")}, ProfileCredentialProvider),
    ):
        with monkeypatch.context() as patched:
            for name in [name for name in os.environ if name.startswith(("HUAWEICLOUD_", "CLOUD_SDK_"))]:
                patched.delenv(name)
            for name, value in where.items():
                patched.setenv(name, value)
            theirs, ours = provider.get_basic().get_credentials(), project(dict(os.environ))
        keys = (theirs.ak, theirs.sk, theirs.security_token or "")
        assert (*signs(ours)[:2], signs(ours)[2] or "") == keys
        assert ours.project_id == theirs.project_id
        assert theirs.iam_endpoint in (None, ours.iam_endpoint)


def test_the_demonstration_reads_no_credential_of_the_users(tmp_path: Path, monkeypatch):
    for name, value in (ENVIRONMENT | home(tmp_path, "canary")).items():
        monkeypatch.setenv(name, value)
    simulator = Simulator(world(7, workflows=1, start=0), clock=lambda: 0, project_id=ID)
    simulator.url = "http://127.0.0.1:9"
    found = demo._settings({}, simulator, tmp_path)  # noqa: SLF001  what it comes to is shown nowhere
    assert signs(found.projects[0]) == (demo.ACCESS_KEY, demo.SECRET_KEY, None)
    assert "canary" not in repr(found)
