"""Lines that rewrite themselves."""

from __future__ import annotations

import random

import pytest

from interpreter.renderers.rewriting import Rewriting
from tests.renderers.screens import cuts


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a\nb", ["a", "b"]),
        ("a\r\nb\r\n", ["a", "b"]),
        ("abc\rX\n", ["Xbc"]),
        ("abc\r\x1b[KX\n", ["X"]),
        ("abc\x1b[2K\rX\n", ["X"]),
        ("abc\b\bX\n", ["aXc"]),
        (" 10%\r 50%\r100%", ["100%"]),
        ("\x1b[31mab\x1b[0mc\rX\n", ["X\x1b[31mb\x1b[0mc"]),
        ("\x1b[31mred\nstill\x1b[0m\nnot\n", ["\x1b[31mred\x1b[0m", "\x1b[31mstill\x1b[0m", "not"]),
        ("\n\n", ["", ""]),
        ("", []),
    ],
)
def test_a_line_reads_as_on_a_terminal_wherever_the_stream_is_cut(written: str, read: list[str]) -> None:
    chance = random.Random(written)
    for _ in range(20):
        lines = Rewriting()
        pieces = _whole_sequences(list(cuts(written, chance)))
        assert [line for piece in pieces for line in lines.feed(piece)] + lines.close() == read


def test_the_line_being_written_can_be_seen_before_its_end() -> None:
    lines = Rewriting()
    lines.feed("done\n 10%\r 20%")
    assert lines.line == " 20%"


def _whole_sequences(pieces: list[str]) -> list[str]:
    """What a sanitizer lets through never cuts a sequence."""
    joined: list[str] = []
    for piece in pieces:
        last = joined[-1].rpartition("\x1b") if joined else ("", "", "")
        if last[1] and not any(end in last[2] for end in "mK"):
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined
