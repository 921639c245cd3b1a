"""The status page and its JSON: the same facts for people and for programs."""

from collector.web.status.page import POLICY
from collector.web.status.routes import Routes

__all__ = ["POLICY", "Routes"]
