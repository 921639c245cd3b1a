"""How a project signs in, from its `[project.auth]`: which method it comes to, and what that method lacks."""

from collector.config.found import found
from collector.config.kinds import Wrong
from collector.config.secret import Secret
from collector.config.settings import Auth
from collector.config.walk import Table, Walk

NEEDS = {
    "aksk": ("access_key", "secret_key"),
    "token": ("token",),
    "password": ("username", "password", "domain"),
    "metadata": (),
}
"""The keys each method cannot do without, in the order in which `auto` looks for them."""
MAY_HAVE = {"aksk": ("security_token",), "token": (), "password": (), "metadata": ()}


def find(walk: Walk, auth: Table, project: Table) -> None:
    """Where `auto` finds nothing in the file, fill in what it finds elsewhere, as though it stood in the file."""
    if auth.values.get("method") != "auto" or method_of(auth) != "metadata" or _faulty(walk, auth):
        return
    path = f"{auth.path}.method"
    try:
        there = found(walk.environ, path=path)
    except Wrong as wrong:
        walk.fault(path, wrong.says, wrong.fix)
        return
    if there is None:
        walk.warnings.append(
            f"{path}: no credential is in the file, the environment or a profile; instance metadata will be asked"
        )
        return
    auth.values["access_key"], auth.values["secret_key"] = there.access_key, there.secret_key
    auth.values["security_token"] = there.security_token
    for key, value in (("project_id", there.project_id), ("iam_endpoint", there.iam_endpoint)):
        if value and project.values.get(key, "") is None:
            project.values[key] = value


def check(walk: Walk, auth: Table) -> None:
    """Note what a method lacks, and what it was given for nothing."""
    if "method" not in auth.values or _faulty(walk, auth):
        return
    asked, method = auth.values["method"], method_of(auth)
    for key in NEEDS[method]:
        if auth.values.get(key) is None:
            walk.fault(f"{auth.path}.{key}", f'must be given for method "{method}"', _how(key))
    mine = (*NEEDS[method], *MAY_HAVE[method])
    for key in dict.fromkeys(key for keys in (NEEDS, MAY_HAVE) for each in keys.values() for key in each):
        if asked == method and key not in mine and auth.values.get(key) is not None:
            walk.fault(f"{auth.path}.{key}", f'is not used by method "{method}"', "remove it, or name another method")


def method_of(auth: Table) -> str:
    """The method a section comes to."""
    if auth.values["method"] != "auto":
        return str(auth.values["method"])
    begun = (method for method in NEEDS if any(auth.values.get(key) for key in (*NEEDS[method], *MAY_HAVE[method])))
    return next(begun, "metadata")


def auth_of(auth: Table) -> Auth:
    """The settings of a section without faults: what its method needs, and nothing else."""
    method = method_of(auth)
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


def _faulty(walk: Walk, auth: Table) -> bool:
    return any(fault.path.startswith(f"{auth.path}.") for fault in walk.faults)


def _how(key: str) -> str:
    return f"set {key}" if key in ("username", "domain") else f"set {key} or {key}_file"
