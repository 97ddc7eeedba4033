"""The real program in a terminal: its own renderer, a real kernel and shell, and a model behind HTTP."""

from __future__ import annotations

import re
import socket
import sys
from pathlib import Path

from interpreter.recorders.store import Store
from tests.models.test_local import STANDIN, weights
from tests.providers.server import code, say, serve
from tests.pty.emulator import ROOT, Terminal
from tests.test_cli import program

CODE = "import os\nanswer = 6 * 7\nprint(f'{answer=}')"


def attached(home: Path, *argv: str) -> str:
    """What `interpreter attach` tells."""
    return program(home, "attach", *argv).stderr


def test_a_session_from_the_first_key_to_the_last_with_the_programs_own_parts(tmp_path: Path) -> None:
    with serve(code(CODE), say("It is **42**.")) as endpoint:
        argv = [sys.executable, "-m", "interpreter", "--model", "m", "--api-base", endpoint.base("openai")]
        with Terminal(argv, home=tmp_path) as terminal:
            terminal.send("what is six times seven?\r")
            terminal.until("Run this python? y/n/e/a/?")
            assert "answer = 6 * 7" in terminal.text
            terminal.send("y")
            terminal.until("answer=42")
            terminal.until("It is 42.")
            terminal.until_prompt()
            terminal.send("> import time; print('begun'); time.sleep(600)\r")
            terminal.until("\nbegun")
            terminal.send("\x03")
            terminal.until("interrupted")
            terminal.until_prompt()
            terminal.send("/vars\r")
            terminal.until("answer  int")
            terminal.until_prompt()
            terminal.send("!echo $((40 + 2))\r")
            terminal.until("\n42")
            terminal.until_prompt()
            terminal.send("> input('name: ') * 2\r")
            terminal.until(lambda: terminal.cursor_line == "name: ")
            terminal.send("Bob\r")
            terminal.until("'BobBob'")
            terminal.until_prompt()
            terminal.send("> who = input('who? ')\r")
            terminal.until(lambda: terminal.cursor_line == "who? ")
            terminal.send("Ada\r")
            terminal.until_prompt()
            terminal.send("/restart\r")
            terminal.until("python was restarted")
            terminal.until_prompt()
            terminal.send("/rebuild\r")
            terminal.until("4 cells were run again; the variables are back.")
            terminal.until_prompt()
            terminal.send("> who * 2\r")
            terminal.until("'AdaAda'")
            terminal.until_prompt()
            terminal.send("\x04")
            assert terminal.exit_code() == 0
            assert terminal.modes_now() == terminal.modes
    assert len(endpoint.requests) == 2


def test_a_kept_kernel_lists_its_variables_as_soon_as_it_is_asked_and_runs_on_each_time_it_is_left(
    tmp_path: Path,
) -> None:
    python = tmp_path / "project" / ".venv" / "bin" / "python"  # found there, so it waits for a cell unless it runs
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    begun = f"cd {tmp_path}/project && exec {sys.executable} -m interpreter --model m --api-base http://127.0.0.1:9"
    try:
        for flag, typed, shown in (
            ("--keep-kernel", "> kept = 41", "python idle"),
            ("--resume", "/vars", "kept  int"),
            ("--resume", "\x04", ""),  # while the kernel may still be joined
            ("--resume", "/vars", "kept  int"),
        ):
            with Terminal(["sh", "-c", f"{begun} {flag}"], home=tmp_path / "home") as terminal:
                terminal.until_prompt()
                terminal.send(f"{typed}\r")
                terminal.until(shown)
                if shown:
                    terminal.until_prompt()
                    terminal.send("\x04")
                assert terminal.exit_code() == 0
                assert "The kernel runs on: interpreter --resume" in terminal.text
    finally:
        told = attached(tmp_path / "home", "--stop")
    assert told.endswith(" has ended.\n")


