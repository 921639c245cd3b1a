"""How a project signs in, from its `[project.auth]`: which method it comes to, and what that method lacks."""

from collector.config.secret import Secret
from collector.config.settings import Auth
from collector.config.walk import Table, Walk

NEEDS = {
    "aksk": ("access_key", "secret_key"),
    "token": ("token",),
    "password": ("username", "password", "domain"),
}
"""The keys each method cannot do without, in the order in which `auto` looks for them."""
MAY_HAVE = {"aksk": ("security_token",), "token": (), "password": ()}


def check(walk: Walk, auth: Table, project: Table) -> None:
    """Note what a method lacks, and what it was given for nothing."""
    if "method" not in auth.values or any(fault.path.startswith(f"{auth.path}.") for fault in walk.faults):
        return
    asked, method = auth.values["method"], method_of(auth)
    if method is None:
        walk.fault(
            f"{auth.path}.method",
            "finding a credential by itself is not built yet",
            "give an access key, a token, or a username with its password",
        )
        return
    for key in NEEDS[method]:
        if auth.values.get(key) is None:
            walk.fault(f"{auth.path}.{key}", f'must be given for method "{method}"', _how(key))
    mine = (*NEEDS[method], *MAY_HAVE[method])
    for key in dict.fromkeys(key for keys in (NEEDS, MAY_HAVE) for each in keys.values() for key in each):
        if asked == method and key not in mine and auth.values.get(key) is not None:
            walk.fault(f"{auth.path}.{key}", f'is not used by method "{method}"', "remove it, or name another method")
    if method != "password" and project.values.get("project_id", "") is None:
        walk.fault(
            f"{project.path}.project_id",
            f'must be given for method "{method}": looking it up is not built yet',
            "give the 32 characters the console shows under My Credentials",
        )


def method_of(auth: Table) -> str | None:
    """The method a section comes to; None where `auto` finds nothing to sign in with."""
    if auth.values["method"] != "auto":
        return str(auth.values["method"])
    return next((method for method, keys in NEEDS.items() if any(auth.values.get(key) for key in keys)), None)


def auth_of(auth: Table) -> Auth:
    """The settings of a section without faults: what its method needs, and nothing else."""
    method = method_of(auth) or ""
    mine = {key: auth.values.get(key) for key in (*NEEDS[method], *MAY_HAVE[method])}
    secrets = {key: value for key, value in mine.items() if isinstance(value, Secret)}
    words = {key: value for key, value in mine.items() if isinstance(value, str)}
    return Auth(
        method=method,
        token=secrets.get("token"),
        access_key=secrets.get("access_key"),
        secret_key=secrets.get("secret_key"),
        security_token=secrets.get("security_token"),
        username=words.get("username", ""),
        password=secrets.get("password"),
        domain=words.get("domain", ""),
    )


def _how(key: str) -> str:
    return f"set {key}" if key in ("username", "domain") else f"set {key} or {key}_file"
