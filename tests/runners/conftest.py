"""A kernel to be killed; and at the end of the report the languages that the contract test ran on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runners.bench import Bench, at, bench

collect_ignore = (
    [
        *("test_driven.py", "test_driven_languages.py", "test_program.py"),
        *("test_shell.py", "test_shell_dialects.py", "test_shell_questions.py"),
    ]
    if sys.platform == "win32"
    else []
)
"""On Windows there are no pseudo-terminals of this kind, and no signals; its shell is a driven interpreter."""


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Bench]:
    """A kernel of the test's own, for cells that kill it."""
    folder = tmp_path / "work"
    folder.mkdir()
    with bench(at(folder)) as made:
        yield made


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line, when the contract test ran."""
    passed = [report.nodeid for report in terminalreporter.getreports("passed")]
    names = {name.partition("[")[2].rstrip("]") for name in passed if "test_contract.py" in name}
    if names:
        terminalreporter.write_line(f"contract of languages kept by: {', '.join(sorted(names))}")
