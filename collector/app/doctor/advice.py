"""The next step to take where something is wrong at the service. Pure."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from collector.errors import Reason, SourceError
from collector.model import Definition

PERMISSION = "cms:execution:get"
PERMISSION_TO_LIST = "cms:workflow:list"
_STEPS = {
    Reason.TIMEOUT: "see whether the way from here to endpoint is open and quick; else raise timeout or poll_deadline",
    Reason.NETWORK: "open the way from here to endpoint (route, firewall, proxy, ca_file)",
    Reason.THROTTLED: "lower max_requests_per_second; whatever else uses this user or account counts as well",
    Reason.SERVER: "try again later; the service's support can trace the request id",
    Reason.ANSWER: "check endpoint: what answers there does not speak as AOM does",
    Reason.OVERSIZE: "raise max_response_bytes",
}


def step(error: SourceError, *, path: str, asking: str) -> str:
    """What to do about an error; `path`: the project's in the file, `asking`: for the `list`, or for a history."""
    if error.reason is Reason.AUTH:
        return f"put right what {path}.auth signs in with"
    if error.reason is Reason.FORBIDDEN:
        return f"grant this user {PERMISSION_TO_LIST if asking == 'list' else PERMISSION} in the project"
    if error.reason is Reason.NOT_FOUND:
        return f"check region, endpoint and project_id of {path}"
    return f"{path}: {_STEPS[error.reason]}"


def unknown(workflow_id: str, listed: Iterable[Definition], twins: Mapping[str, str]) -> str:
    """What to do about an id that the service does not know; `twins`: from an element's other id to its own."""
    if workflow_id in twins:
        return f"write id = {twins[workflow_id]!r}: this is its workflow_id, and it is asked for by its id"
    names = {each.name: each.workflow_id for each in listed if each.name}
    if workflow_id in names:
        return f"write id = {names[workflow_id]!r}: this is its name"
    near = get_close_matches(workflow_id, [*names.values(), *names], 1)
    if not near:
        return "see the workflow list for its id"
    return f"did you mean {names.get(near[0], near[0])!r}?"
