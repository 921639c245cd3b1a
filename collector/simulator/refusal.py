"""Answers that are no success, in the words and shapes of those who give them."""

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):
    """An answer that is no success. `headers`: those it has beyond what every answer has."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(str(status))
        self.status = status
        self.body = body
        self.headers: dict[str, str] = {}


def service(status: int, code: str, says: str) -> Refusal:
    """What AOM says."""
    return Refusal(status, {"error_code": code, "error_msg": says})


def gateway(status: int, code: str, says: str) -> Refusal:
    """What the gateway says of a request that reaches no service."""
    return Refusal(status, {"error_msg": says, "error_code": code})


def told(body: Mapping[str, Any], request_id: str) -> dict[str, Any]:
    """An answer as it is sent: the gateway's carries the id of the request, the others do not."""
    mine = str(body.get("error_code", "")).startswith("APIGW.")
    return dict(body) | ({"request_id": request_id} if mine else {})


def bad_token() -> Refusal:
    """What AOM says of a token it does not know, or that is no longer good."""
    return Refusal(401, {"error_code": "AOM.31009004", "error_message": "auth failed.", "http_code": "401"})


def bad_signature(why: str) -> Refusal:
    """What the gateway says of a signature that does not hold, for this reason."""
    return gateway(401, "APIGW.0301", f"Incorrect IAM authentication information: {why}")


def bad_sign_in() -> Refusal:
    """What IAM says of a sign-in it does not accept."""
    says = "The username or password is wrong, or the project is."
    return Refusal(401, {"error": {"code": 401, "message": says, "title": "Unauthorized"}})


def unreached(status: int) -> Refusal:
    """The gateway's answer in the place of the web server's; a wrong method is an unknown API to it."""
    if status in {404, 405}:
        return gateway(404, "APIGW.0101", "The API does not exist or has not been published in the environment")
    return gateway(status, "APIGW.0201", "Bad request")
