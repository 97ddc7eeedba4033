"""The rungs of Ctrl-C, and the other ways to stop: each leaves a session that goes on, or a terminal as it was."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.pty.emulator import Terminal, conversation

CTRL_C, CTRL_D, CTRL_Z, CTRL_BACKSLASH = "\x03", "\x04", "\x1a", "\x1c"


def begin(terminal: Terminal, line: str, shown: str) -> None:
    """Send `line` and wait until it is under way."""
    terminal.until_prompt()
    terminal.send(f"{line}\r")
    terminal.until(shown)


def goes_on(terminal: Terminal) -> None:
    """The session answers as before."""
    begin(terminal, "say still here", "\nstill here")
    terminal.until_prompt()


def test_leaving_warns_first_while_a_cell_runs_in_the_background(tmp_path: Path) -> None:
    warning = "In the background still: c1. Leaving interrupts that; Ctrl-D again leaves."
    with conversation(tmp_path) as terminal:
        begin(terminal, "> wait", "waiting")
        terminal.send(CTRL_BACKSLASH)
        terminal.until("runs on in the background")
        terminal.until_prompt()
        terminal.send(CTRL_D)
        terminal.until(warning)
        goes_on(terminal)
        terminal.send(CTRL_D)
        terminal.until(lambda: terminal.text.count(warning) == 2)
        terminal.until_prompt()
        terminal.send(CTRL_D)
        terminal.until("interrupted")
        assert terminal.exit_code() == 0


def test_going_to_another_session_warns_first_too_while_a_cell_runs_in_the_background(tmp_path: Path) -> None:
    warning = "In the background still: c1. Going to another session interrupts that; {} again goes there."
    with conversation(tmp_path, columns=120) as terminal:
        begin(terminal, "say hello", "\nhello")
        begin(terminal, "> wait", "waiting")
        terminal.send(CTRL_BACKSLASH)
        terminal.until("runs on in the background")
        begin(terminal, "/resume 261129", warning.format("/resume"))
        begin(terminal, "say on", "\non")
        begin(terminal, "/fork", warning.format("/fork"))
        begin(terminal, "/jobs", "c1  python  for")
        begin(terminal, "/resume 261129", "interrupted")
        begin(terminal, "> stubborn", "stubborning")
        terminal.send(CTRL_BACKSLASH)
        terminal.until(lambda: terminal.text.count("runs on in the background") == 2)
        begin(terminal, "/jobs", "c1  python  for")
        begin(terminal, "/fork", "Nothing was asked yet: there is no turn to go on from.")
        begin(terminal, "/quit", "Leaving interrupts that; Ctrl-D again leaves.")


def test_at_the_prompt_it_clears_the_line_which_can_be_had_back(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        terminal.until_prompt()
        terminal.send("half a message")
        terminal.until("half a message")
        terminal.send(CTRL_C)
        terminal.until_prompt()
        terminal.send(CTRL_C)
        terminal.until("Ctrl-D leaves")
        terminal.send("\x1b[A")
        terminal.until("half a message")
        terminal.send(CTRL_C)
        goes_on(terminal)


def test_while_the_model_writes_it_drops_the_reply_and_keeps_what_was_said(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        begin(terminal, "babble", "word3 ")
        terminal.send(CTRL_C)
        terminal.until("interrupted")
        goes_on(terminal)
        assert "word3 " in terminal.kept("requests.jsonl")[-1]


def test_while_code_runs_it_interrupts_the_cell_and_keeps_the_session(tmp_path: Path) -> None:
    with conversation(tmp_path, SAY_YES="1") as terminal:
        begin(terminal, "run wait", "waiting")
        terminal.send(CTRL_C)
        terminal.until("interrupted")
        goes_on(terminal)
        assert "restarted" not in terminal.text


def test_a_second_one_restarts_a_kernel_that_does_not_end_and_says_so(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        begin(terminal, "> stubborn", "stubborning")
        terminal.send(CTRL_C)
        terminal.until("interrupted")
        terminal.until("python busy")
        terminal.send(CTRL_C)
        terminal.until("python was restarted (you pressed Ctrl-C twice; lost: answer)")
        terminal.until("python idle")
        goes_on(terminal)


def test_a_second_one_while_the_cell_is_still_being_ended_restarts_too(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        begin(terminal, "> slow to end", "slowly")
        terminal.send(CTRL_C)
        terminal.until("ending")
        terminal.send(CTRL_C)
        terminal.until("python was restarted (you pressed Ctrl-C twice; lost: answer)")
        goes_on(terminal)


def test_ctrl_c_sent_as_a_signal_does_the_same(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        terminal.until_prompt()
        terminal.send("half")
        terminal.until("half")
        terminal.signal(signal.SIGINT)
        terminal.until_prompt()
        begin(terminal, "babble", "word1 ")
        terminal.signal(signal.SIGINT)
        terminal.until("interrupted")
        goes_on(terminal)


def test_keys_typed_while_a_turn_runs_wait_for_the_prompt(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        begin(terminal, "> input name", "name:")
        terminal.send("Bob\rsay after\r")
        terminal.until("got 'Bob'")
        terminal.until("\nafter")


def under_a_shell(home: Path) -> Terminal:
    """A shell with job control, in which the conversation is started."""
    shell = Terminal(["bash", "--norc", "-i"], home=home, PS1="shell$ ")
    shell.until("shell$")
    shell.send(f"{sys.executable} -m tests.pty.program\r")
    return shell


@pytest.mark.parametrize("begun", [False, True])
def test_ctrl_z_stops_the_program_and_fg_goes_on(tmp_path: Path, begun: bool) -> None:
    with under_a_shell(tmp_path) as terminal:
        terminal.until_prompt()
        if begun:
            begin(terminal, "> wait", "waiting")
        terminal.send(CTRL_Z)
        terminal.until(lambda: "Stopped" in terminal.text and terminal.cursor_line == "shell$ ")
        terminal.send("echo in be''tween\r")
        terminal.until("in between")
        terminal.send("fg\r")
        if begun:
            terminal.until(lambda: terminal.lines[-1].endswith("tests.pty.program"))
            terminal.send(CTRL_C)
            terminal.until("interrupted")
        goes_on(terminal)
        terminal.send(CTRL_D)
        terminal.until(lambda: terminal.cursor_line == "shell$ ")
        terminal.send("stty -a\r")
        terminal.until("icanon iexten echo")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("where", ["prompt", "turn", "question"])
def test_a_signal_to_end_restores_the_terminal_and_closes_the_kernels(tmp_path: Path, number: int, where: str) -> None:
    with conversation(tmp_path) as terminal:
        terminal.until("\n parrot")  # the toolbar knows the model: the session is there
        if where == "turn":
            begin(terminal, "> wait", "waiting")
        elif where == "question":
            begin(terminal, "run 1+1", "Run this python?")
        terminal.signal(number)
        assert terminal.exit_code() == 128 + number
        assert terminal.modes_now() == terminal.modes
        assert terminal.kept("closed.txt") == ["closed", "closed"]
        assert b"Traceback" not in terminal.bytes


def test_a_defect_restores_the_terminal(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        begin(terminal, "explode", "as the test wished")
        assert terminal.exit_code() == 1
        assert terminal.modes_now() == terminal.modes
        assert terminal.bytes.rfind(b"\x1b[?2004l") > terminal.bytes.rfind(b"\x1b[?2004h")


def test_a_terminal_that_goes_away_ends_the_program(tmp_path: Path) -> None:
    terminal = conversation(tmp_path)
    terminal.until("\n parrot")
    os.close(terminal.fd)
    _, status = os.waitpid(terminal.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGHUP
    assert terminal.kept("closed.txt") == ["closed", "closed"]
