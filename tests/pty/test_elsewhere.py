"""A conversation whose code runs behind a server: the token is asked for at the terminal, and shown nowhere."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.pty.emulator import Terminal
from tests.runners.servers import TOKEN, jupyter_server

MODEL = ("--model", "openai/none", "--api-base", "http://127.0.0.1:9/v1")


def test_the_token_is_asked_for_until_it_is_right_and_then_code_runs_there(tmp_path: Path) -> None:
    with jupyter_server(tmp_path / "server") as url:
        argv = [sys.executable, "-m", "interpreter", *MODEL, "--gateway", url]
        with Terminal(argv, home=tmp_path / "home", columns=160) as terminal:
            terminal.until("wants a token")
            terminal.until("The token (it is not shown):")
            terminal.send("not-this-one\r")
            terminal.until("refuses this token")
            terminal.until(lambda: terminal.text.count("The token (it is not shown):") == 2)
            terminal.send(f"{TOKEN}\r")
            terminal.until_prompt()
            terminal.send("> import os; print(os.getcwd(), TOKEN := 6 * 7)\r")
            terminal.until(f"{tmp_path / 'server' / 'files'} 42")
            terminal.until_prompt()
            terminal.send("/doctor\r")
            terminal.until(f"server        {url}, with the kernels python3")
            terminal.until_prompt()
            terminal.send("/vars shell\r")
            terminal.until("Only the variables of python can be listed.")
            terminal.until_prompt()
            terminal.send("> n = open('result.csv', 'w').write('x')\r")
            terminal.until_prompt()
            terminal.send("/download result.csv\r")
            terminal.until("\nDownloaded to result.csv\n")
            terminal.until_prompt()
            assert (tmp_path / "home" / "result.csv").read_text() == "x"
            terminal.send("\x04")
            assert terminal.exit_code() == 0
            assert TOKEN not in terminal.text


def test_a_server_that_is_not_there_is_told_before_the_prompt(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "interpreter", *MODEL, "--gateway", "http://127.0.0.1:9"]
    with Terminal(argv, home=tmp_path / "home", columns=160) as terminal:
        assert terminal.exit_code() == 1
        assert terminal.lines[-1].startswith("interpreter: Nobody answers at http://127.0.0.1:9 (")
