"""The command line."""

from collector.cli.commands import main

__all__ = ["main"]
