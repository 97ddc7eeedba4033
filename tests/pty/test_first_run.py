"""The first conversation on a machine that has no model yet, in a real terminal."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.providers.server import say, serve
from tests.pty.emulator import Terminal

PROGRAM = (sys.executable, "-m", "interpreter")
NOWHERE = "127.0.0.1:9"


def test_a_model_of_a_server_on_this_machine_is_offered_remembered_and_answers(tmp_path: Path) -> None:
    with serve(say("Hello to you."), models=("llama-small",)) as endpoint:
        there = endpoint.url.removeprefix("http://")
        with Terminal(PROGRAM, home=tmp_path, OLLAMA_HOST=there) as terminal:
            terminal.until("1  ollama_chat/llama-small, at Ollama on this machine")
            terminal.until("Press a key:")
            terminal.send("1")
            terminal.until_prompt()
            terminal.send("hello\r")
            terminal.until("Hello to you.")
            terminal.until_prompt()
            terminal.send("\x04")
            assert terminal.exit_code() == 0
        kept = (tmp_path / "config" / "config.toml").read_text(encoding="utf-8")
        assert kept == f'model = "ollama_chat/llama-small"\napi_base = "{endpoint.url}"\n'
        with Terminal(PROGRAM, home=tmp_path) as terminal:  # the second time nothing is asked
            terminal.until_prompt()
            assert "Press a key:" not in terminal.text


def test_declining_leaves_with_the_ways_on_and_the_terminal_as_it_was(tmp_path: Path) -> None:
    with Terminal(PROGRAM, home=tmp_path, OLLAMA_HOST=NOWHERE) as terminal:
        terminal.until("Press a key:")
        terminal.send("q")
        assert terminal.exit_code() == 2
        assert "No model is chosen. Three ways on:" in terminal.text
        assert terminal.modes_now() == terminal.modes


def test_a_key_is_not_shown_while_it_is_typed_and_none_given_keeps_nothing(tmp_path: Path) -> None:
    with Terminal(PROGRAM, home=tmp_path, OLLAMA_HOST=NOWHERE) as terminal:
        terminal.until("Press a key:")
        terminal.send("k")
        terminal.until("The key (it is not shown):")
        terminal.send("sk-nobodys-word\x15\r")
        assert terminal.exit_code() == 2
        assert b"sk-nobodys" not in terminal.bytes
        assert not (tmp_path / "config" / "keys.json").exists()
