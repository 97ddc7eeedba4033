"""The question before code runs: one key says yes, and only a key that was pressed after it was asked."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from tests.pty.emulator import SIGN, Terminal, conversation

QUESTION = "Run this python? y/n/e/a/?"


def told(terminal: Terminal) -> str:
    """The last message of the last request."""
    return str(json.loads(terminal.kept("requests.jsonl")[-1])[-1]["content"])


def propose(terminal: Terminal, code: str) -> None:
    """Let the model propose `code`, and wait for the question."""
    terminal.until_prompt()
    terminal.send(f"run {code}\r")
    terminal.until(lambda: terminal.cursor_line == f"{QUESTION} ")


def test_y_runs_the_code(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        propose(terminal, "1+1")
        assert terminal.kept("ran.txt") == []
        terminal.send("y")
        terminal.until("All done.")
        assert terminal.kept("ran.txt") == ["1+1"]


def test_keys_typed_ahead_enter_arrows_and_pastes_do_not_approve(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        terminal.until_prompt()
        terminal.send("run 1+1\ry")
        terminal.until(QUESTION)
        terminal.send("\r\x1b[Ayyyy")
        while "change it in your editor, then" not in terminal.text:
            terminal.send("?")  # until it is read by itself
            terminal.read(0.3)
        terminal.until(lambda: terminal.cursor_line == f"{QUESTION} ")
        assert terminal.kept("ran.txt") == []
        terminal.send("n")
        terminal.until("Why not")
        terminal.send("\r")
        terminal.until(lambda: terminal.cursor_line == f"{SIGN}y")  # what was typed ahead is typed text, no answer
        assert terminal.kept("ran.txt") == []
        assert len(terminal.kept("requests.jsonl")) == 1


def test_n_with_a_reason_tells_the_model_and_it_goes_on(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        propose(terminal, "1+1")
        terminal.send("n")
        terminal.until("Why not")
        terminal.send("use pandas\r")
        terminal.until("All done.")
        assert terminal.kept("ran.txt") == []
        assert "use pandas" in told(terminal)


def test_escape_ctrl_c_and_ctrl_d_decline(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        for key in ("\x1b", "\x03", "\x04"):
            propose(terminal, "1+1")
            terminal.send(key)
            terminal.until_prompt()
        assert terminal.kept("ran.txt") == []
        assert len(terminal.kept("requests.jsonl")) == 3


def test_a_runs_what_follows_in_the_same_language_without_asking(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        propose(terminal, "1+1")
        terminal.send("a")
        terminal.until("All done.")
        terminal.until_prompt()
        terminal.send("run 2+2\r")
        terminal.until(lambda: terminal.text.count("All done.") == 2)
        terminal.until_prompt()
        terminal.send("shell ls\r")
        terminal.until("Run this shell?")
        assert terminal.kept("ran.txt") == ["1+1", "2+2"]


def test_e_edits_the_code_and_asks_again_showing_what_hides(tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf \'print("\\342\\200\\256x")\' > "$1"\n')
    editor.chmod(editor.stat().st_mode | stat.S_IXUSR)
    with conversation(tmp_path, EDITOR=str(editor)) as terminal:
        propose(terminal, "1+1")
        terminal.send("e")
        terminal.until('print("<U+202E>x")')
        terminal.until(lambda: terminal.cursor_line == f"{QUESTION} ")
        terminal.send("y")
        terminal.until("All done.")
        assert terminal.kept("ran.txt") == ['print("\N{RIGHT-TO-LEFT OVERRIDE}x")']
        assert "changed the code" in told(terminal)


def test_with_yes_nothing_is_asked(tmp_path: Path) -> None:
    with conversation(tmp_path, SAY_YES="1") as terminal:
        terminal.until_prompt()
        terminal.send("run 1+1\r")
        terminal.until("All done.")
        assert terminal.kept("ran.txt") == ["1+1"]
        assert QUESTION not in terminal.text


def test_input_is_typed_into_the_cell_and_a_secret_is_not_shown(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        terminal.until_prompt()
        terminal.send("> input name\r")
        terminal.until(lambda: terminal.cursor_line == "name: ")
        terminal.send("Bb\x7fob\r")
        terminal.until("got 'Bob'")
        terminal.until_prompt()
        terminal.send("> secret password\r")
        terminal.until(lambda: terminal.cursor_line == "password: ")
        terminal.send("hush-hush\r")
        terminal.until("got 'hush-hush'")
        assert terminal.text.count("hush-hush") == 1
        terminal.until_prompt()
        terminal.send("> input more\r")
        terminal.until(lambda: terminal.cursor_line == "more: ")
        terminal.send("\x04")
        terminal.until("got None")
        terminal.until_prompt()


def test_ctrl_c_at_an_input_interrupts_its_cell(tmp_path: Path) -> None:
    with conversation(tmp_path) as terminal:
        terminal.until_prompt()
        terminal.send("> input name\r")
        terminal.until(lambda: terminal.cursor_line == "name: ")
        os.write(terminal.fd, b"half\x03")
        terminal.until("interrupted")
        terminal.until_prompt()
