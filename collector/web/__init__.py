"""What is served over HTTP: the exposition, health, and a simple page. It sees no other room."""

from collector.web.overview import FailedNode, Overview, WorkflowRow
from collector.web.server import Web
from collector.web.toolkit_file import read as read_toolkit

__all__ = ["FailedNode", "Overview", "Web", "WorkflowRow", "read_toolkit"]
