"""The configuration file as frozen settings, with every fault of the file at once."""

from collector.config.load import load, parse
from collector.config.secret import Secret
from collector.config.settings import Auth, Project, Settings

__all__ = ["Auth", "Project", "Secret", "Settings", "load", "parse"]
