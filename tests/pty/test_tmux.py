"""The conversation in a real tmux, in a shell with job control: typing, widths, the question, leaving."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pty.emulator import PATIENCE, ROOT, SIGN

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Tmux:
    """A tmux server of its own, with one window that runs a shell."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self("-f", os.devnull, "new-session", "-d", "-x", "80", "-y", "20", "env 'PS1=shell$ ' bash --norc")

    def __call__(self, *arguments: str) -> str:
        """Give tmux a command; what it says."""
        variables = {"PATH": os.environ["PATH"], "HOME": str(self._folder), "INTERPRETER_HOME": str(self._folder)}
        more = {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        command = ["tmux", "-u", "-S", str(self._folder / "socket"), *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, env={**variables, **more}, timeout=PATIENCE
        ).stdout

    def keys(self, *keys: str) -> None:
        """Press keys, by their tmux names or as text."""
        self("send-keys", *keys)

    @property
    def lines(self) -> list[str]:
        """The history and the screen, without empty lines."""
        return [line for line in self("capture-pane", "-p", "-S", "-").splitlines() if line]

    def until(self, seen: Callable[[list[str]], bool]) -> None:
        """Look until `seen` holds for the lines."""
        deadline = time.monotonic() + PATIENCE
        while not seen(self.lines):
            assert time.monotonic() < deadline, "\n".join(self.lines)
            time.sleep(0.05)

    def until_prompt(self) -> None:
        """Look until an empty line can be typed."""
        self.until(lambda lines: SIGN.rstrip() in lines[-2:])


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    """A shell in tmux; the server is ended afterwards."""
    started = Tmux(tmp_path)
    yield started
    started("kill-server")


def test_a_conversation_in_tmux_survives_changes_of_width_and_leaves_the_shell_as_it_was(tmux: Tmux) -> None:
    tmux.until(lambda lines: lines[-1:] == ["shell$"])
    # The first line of stty holds the size, which tmux may tell the terminal a moment later.
    tmux.keys("stty -a | tail -n +2 > $HOME/before", "Enter", f"{sys.executable} -m tests.pty.program", "Enter")
    tmux.until_prompt()
    tmux.keys("run 1+1", "Enter")
    tmux.until(lambda lines: lines[-1:] == ["Run this python? y/n/e/a/?"])
    tmux.keys("y")
    tmux.until(lambda lines: "All done." in lines)
    tmux.until_prompt()
    tmux.keys("half of a message")
    tmux.until(lambda lines: f"{SIGN}half of a message" in lines)
    for width in ("40", "20", "80"):
        tmux("resize-window", "-x", width)
    tmux.until(lambda lines: f"{SIGN}half of a message" in lines[-2:])
    tmux.keys("C-c")
    tmux.until_prompt()
    tmux.keys("babble", "Enter")
    tmux.until(lambda lines: "word9" in "".join(lines))
    for width in ("40", "90", "80"):
        tmux("resize-window", "-x", width)
    tmux.keys("C-c")
    tmux.until(lambda lines: "interrupted" in lines)
    tmux.until_prompt()
    tmux.keys("C-d")
    tmux.until(lambda lines: lines[-1:] == ["shell$"])
    tmux.keys("stty -a | tail -n +2 | diff - $HOME/before && echo as be''fore", "Enter")
    tmux.until(lambda lines: "as before" in lines)
