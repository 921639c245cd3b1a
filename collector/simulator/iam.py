"""IAM's part: what a sign-in asks for, the token it is answered with, and the keys that a machine is lent. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from collector.simulator.signatures import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What a request for a token says; empty where it does not say it.

    `account`: the user's domain, without which a name is nobody's. `scope`: the project, by id or name.
    """

    user: str
    account: str
    password: str = field(repr=False)
    scope: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The one project there is. Its name is that of its region."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class _Loan:
    """One lent key, and when it expires (ms)."""

    access_key: str
    key: Key
    expiry: int


class Agency(Mapping[str, Key]):
    """The keys that a machine is lent, by access key, each until it expires: to be handed to a simulator as its `keys`.

    `clock`: the service's time in ms. `life`: ms for which a key is good. `overlap`: ms before its end from which
    another one is lent.
    """

    def __init__(self, *, clock: Callable[[], int], life: int = 3_600_000, overlap: int = 600_000) -> None:
        self._clock = clock
        self._life = life
        self._overlap = overlap
        self._loans: list[_Loan] = []

    def lend(self) -> dict[str, str]:
        """The key as the metadata service tells it."""
        now = self._clock()
        if not self._loans or now >= self._loans[-1].expiry - self._overlap:
            number = len(self._loans)
            key = Key(f"synthetic-lent-secret-{number}", f"synthetic-lent-token-{number}")
            self._loans.append(_Loan(f"SYNTHETICLENT{number:07}", key, now + self._life))
        loan = self._loans[-1]
        return {
            "access": loan.access_key,
            "secret": loan.key.secret,
            "securitytoken": loan.key.security_token,
            "expires_at": _utc(loan.expiry),
        }

    def revoke(self) -> None:
        """Let every key that was lent die now."""
        now = self._clock()
        self._loans = [_Loan(loan.access_key, loan.key, min(loan.expiry, now)) for loan in self._loans]

    def __getitem__(self, access_key: str) -> Key:
        return self._good()[access_key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._good())

    def __len__(self) -> int:
        return len(self._good())

    def _good(self) -> dict[str, Key]:
        now = self._clock()
        return {loan.access_key: loan.key for loan in self._loans if now < loan.expiry}


def sign_in(asked: Mapping[str, Any]) -> SignIn:
    """Reads the body of a request for a token."""
    user = _inside(asked, "auth", "identity", "password", "user")
    return SignIn(
        user=str(user.get("name", "")),
        account=str(_inside(user, "domain").get("name", "")),
        password=str(user.get("password", "")),
        scope=_inside(asked, "auth", "scope", "project"),
    )


def known(asked: SignIn, users: Mapping[str, str] | None, project: Project) -> bool:
    """Whether this user of any account has this password, and asks for no other project; users None: any has any."""
    if not asked.account or any(asked.scope.get(name, value) != value for name, value in _as_json(project).items()):
        return False
    return bool(asked.user and asked.password) if users is None else users.get(asked.user) == asked.password


def issued(asked: SignIn, project: Project, *, now: int, expiry: int, catalog: str | None) -> dict[str, Any]:
    """The body that comes with a token. Times in ms; `catalog`: the address of AOM, None to leave it out."""
    token: dict[str, Any] = {
        "expires_at": _utc(expiry),
        "issued_at": _utc(now),
        "methods": ["password"],
        "project": _as_json(project),
        "user": {"name": asked.user},
    }
    if catalog is not None:
        token["catalog"] = [{"type": "aom", "endpoints": [{"region": project.name, "url": catalog}]}]
    return {"token": token}


def projects(project: Project, name: str) -> dict[str, Any]:
    """The list of projects of that name."""
    return {"projects": [_as_json(project) | {"enabled": True}] if name == project.name else []}


def _as_json(project: Project) -> dict[str, str]:
    return {"id": project.id, "name": project.name}


def _inside(found: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        inner = found.get(key)
        found = inner if isinstance(inner, dict) else {}
    return found


def _utc(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
