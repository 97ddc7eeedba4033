"""Foreign text: nothing that a terminal would obey is left, wherever the stream is cut."""

from __future__ import annotations

import random
import re

import pytest

from interpreter.renderers.sanitize import Sanitizer, clean, clean_line, visible
from tests.renderers.screens import cuts

_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ALPHABET = (
    *("\x1b", "[", "]", "52;c;", "\x07", "\\", "m", "31", ";", "a", "b\n", "P", "_G", "\x9b", "\x9c", "J", "(", "B"),
    *("\x18", "?", "38;5;8", "8", "\u202e", "é", "\x1b[", "\x1b]", "\x1b\\", "\r", "\b", "K", "\ud800", "\x1b[0m"),
)


@pytest.mark.parametrize(
    ("foreign", "drawn"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("a\x1b]52;c;aGk=\x07b", "ab"),
        ("a\x1b]0;title\x1b\\b", "ab"),
        ("a\x1bP+q544e\x1b\\b", "ab"),
        ("a\x1b_Gi=1;AAAA\x1b\\b", "ab"),
        ("a\x1b[2J\x1b[?1049h\x1b[6n\x1b[cb", "ab"),
        ("a\x9b2Jb\x9d0;t\x9cc", "abc"),
        ("a\u202eb\u2066c", "abc"),
        ("a\r\nb\x08c\x00", "a\nbc"),
        ("a\x1b[31mred\x1b[0m", "ared"),
        ("lone \ud83d half", "lone \ufffd half"),
        ("hidden \U000e0041\U000e0042tags", "hidden tags"),
        ("unfinished \x1b[3", "unfinished "),
        ("a\x1b]0;title\x1b[31mb", "ab"),
        ("a\x1b[" + "1" * 5000, "a"),
    ],
)
def test_what_a_terminal_obeys_is_left_out_with_all_it_carries(foreign: str, drawn: str) -> None:
    assert clean(foreign) == drawn


@pytest.mark.parametrize(
    ("foreign", "drawn"),
    [
        ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        ("\x1b[1;38;5;196mx", "\x1b[1;38;5;196mx\x1b[0m"),
        ("\x1b[38;2;8;8;8mx\x1b[m", "\x1b[38;2;8;8;8mx\x1b[m"),
        ("\x1b[8mhidden", "hidden"),
        ("\x1b[5;31mblinks", "\x1b[31mblinks\x1b[0m"),
        ("\x1b[8;8mx", "x"),
        ("\x1b[38;5mx", "x"),
        ("\x1b[>4mx", "x"),
    ],
)
def test_of_colours_only_those_that_hide_nothing_are_let_through_and_they_are_put_back(
    foreign: str, drawn: str
) -> None:
    assert clean(foreign, colour=True) == drawn


@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize("rewriting", [True, False])
def test_no_stream_however_it_is_cut_leaves_a_command(colour: bool, rewriting: bool) -> None:
    chance = random.Random(5)
    for _ in range(4000):
        foreign = "".join(chance.choice(_ALPHABET) for _ in range(chance.randint(1, 14)))
        sanitizer = Sanitizer(colour=colour, rewriting=rewriting)
        drawn = "".join(sanitizer.feed(piece) for piece in cuts(foreign, chance)) + sanitizer.close()
        allowed = re.sub(r"\x1b\[[0-9;:]*m", "", drawn) if colour else drawn
        allowed = re.sub(r"\x1b\[2?K|[\r\b]", "", allowed) if rewriting else allowed
        assert not _OBEYED.search(allowed), (foreign, drawn)


def test_a_stream_cut_anywhere_is_drawn_as_the_whole_would_be() -> None:
    chance = random.Random(6)
    for _ in range(2000):
        foreign = "".join(chance.choice(_ALPHABET) for _ in range(chance.randint(1, 10))) + "\x18."
        sanitizer = Sanitizer(colour=True)
        assert "".join(sanitizer.feed(piece) for piece in cuts(foreign, chance)) + sanitizer.close() == clean(
            foreign, colour=True
        ), foreign


def test_a_string_without_an_end_is_swallowed_and_not_kept() -> None:
    sanitizer = Sanitizer()
    assert [sanitizer.feed(piece) for piece in ("a\x1b]0;", "x" * 10_000, "y" * 10, "\x07after")] == [
        "a",
        "",
        "",
        "after",
    ]


def test_a_command_without_an_end_hides_nothing_that_follows() -> None:
    sanitizer = Sanitizer()
    assert "".join(sanitizer.feed(piece) for piece in ("\x1b[" + "1" * 5000, "after")) == "after"


@pytest.mark.parametrize("start", ["\x9d", "\x1b]", "\x1b[", "\x9b", "\x1b", "\x1b]\x9d", "\x90a"])
@pytest.mark.parametrize("end", ["", "\x07", "\x1bb", "\x80"])
def test_hostile_text_takes_no_longer_than_other_text(start: str, end: str) -> None:
    assert len(clean(start * 200_000 + end + "after")) <= 600_000  # minutes, if it took more than linear time


def test_a_colour_of_endless_parameters_takes_no_longer_than_other_text() -> None:
    assert clean("\x1b[" + "38;5;1;" * 200_000 + "mafter", colour=True) == "after"  # hours, if it took more


def test_a_title_is_one_line() -> None:
    assert clean_line(" a\n\tb\x1b[31m c\x07 ") == "a b c"


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("x = 1\n\ty\n", "x = 1\n\ty\n"),
        ("a\r\nb", "a\nb"),
        ("a\rb", "a<U+000D>b"),
        ("print('\x1b[2J')", "print('<U+001B>[2J')"),
        ("if admin\u202e\u2066:", "if admin<U+202E><U+2066>:"),
        ("na\u200bme", "na<U+200B>me"),
        ("x\u3164 = 1", "x<U+3164> = 1"),
        ("a\ufe0f = a\u034f\u2800\U000e0100", "a<U+FE0F> = a<U+034F><U+2800><U+E0100>"),
        ("a\u2028b\x85c", "a<U+2028>b<U+0085>c"),
        ("s = 'é 日本 😀 \u00a0'", "s = 'é 日本 😀 \u00a0'"),
    ],
)
def test_code_to_decide_on_shows_every_character_that_hides_something(code: str, shown: str) -> None:
    assert visible(code) == shown
