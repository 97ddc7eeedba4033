"""The end of the report names the languages that the contract test ran on: what is not installed is not tested."""

from __future__ import annotations

import sys

import pytest

collect_ignore = (
    [
        *("test_driven.py", "test_driven_languages.py", "test_program.py"),
        *("test_shell.py", "test_shell_dialects.py", "test_shell_questions.py"),
    ]
    if sys.platform == "win32"
    else []
)
"""On Windows there are no pseudo-terminals of this kind, and no signals; its shell is a driven interpreter."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line, when the contract test ran."""
    passed = [report.nodeid for report in terminalreporter.getreports("passed")]
    names = {name.partition("[")[2].rstrip("]") for name in passed if "test_contract.py" in name}
    if names:
        terminalreporter.write_line(f"contract of languages kept by: {', '.join(sorted(names))}")
