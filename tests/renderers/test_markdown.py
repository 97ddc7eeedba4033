"""Streamed Markdown: drawn as the whole would be, once, and with nothing left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from interpreter.renderers.terminal.markdown import MarkdownStream
from interpreter.renderers.terminal.page import Page, parser
from interpreter.renderers.terminal.theme import THEMES
from tests.renderers.screens import pieces

DOCUMENT = (Path(__file__).parent / "document.md").read_text(encoding="utf-8")


def streamed(text: str, size: int, width: int = 60, theme: str = "none") -> list[str]:
    """The lines finished while `text` comes in deltas of `size`; the tail is drawn after each."""
    stream = MarkdownStream(Page(THEMES[theme]), lambda: width)
    lines: list[str] = []
    for piece in pieces(text, size):
        stream.feed(piece)
        lines += stream.take()
        tail = [re.sub(r"\x1b\[[0-9;]*m", "", row) for row in stream.tail(8)]
        assert len(tail) <= 8
        assert [row for row in tail if cell_len(row) > width] == []
    stream.close()
    return lines + stream.take()


def whole(text: str, width: int = 60, theme: str = "none") -> list[str]:
    """The lines of `text` drawn at once."""
    return Page(THEMES[theme]).lines(parser().parse(text), width)


@pytest.mark.parametrize(("size", "width"), [(1, 60), (7, 20), (20, 60), (20, 100), (333, 20), (100_000, 60)])
def test_a_streamed_answer_is_drawn_as_the_whole_would_be(size: int, width: int) -> None:
    assert streamed(DOCUMENT, size, width, "auto") == whole(DOCUMENT, width, "auto")


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        (r"mean $\frac{1}{n} \sum_{i=1}^{n} x_i * y_i * z$.", "mean 1/n ∑ᵢ₌₁ⁿ xᵢ * yᵢ * z."),
        ("$$\ns^2 = \\alpha_1\n$$", "s² = α₁"),
        (r"\(x^2\), \[y_i \leq z\], $n$ and $f(x)$", "x², yᵢ ≤ z, n and f(x)"),
        ("costs $5 or $10_000 (US$) + $3", "costs $5 or $10_000 (US$) + $3"),
        ("in $HOME_A:$HOME and $HOME$", "in $HOME_A:$HOME and $HOME$"),
        (r"\(not math\) \[nor this\] \$x^2\$ and `$x^2$`", "(not math) [nor this] $x^2$ and $x^2$"),
        ("open $x^2 and $$y^2", "open $x^2 and $$y^2"),
        ("Match ^a$|^b$, (^a$)|(^b$) or /^a$/,/^b$/", "Match ^a$|^b$, (^a$)|(^b$) or /^a$/,/^b$/"),
        (r"$|x|^2 < |y|^2$ at 20$^{2}$", "|x|² < |y|² at 20²"),
    ],
)
def test_a_formula_is_a_line_one_can_read_and_a_price_is_none(text: str, drawn: str) -> None:
    assert whole(text) == streamed(text, 3) == [drawn]


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"- marker{n} is an item of a list that never ends\n" for n in range(300)),
        "".join(f"{n + 1}. marker{n} is an item\n" for n in range(300)),
        "| a | b |\n|---|---|\n" + "".join(f"| marker{n} | {n} |\n" for n in range(300)),
        "```python\n" + "".join(f"marker{n} = {n}\n" for n in range(300)) + "```\n",
        "".join(f"marker{n} is a line of one paragraph\n" for n in range(300)),
        " ".join(f"marker{n}" for n in range(1000)),
        "> " + "".join(f"marker{n} is quoted\n" for n in range(300)),
        "- item\n\n" + "".join(f"      marker{n} = 1\n" for n in range(300)),
        "<div>\n" + "".join(f"marker{n}\n" for n in range(300)),
        "| a |\n|---|\n" + "".join(f"| marker{n} {'x' * 30} |\n" for n in range(200)) + "\nafter\n",
    ],
    ids=["list", "numbers", "table", "fence", "lines", "one line", "quote", "item", "html", "table and after"],
)
@pytest.mark.parametrize("size", [20, 333])
def test_every_word_of_a_long_block_is_drawn_exactly_once(text: str, size: int) -> None:
    expected = re.findall(r"marker\d+", text)
    assert re.findall(r"marker\d+", "\n".join(streamed(text, size))) == expected


def test_a_long_numbered_list_counts_on_even_where_the_source_does_not() -> None:
    lines = streamed("1. item\n" * 120, 20)
    assert lines == [f"{n}. item" for n in range(1, 121)]


def test_what_is_finished_of_a_long_block_does_not_wait_for_its_end() -> None:
    stream = MarkdownStream(Page(THEMES["none"]), lambda: 60)
    for piece in pieces("| a | b |\n|---|---|\n" + "| one | two |\n" * 300, 20):
        stream.feed(piece)
    assert len(stream.take()) > 290


def test_link_targets_without_end_take_no_longer_than_their_length_demands() -> None:
    stream = MarkdownStream(Page(THEMES["none"]), lambda: 60)
    for _ in range(8000):  # minutes, if each were read with all before it
        stream.feed("[a]: /u\n")
        assert stream.take() == []
    stream.feed("\n[a]")
    stream.close()
    assert stream.take() == ["a (/u)"]


def test_html_and_control_characters_written_as_entities_are_shown_and_harmless() -> None:
    assert whole("<div>\nshown\n</div>\n\na <b>bold</b> &#x202e;&#27;&#x9b;x") == [
        "<div>",
        "shown",
        "</div>",
        "",
        "a <b>bold</b> \ufffd\ufffdx",
    ]


def test_a_link_says_where_it_leads() -> None:
    assert whole("[bank](https://evil.example) and <https://a.b>") == ["bank (https://evil.example) and https://a.b"]


def test_no_line_ends_in_a_space() -> None:
    assert [line for line in streamed(DOCUMENT, 20, theme="mono") if re.search(r"[ \t](\x1b\[[0-9;]*m)*$", line)] == []


def test_a_fence_without_an_end_is_drawn_to_the_end() -> None:
    assert streamed("```python\nx = 1", 3) == ["```python", "x = 1", "```"]
    assert streamed("```python\nx = 1\n", 3) == ["```python", "x = 1", "```"]


def test_a_table_too_wide_for_the_screen_is_read_row_by_row() -> None:
    table = "| first | second | third | fourth |\n|---|---|---|---|\n| aaaaaa | bbbbbb | cccccc | dddddd |\n"
    assert whole(table, 18) == ["first: aaaaaa", "second: bbbbbb", "third: cccccc", "fourth: dddddd"]


def test_a_column_that_was_empty_when_its_width_was_chosen_takes_what_comes() -> None:
    table = "| a | |\n|---|---|\n" + "| one | |\n" * 300 + "| two | 日本 |\n"
    lines = streamed(table, 333)
    assert lines[2:302] == ["one"] * 300
    assert [line.strip() for line in lines[302:]] == ["two  日", "本"]
