"""What is served over HTTP: the exposition, health, and a simple page. It sees no other room."""

from collector.web.facts import (
    Detail,
    Execution,
    Facts,
    Health,
    Look,
    Node,
    NodeRun,
    Project,
    Summary,
    Trouble,
)
from collector.web.overview import FailedNode, Overview, WorkflowRow
from collector.web.private import Private, reached
from collector.web.server import Web
from collector.web.toolkit_file import read as read_toolkit

__all__ = [
    "Detail",
    "Execution",
    "Facts",
    "FailedNode",
    "Health",
    "Look",
    "Node",
    "NodeRun",
    "Overview",
    "Private",
    "Project",
    "Summary",
    "Trouble",
    "Web",
    "WorkflowRow",
    "reached",
    "read_toolkit",
]
