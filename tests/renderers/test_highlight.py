"""Code in colours, line by line: every character is kept, and what spans lines keeps its colour."""

from __future__ import annotations

from pathlib import Path

import pytest

from interpreter.renderers.terminal.highlight import Highlighter
from interpreter.renderers.terminal.theme import THEMES

_THEME = THEMES["auto"]


def lines(language: str, code: str) -> list[list[tuple[str, str]]]:
    """The spans of each line."""
    highlighter = Highlighter(language, _THEME)
    return [highlighter.line(line) for line in code.split("\n")]


@pytest.mark.parametrize("language", ["python", "bash", "r", "javascript", "json", "sql", "html", "unknown", ""])
def test_no_character_is_lost(language: str) -> None:
    code = Path(__file__).read_text(encoding="utf-8") + "\n/* open\n  'x */ \"y\n${z:-`a\n\t{\n}\n\\"
    assert ["".join(text for _, text in line) for line in lines(language, code)] == code.split("\n")


def test_a_string_over_several_lines_stays_a_string() -> None:
    drawn = lines("python", 'x = """one\nif two\n"""\nif x:')
    assert drawn[1] == [(_THEME.string, "if two")]
    assert drawn[3][0] == (_THEME.keyword, "if")


def test_a_comment_over_several_lines_stays_a_comment() -> None:
    drawn = lines("javascript", "let a; /* one\nlet two\nthree */ let b")
    assert drawn[0][-1] == (_THEME.comment, "/* one")
    assert drawn[1] == [(_THEME.comment, "let two")]
    assert drawn[2][0] == (_THEME.comment, "three */")
    assert (_THEME.keyword, "let") in drawn[2]


def test_a_comment_sign_in_a_string_opens_no_comment() -> None:
    assert lines("javascript", "let a = 'src/*'\nlet b")[1][0] == (_THEME.keyword, "let")


def test_a_look_at_half_a_line_changes_nothing() -> None:
    highlighter = Highlighter("python", _THEME)
    highlighter.peek('x = """half')
    assert highlighter.line("if x:")[0] == (_THEME.keyword, "if")


def test_without_styles_code_is_left_as_it_is() -> None:
    assert Highlighter("python", THEMES["none"]).line("if x:") == [("", "if x:")]
