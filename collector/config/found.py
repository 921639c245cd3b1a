"""A credential that the file does not hold: in the environment, else in the profile file of the vendor's tools."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from collector.config import profile
from collector.config.kinds import Wrong
from collector.config.schema import keys_of
from collector.config.secret import Secret, Unfit, contents

PAIRS = (
    ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN"),
    ("CLOUD_SDK_AK", "CLOUD_SDK_SK", None),
)
"""The variables that hold an access key, its secret and its security token; the first pair that is begun holds."""
PROJECT_ID = "HUAWEICLOUD_SDK_PROJECT_ID"
PROFILE = "HUAWEICLOUD_SDK_CREDENTIALS_FILE"
USUAL = Path(".huaweicloud", "credentials")
"""Where the profile is below the home folder, if no variable names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An access key from elsewhere, and what came with it; "" where nothing did."""

    access_key: Secret
    secret_key: Secret
    security_token: Secret | None
    project_id: str = ""
    iam_endpoint: str = ""


def found(environ: Mapping[str, str], *, path: str) -> Found | None:
    """The first access key that is there; None where there is none.

    `path`: the configuration key that faults of a later reading name. Raises `Wrong` for half of a key and for what
    cannot be used, and never quotes a value.
    """
    return _in_environment(environ) or _in_profile(environ, path)


def _in_environment(environ: Mapping[str, str]) -> Found | None:
    for names in PAIRS:
        values = [_value(environ, name) for name in names]
        if any(values):
            return _pair(environ, names, values)
    return None


def _pair(environ: Mapping[str, str], names: tuple[str, str, str | None], values: list[str]) -> Found:
    access_key, secret_key, security_token = values
    given = next(name for name, value in zip(names, values, strict=True) if value)
    missing = next((name for name, value in zip(names[:2], values, strict=False) if not value), None)
    if missing:
        raise Wrong(says=f"the environment has {given}, but not {missing}", fix="set both, or neither")
    return Found(
        access_key=Secret(access_key),
        secret_key=Secret(secret_key),
        security_token=Secret(security_token) if security_token else None,
        project_id=_checked("project_id", _value(environ, PROJECT_ID), PROJECT_ID),
    )


def _value(environ: Mapping[str, str], name: str | None) -> str:
    value = environ.get(name, "") if name else ""
    if not value.isprintable():
        raise Wrong(says=f"the environment's {name} must be one line of text without control characters")
    return value


def _in_profile(environ: Mapping[str, str], path: str) -> Found | None:
    """The profile's key. Only one that a variable names has to be there, and to hold one."""
    named, home = environ.get(PROFILE, ""), environ.get("HOME", "")
    file = Path(named) if named else Path(home) / USUAL
    if not named and not (home and _is_there(file)):
        return None
    where = f"the profile {str(file)!r}"
    try:
        _, text = contents(file)
        held = profile.read(text)
    except Unfit as error:
        raise Wrong(says=f"{where} {error}") from None
    except profile.Malformed as error:
        raise Wrong(says=f"{where} is none: {error}") from None
    if not named and not any(name in held for name in profile.KEY):
        return None
    missing = [name for name in ("ak", "sk") if name not in held]
    if missing:
        says = f"{where} holds no {missing[0]} in its section [{profile.SECTION}]"
        raise Wrong(says=says, fix="give ak and sk, or neither")

    def of(name: str) -> str:
        return f"{where}, {profile.at(profile.line_of(text, name))}{name}"

    return Found(
        access_key=Secret.of_file(file, key=path, name="ak"),
        secret_key=Secret.of_file(file, key=path, name="sk"),
        security_token=Secret.of_file(file, key=path, name="security_token"),
        project_id=_checked("project_id", held.get("project_id", ""), of("project_id")),
        iam_endpoint=_checked("iam_endpoint", held.get("iam_endpoint", ""), of("iam_endpoint")),
    )


def _is_there(file: Path) -> bool:
    """Whether somebody may have put it there for us: in a home that is closed to us, nobody has."""
    try:
        file.stat()
    except OSError:
        return False
    return True


def _checked(name: str, value: str, where: str) -> str:
    """The value of a key of `[[project]]`, as the file would have it."""
    try:
        return str(keys_of("project")[name].kind(value) or "")
    except Wrong as wrong:
        raise Wrong(says=f"{where}: {wrong.says}", fix=wrong.fix) from None
