"""Collects the figures of the end-to-end suite and prints them when the run ends."""

from __future__ import annotations

import pytest

from tests.e2e.figures import FIGURES, table


def pytest_configure(config: pytest.Config) -> None:
    """A place for the figures."""
    config.stash[FIGURES] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table, if there is anything to tell."""
    if figures := config.stash[FIGURES]:
        terminalreporter.section("the embedded model")
        for line in table(figures):
            terminalreporter.write_line(line)
