"""Rows of styled text."""

from __future__ import annotations

import random

import pytest
from rich.cells import cell_len

from interpreter.renderers.terminal.styled import Span, bare, cut, painted, rows_of, wrap


def texts(rows: list[list[Span]]) -> list[str]:
    """The rows without their styles."""
    return ["".join(text for _, text in row) for row in rows]


@pytest.mark.parametrize(
    ("spans", "rows"),
    [
        ([("", "one two three")], ["one two", "three"]),
        ([("", "one "), ("1", "bold"), ("", "er two")], ["one", "bolder", "two"]),
        ([("", "onetwothreefour")], ["onetwoth", "reefour"]),
        ([("", "a onetwothreefour")], ["a", "onetwoth", "reefour"]),
        ([("", "a\n"), ("", "\n"), ("", "b")], ["a", "", "b"]),
        ([("", "日本語テキスト")], ["日本語テ", "キスト"]),
        ([("", " spaces   shrink ")], ["spaces", "shrink"]),
        ([], [""]),
    ],
)
def test_text_is_wrapped_between_words_where_that_is_possible(spans: list[Span], rows: list[str]) -> None:
    assert texts(wrap(spans, 8)) == rows


def test_no_text_however_odd_is_lost_or_too_wide() -> None:
    chance = random.Random(7)
    for _ in range(500):
        words = ["".join(chance.choice("ab日é😀") for _ in range(chance.randint(1, 12))) for _ in range(8)]
        width = chance.randint(2, 20)
        spans = [(chance.choice(["", "1"]), word + chance.choice(["", " "])) for word in words]
        rows = texts(wrap(spans, width))
        assert [row for row in rows if cell_len(row) > width] == []
        assert "".join(rows).replace(" ", "") == "".join(words)


def test_a_row_that_is_cut_puts_its_colours_back_and_the_next_one_has_them_again() -> None:
    assert rows_of("\x1b[31mabcdef\x1b[0mgh", 4) == ["\x1b[31mabcd\x1b[0m", "\x1b[31mef\x1b[0mgh"]


def test_a_long_line_takes_no_longer_than_its_length_demands() -> None:
    wide, spaced = "日" * 200_000, f"a{' ' * 200_000}b"  # minutes each, if it took more
    assert "".join(rows_of(wide, 80)) == wide
    assert "".join(texts(wrap([("", wide)], 80))) == wide
    assert bare(f"{spaced} \t\x1b[0m") == f"{spaced}\x1b[0m"


def test_a_wide_character_is_never_halved() -> None:
    assert [cut("日本", width) for width in (0, 1, 2, 3, 4)] == [
        ("", "日本"),
        ("日", "本"),
        ("日", "本"),
        ("日", "本"),
        ("日本", ""),
    ]


@pytest.mark.parametrize("emoji", ["👩‍👩‍👧", "🇩🇪", "👍🏽", "☎️"])
def test_a_row_fits_also_where_the_terminal_does_not_join_an_emoji(emoji: str) -> None:
    unjoined = {"👩‍👩‍👧": 6, "🇩🇪": 4, "👍🏽": 4, "☎️": 2}[emoji]
    assert rows_of(f"ab{emoji}cd", 4 + unjoined) == [f"ab{emoji}cd"]
    assert rows_of(f"ab{emoji}cd", 3 + unjoined) == [f"ab{emoji}c", "d"]


def test_neighbours_of_one_style_share_their_escape_codes() -> None:
    assert painted([("1", "a"), ("1", "b"), ("", "c"), ("", "d")]) == "\x1b[1mab\x1b[0mcd"
