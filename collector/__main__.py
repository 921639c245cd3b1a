"""`python -m collector` is the same as `aom-collector`."""

import signal
import sys


def main() -> int:
    """Run the command line; returns the exit status."""
    if sys.argv[1:2] == ["run"]:
        # Before all that takes a second to load, and until there is something to reload: a hang-up ends nothing.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from collector.cli import main as command_line  # noqa: PLC0415  that is what takes the second

    return command_line()


if __name__ == "__main__":
    sys.exit(main())
