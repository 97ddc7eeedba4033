"""A cell as a program of its own: its end, its words, and what it leaves behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from interpreter.runners import processes
from interpreter.runners.program import ProgramRunner
from interpreter.seams import Ended, Happening, Produced
from tests.runners.bench import happenings_of, text


def run(folder: Path, code: str) -> list[Happening]:
    """What running `code` as a program of Python brings."""
    runner = ProgramRunner(
        command=(sys.executable,), suffix=".py", folder=str(folder), environment=os.environ, output_limit=5
    )
    return asyncio.run(happenings_of(runner, code))


@pytest.mark.parametrize(
    ("code", "words", "status"),
    [
        ("print('said')", "said\n", "ok"),
        ("raise SystemExit(3)", "[exit code 3]\n", "error"),
        ("import os; os.kill(os.getpid(), 9)", f"[{sys.executable} was killed by signal 9]\n", "died"),
    ],
)
def test_the_end_of_a_program_is_told_in_words(tmp_path: Path, code: str, words: str, status: str) -> None:
    happened = run(tmp_path, code)
    assert (text(happened), happened[-1]) == (words, Ended(status=status))  # type: ignore[arg-type]


def test_a_program_that_prints_more_than_the_limit_is_ended(tmp_path: Path) -> None:
    happened = run(tmp_path, "while True: print('x' * 10_000)")
    assert happened[1:] == [
        Produced(kind="error", data={"text/plain": "The cell was interrupted: it printed more than 5 MB."}),
        Ended(status="error"),
    ]


def test_a_daemon_that_holds_the_streams_delays_no_end(tmp_path: Path) -> None:
    code = "import subprocess\nprint(subprocess.Popen(['sleep', '600'], start_new_session=True).pid)"
    happened = run(tmp_path, code)
    try:
        assert isinstance(happened[0], Produced)
        assert happened[1:] == [Ended(status="ok")]
    finally:
        processes.send(signal.SIGKILL, [int(text(happened))])
