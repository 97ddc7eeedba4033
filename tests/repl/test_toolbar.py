"""The line under the prompt holds as many facts as fit."""

from __future__ import annotations

import pytest

from interpreter.history import Spent
from interpreter.repl.toolbar import short, toolbar

SPENT = Spent(tokens_in=12_345, tokens_out=678, cost=0.01234, requests=2)


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (80, "gpt · tools · 12.3k in, 678 out · $0.0123 · python idle"),
        (45, "gpt · tools · 12.3k in, 678 out · $0.0123"),
        (20, "gpt · tools"),
        (5, "gpt"),
    ],
)
def test_what_does_not_fit_is_left_out_from_the_end(width: int, line: str) -> None:
    assert toolbar(model="gpt", protocol="tools", spent=SPENT, states=["python idle"], width=width) == line


def test_nothing_is_said_of_tokens_before_the_first_request() -> None:
    assert toolbar(model="a\x1b[31mb", protocol="", spent=Spent(), states=[], width=80) == "ab"


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0"), (999, "999"), (1000, "1.0k"), (123_456, "123k"), (2_500_000, "2.5M")]
)
def test_counts_are_short(count: int, words: str) -> None:
    assert short(count) == words
