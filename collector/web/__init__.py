"""What is served over HTTP: the exposition, health, and the status page. It sees no other room."""

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
from collector.web.private import Private, reached
from collector.web.server import Web
from collector.web.toolkit_file import read as read_toolkit

__all__ = [
    "Detail",
    "Execution",
    "Facts",
    "Health",
    "Look",
    "Node",
    "NodeRun",
    "Private",
    "Project",
    "Summary",
    "Trouble",
    "Web",
    "reached",
    "read_toolkit",
]
