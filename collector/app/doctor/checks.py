"""What a visit to a project comes to, check by check: from the requests that were made and the errors met. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from collector.aom import refusal
from collector.aom.endpoints import LIST_EXECUTIONS, LIST_WORKFLOWS
from collector.app.doctor import advice
from collector.app.doctor.findings import Check, Outcome, many
from collector.config import Project
from collector.errors import Reason, SourceError
from collector.model import Listing, Requested

SIGNS_IN_WITH = {
    "aksk": "access key",
    "token": "ready token",
    "password": "user name and password",
    "metadata": "keys of this machine (instance metadata)",
}
_ASKED_OF_AOM = (LIST_EXECUTIONS.name, LIST_WORKFLOWS.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What happened while a project was visited; `path` is its place in the file."""

    project: Project
    path: str
    requested: list[Requested] = field(default_factory=list)
    errors: list[SourceError] = field(default_factory=list)

    def connect(self) -> Check:
        """Whether the service answered at all."""
        asked = self._asked_of_aom
        answered = [fact.seconds for fact in asked if fact.code != "error"]
        if answered:
            return Check(name="connect", outcome=Outcome.OK, says=f"answered within {min(answered):.3f} s")
        return self.failed("connect", self.errors[0]) if asked else unreached("connect")

    def sign(self) -> Check:
        """Whether what is signed in with is good: it was refused, or not to be had, or an answer shows that it is."""
        refused = [error for error in self.errors if error.reason is Reason.AUTH]
        if not refused and not self._asked_of_aom:
            refused = self.errors
        if refused:
            return self.failed("sign", refused[0])
        good = any(fact.code == "200" for fact in self._asked_of_aom)
        if good or any(error.reason is Reason.FORBIDDEN for error in self.errors):
            return Check(name="sign", outcome=Outcome.OK, says=SIGNS_IN_WITH[self.project.auth.method])
        return unreached("sign")

    def clock(self) -> Check:
        """Whether this machine's clock goes as the service's does: signatures need it to."""
        skews = [fact.skew for fact in self.requested if fact.skew is not None]
        if not skews:
            return unreached("clock")
        skew = min(skews, key=abs)  # of the answer that was least long on its way
        says = refusal.clock(skew)
        if not says:
            return Check(name="clock", outcome=Outcome.OK, says=f"{abs(skew):.0f} s from the service's")
        outcome = Outcome.FAILED if self.refused else Outcome.WARNING
        return Check(name="clock", outcome=outcome, says=says, next="set this machine's clock (NTP)")

    def list(self, listed: Listing | SourceError | None, *, watched: int) -> Check:
        """Whether the workflow list can be had."""
        if listed is None or self.refused or self.connect().outcome is not Outcome.OK:
            return unreached("list")
        if isinstance(listed, SourceError):
            # Without the list a workflow that the file names is watched all the same, only without its name.
            outcome = Outcome.FAILED if self.project.discover else Outcome.WARNING
            return self.failed("list", listed, outcome=outcome)
        says = f"{many(listed.listed, 'workflow')}, {watched} watched"
        if listed.complete:
            return Check(name="list", outcome=Outcome.OK, says=says)
        return Check(name="list", outcome=Outcome.WARNING, says=f"{says}; it was cut, or moved while it was read")

    def failed(self, name: str, error: SourceError, *, outcome: Outcome = Outcome.FAILED) -> Check:
        """A check that met an error."""
        step = advice.step(error, path=self.path, asking=name)
        return Check(name=name, outcome=outcome, says=self.brief(error), next=step)

    def brief(self, error: SourceError) -> str:
        """What an error says, where it is plain of which project."""
        return str(error).removeprefix(f"project {self.project.name!r}: ")

    @property
    def refused(self) -> bool:
        """Whether what is signed in with was refused."""
        return any(error.reason is Reason.AUTH for error in self.errors)

    @property
    def _asked_of_aom(self) -> Sequence[Requested]:
        return [fact for fact in self.requested if fact.operation in _ASKED_OF_AOM]


def rate(cost: float, *, allowed: float, others: Sequence[str]) -> Check:
    """Whether what is asked for fits the budget, both in requests a minute; `others` share the credential."""
    together = f" together with {', '.join(others)}, which share its credential" if others else ""
    says = f"{cost:.3g} requests a minute{together}, of {allowed:g} allowed"
    if cost <= allowed:
        return Check(name="rate", outcome=Outcome.OK, says=says)
    step = "raise interval, or max_requests_per_second if the service allows more"
    return Check(name="rate", outcome=Outcome.WARNING, says=f"{says}: looks will be late", next=step)


def unreached(name: str) -> Check:
    """A check that was not reached."""
    return Check(name=name, outcome=Outcome.SKIPPED, says="not reached")
