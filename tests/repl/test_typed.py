"""What a line at the prompt means."""

from __future__ import annotations

from pathlib import Path

import pytest

from interpreter.repl.typed import Code, Command, Message, Typed, read


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", None),
        ("  \n ", None),
        ("how many lines?", Message(text="how many lines?")),
        ("  a\nb  ", Message(text="a\nb")),
        ("/help", Command(name="help", rest="")),
        ("%reset", Command(name="reset", rest="")),
        ("/Model openai/gpt", Command(name="model", rest="openai/gpt")),
        ("/save-as report month", Command(name="save-as", rest="report month")),
        ("/? undo", Command(name="?", rest="undo")),
        ("/etc/hosts looks odd", Message(text="/etc/hosts looks odd")),
        ("% of what?", Message(text="% of what?")),
        ("!ls -l | head", Code(language="shell", code="ls -l | head")),
        ("%% ls", Code(language="shell", code="ls")),
        ("> x = 1", Code(language="", code="x = 1")),
        (">x", Code(language="", code="x")),
        ("> for i in range(3):\n    print(i)", Code(language="", code="for i in range(3):\n    print(i)")),
        ("> for i in x:\n>     print(i)", Code(language="", code="for i in x:\n    print(i)")),
        (">>> for i in x:\n...     print(i)", Code(language="", code="for i in x:\n    print(i)")),
    ],
)
def test_a_line_is_a_message_a_command_or_code(text: str, meant: Typed | None, tmp_path: Path) -> None:
    assert read(text, tmp_path) == meant


def test_files_that_exist_are_attached_once_and_other_words_with_an_at_sign_are_words(tmp_path: Path) -> None:
    for name in ("a.csv", "with space.txt"):
        (tmp_path / name).touch()
    text = "compare @a.csv, '@x', me@a.csv and @\"with space.txt\" with (@a.csv) @a.csv. @missing @~nobody-of-that-name"
    assert read(text, tmp_path) == Message(text=text, files=(tmp_path / "a.csv", tmp_path / "with space.txt"))
