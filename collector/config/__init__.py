"""The configuration file as frozen settings, with every fault of the file at once."""

from collector.config.load import load, parse, state_of
from collector.config.schema import LOG_FORMATS, LOG_LEVELS
from collector.config.secret import Secret, is_one_line
from collector.config.settings import STANDARD, Auth, Discover, Project, Settings
from collector.config.wording import nearest

__all__ = [
    "LOG_FORMATS",
    "LOG_LEVELS",
    "STANDARD",
    "Auth",
    "Discover",
    "Project",
    "Secret",
    "Settings",
    "is_one_line",
    "load",
    "nearest",
    "parse",
    "state_of",
]