def test_the_variables_of_a_session_that_is_resumed_in_the_conversation_are_there_where_its_kernel_runs_on(
    tmp_path: Path,
) -> None:
    argv = [sys.executable, "-m", "interpreter", "--model", "m", "--api-base", "http://127.0.0.1:9"]
    try:
        with Terminal([*argv, "--keep-kernel"], home=tmp_path) as terminal:
            terminal.send("> kept = 41\r")
            terminal.until("python idle")
            terminal.until_prompt()
            terminal.send("\x04")
            assert terminal.exit_code() == 0
        with Terminal(argv, home=tmp_path) as terminal:
            terminal.until_prompt()
            terminal.send(f"/resume {Store(tmp_path / 'data' / 'sessions').latest().id}\r")
            terminal.until("goes on.")
            terminal.until_prompt()
            terminal.send("/vars\r")
            terminal.until("kept  int")
            terminal.until_prompt()
            terminal.send("\x04")
            assert terminal.exit_code() == 0
    finally:
        attached(tmp_path, "--stop")


def test_the_variables_are_listed_while_the_embedded_model_still_loads(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as loading:  # whoever loads for ever tells it there
        argv = [sys.executable, "-m", "interpreter", "--local", str(weights(tmp_path, str(loading.getsockname()[1])))]
        with Terminal(argv, home=tmp_path, PYTHONPATH=f"{ROOT}:{STANDIN}") as terminal:
            child, _ = loading.accept()
            terminal.send("> answer = 42\r")
            terminal.until("python idle")
            terminal.until_prompt()
            terminal.send("/vars\r")
            terminal.until("answer  int")
            terminal.until_prompt()
            terminal.send("\x04")
            assert terminal.exit_code() == 0
            with child:
                assert child.recv(1) == b""


def test_a_session_tells_when_it_is_left_how_it_goes_on_and_then_what_it_was_about(tmp_path: Path) -> None:
    with serve(say("Good morning."), say("Good evening.")) as endpoint:
        argv = [sys.executable, "-m", "interpreter", "--model", "m", "--api-base", endpoint.base("openai")]
        with Terminal(argv, home=tmp_path) as terminal:
            for said, answer in (("good morning?", "Good morning."), ("and in the evening?", "Good evening.")):
                terminal.send(f"{said}\r")
                terminal.until(f"\n{answer}")
                terminal.until_prompt()
            terminal.send("\x04")
            assert terminal.exit_code() == 0
            told = re.search(r"This session is kept: interpreter (--resume \S+) goes on with it\.", terminal.text)
        assert told is not None
        with Terminal([*argv, *told[1].split()], home=tmp_path) as terminal:
            terminal.until("goes on.\nWhat was asked last, of 2: and in the evening?\n")
            terminal.until_prompt()
            terminal.send("\x04")
            assert terminal.exit_code() == 0


def test_a_session_of_the_users_own_cells_alone_is_told_to_be_kept_and_an_empty_one_is_not(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "interpreter", "--model", "m", "--api-base", "http://127.0.0.1:9"]
    for typed, shown, told in (("!echo $((40 + 2))", "\n42\n", 1), ("/jobs", "Nothing runs in the background.", 0)):
        with Terminal(argv, home=tmp_path) as terminal:
            terminal.until_prompt()
            terminal.send(f"{typed}\r")
            terminal.until(shown)
            terminal.until_prompt()
            terminal.send("\x04")
            assert terminal.exit_code() == 0
            assert terminal.text.count("This session is kept: interpreter --resume ") == told


def test_an_export_says_where_it_is(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "interpreter", "--model", "m", "--api-base", "http://127.0.0.1:9"]
    with Terminal(argv, home=tmp_path) as terminal:
        for typed, shown in (
            ("> print(month := 10)", "\n10\n"),
            ("/export py out.py", "\nExported to out.py\n"),
            ("/save copy.ipynb", "\nExported to copy.ipynb\n"),
            ("/export md -", "```python\nprint(month := 10)\n"),
        ):
            terminal.until_prompt()
            terminal.send(f"{typed}\r")
            terminal.until(shown)
        terminal.until_prompt()
        assert terminal.text.count("Exported to") == 2
        terminal.send("\x04")
        assert terminal.exit_code() == 0


def test_a_wrong_value_of_a_flag_is_one_line_and_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    with Terminal([sys.executable, "-m", "interpreter", "--protocol", "nonsense"], home=tmp_path) as terminal:
        assert terminal.exit_code() == 2
        assert "--protocol must be one of auto, tools, functions, text" in terminal.text
        assert terminal.modes_now() == terminal.modes
