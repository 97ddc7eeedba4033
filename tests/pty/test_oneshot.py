"""One question while a person sits at the terminal: asked there, wherever stdout and stderr go."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from tests.providers.server import Endpoint, code, say, serve
from tests.pty.emulator import Terminal

ASK = "name = input('Your name: ')\nprint('Hello', name)"


def command(endpoint: Endpoint, *argv: str, redirected: str = "") -> list[str]:
    """The program asked by a shell, with what is redirected."""
    words = [sys.executable, "-m", "interpreter", "--model", "m", "--api-base", endpoint.base(), *argv]
    return ["/bin/sh", "-c", f"exec {shlex.join(words)} {redirected}"]


@pytest.mark.parametrize(
    ("flags", "redirected"),
    [
        ((), ""),
        ((), "2>err.txt"),
        ((), ">out.txt"),
        (("--plain",), ""),
        (("--json",), ">out.txt"),
        (("--json",), ">out.txt 2>err.txt"),
    ],
)
def test_the_whole_code_is_shown_once_where_it_is_asked_about(
    tmp_path: Path, flags: tuple[str, ...], redirected: str
) -> None:
    with serve(code(ASK), say("You are Ada.")) as endpoint:
        argv = command(endpoint, *flags, "Who am I?", redirected=f"{redirected} </dev/null")
        with Terminal(argv, home=tmp_path, columns=100) as terminal:
            terminal.until("Run this python? y/n/e/a/?")
            assert terminal.text.count("print('Hello', name)") == 1
            terminal.send("y")
            terminal.until(lambda: terminal.cursor_line == "Your name: ")
            terminal.send("Ada\r")
            assert terminal.exit_code() == 0
            shown = terminal.text
    assert shown.splitlines().count("Your name: Ada") == 1
    answer = (tmp_path / "out.txt").read_text(encoding="utf-8") if ">out" in redirected else shown
    if "--json" in flags:
        assert json.loads(answer.splitlines()[-1])["type"] == "turn.finished"
    else:
        assert "You are Ada." in answer


def test_no_at_the_terminal_leaves_with_4_and_nothing_has_run(tmp_path: Path) -> None:
    with (
        serve(code("open('made', 'w')"), say("Never.")) as endpoint,
        Terminal(command(endpoint, "Make it."), home=tmp_path) as terminal,
    ):
        terminal.until("Run this python? y/n/e/a/?")
        terminal.send("\x1b")
        assert terminal.exit_code() == 4
        assert terminal.modes_now() == terminal.modes
    assert not (tmp_path / "made").exists()
    assert len(endpoint.requests) == 1


def test_ctrl_c_while_code_runs_interrupts_it_and_leaves_with_130(tmp_path: Path) -> None:
    with (
        serve(code("import time\nprint('begun')\ntime.sleep(600)"), say("Never.")) as endpoint,
        Terminal(command(endpoint, "-y", "Wait."), home=tmp_path) as terminal,
    ):
        terminal.until("\nbegun")
        terminal.send("\x03")
        assert terminal.exit_code() == 130
        assert terminal.modes_now() == terminal.modes
    assert len(endpoint.requests) == 1
