"""Fails a run that skipped a test: where everything is installed, no test has a reason to.

For `.ci/run`, by `-p tests.no_skips`. The shared vectors alone may be missing: they lie beside the
checkout, not in it.
"""

import pytest

_BESIDE = "the shared vectors are not beside this checkout"


class _Watch:
    """The skips of one run, with their reasons."""

    def __init__(self) -> None:
        self.skips: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test that skipped; an expected failure is none."""
        if report.skipped and not hasattr(report, "wasxfail"):
            self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that skipped as a whole."""
        if report.skipped:
            self._note(report)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail where there was one."""
        if self.skips and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which."""
        for skip in self.skips:
            terminalreporter.write_line(f"skipped, and nothing may be: {skip}", red=True)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if _BESIDE not in str(report.longrepr):
            self.skips.append(report.nodeid)


def pytest_configure(config: pytest.Config) -> None:
    """Watch the run; its workers report to here."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Watch())
