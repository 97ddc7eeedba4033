"""The terminal renderer in a real tmux, which keeps in its history what erasing from the top-left corner pushes out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.renderers.test_screen import ANSWER

_FIRST = " ".join(f"M99{letter} is written and drawn at the very top," for letter in "abcdefghij") + "\n\n"
"""What is drawn anew while it stands in the top-left corner."""
_TEXT = _FIRST + ANSWER

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

_PROGRAM = """
import os, sys, time
from interpreter import events as e
from interpreter.renderers.terminal.screen import TerminalRenderer

answer = open(sys.argv[1]).read()
draw = TerminalRenderer(sys.stdout, environment=os.environ)
print("\\x1b[2J\\x1b[H", end="")
for at in range(0, len(answer), 20):
    draw(e.TextDelta(text=answer[at : at + 20]))
    time.sleep(0.002)
draw(e.Text(text=answer))
draw.close()
open(sys.argv[2], "w").write("done")
time.sleep(600)
"""


class Tmux:
    """A tmux server of its own, with one window that runs the program."""

    def __init__(self, folder: Path) -> None:
        self.done = folder / "done"
        self._socket = str(folder / "socket")
        (folder / "answer.md").write_text(_TEXT)
        (folder / "program.py").write_text(_PROGRAM)
        command = [sys.executable, str(folder / "program.py"), str(folder / "answer.md"), str(self.done)]
        self("-f", os.devnull, "new-session", "-d", "-x", "80", "-y", "20", " ".join(command))

    def __call__(self, *arguments: str) -> str:
        """Give tmux a command; what it says."""
        command = ["tmux", "-S", self._socket, *arguments]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TERM": "xterm-256color"}
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment, timeout=60).stdout

    def lines(self) -> list[str]:
        """The history and the screen."""
        return self("capture-pane", "-p", "-J", "-S", "-").split("\n")


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    server = Tmux(tmp_path)
    yield server
    server("kill-server")


def _wait(tmux: Tmux) -> None:
    deadline = time.monotonic() + 60
    while not tmux.done.exists():
        assert time.monotonic() < deadline, tmux.lines()
        time.sleep(0.05)


def test_every_word_is_in_the_history_exactly_once(tmux: Tmux) -> None:
    _wait(tmux)
    assert re.findall(r"M\d+[a-j]", "\n".join(tmux.lines())) == re.findall(r"M\d+[a-j]", _TEXT)


def test_no_word_is_lost_when_the_window_changes_its_size(tmux: Tmux) -> None:
    for size in (60, 100, 50, 80):
        tmux("resize-window", "-x", str(size), "-y", "20")
        time.sleep(0.05)  # a person drags; what is drawn meanwhile does not matter to the test
    _wait(tmux)
    assert set(re.findall(r"M\d+[a-j]", "\n".join(tmux.lines()))) == set(re.findall(r"M\d+[a-j]", _TEXT))
