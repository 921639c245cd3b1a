"""What holds for every test: no deadline on a busy machine, and no silent skip where every part is meant to be."""

import os

import pytest
from hypothesis import Phase, settings

# A busy machine is no counterexample.
settings.register_profile("shared machine", deadline=None)
# Whether something is found counts there, not how small.
settings.register_profile("mutants", deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
settings.load_profile("shared machine")

OFF = {"", "0", "false", "no"}


class NoSkips:
    """Makes a run fail that skipped a test, unless that test is marked `optional_part`; lists both kinds."""

    def __init__(self):
        self.skipped = {}
        self.left_out = {}

    def pytest_runtest_logreport(self, report):
        if report.skipped and not hasattr(report, "wasxfail"):
            kind = self.left_out if "optional_part" in report.keywords else self.skipped
            kind[report.nodeid] = _why(report)

    def pytest_collectreport(self, report):
        if report.skipped:
            self.skipped[report.nodeid] = _why(report)

    def pytest_sessionfinish(self, session):
        if self.skipped and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter):
        for kind, title in (
            (self.left_out, "left out, as they may be"),
            (self.skipped, "skipped, and here they must not be"),
        ):
            if kind:
                terminalreporter.section(title)
                for test, why in kind.items():
                    terminalreporter.line(f"{test}: {why}")


def _why(report):
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)


def pytest_collection_modifyitems(items):
    """Those that may take long first, so that none is left over when all others are done."""
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)


def pytest_configure(config):
    if any(os.environ.get(name, "").lower() not in OFF for name in ("CI", "AOM_NO_SKIPS")):
        config.pluginmanager.register(NoSkips(), "no-skips")
