"""The configuration file as frozen settings, with every fault of the file at once."""

from collector.config.load import load, parse, state_of
from collector.config.secret import Secret, is_one_line
from collector.config.settings import STANDARD, Auth, Discover, Project, Settings

__all__ = ["STANDARD", "Auth", "Discover", "Project", "Secret", "Settings", "is_one_line", "load", "parse", "state_of"]
