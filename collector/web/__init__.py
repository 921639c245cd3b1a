"""What is served over HTTP: the exposition, health, and a simple page. It sees no other room."""

from collector.web.overview import FailedNode, Overview, WorkflowRow
from collector.web.private import Private, reached
from collector.web.server import Web
from collector.web.toolkit_file import read as read_toolkit

__all__ = ["FailedNode", "Overview", "Private", "Web", "WorkflowRow", "reached", "read_toolkit"]
