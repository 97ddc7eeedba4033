"""Styled text as rows of a terminal: wrapping at words, cutting at the width. Knows no Markdown and writes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from rich.cells import cell_len, get_character_cell_size

Span: TypeAlias = tuple[str, str]
"""The numbers of an SGR sequence, and text without escape codes; `"\\n"` alone is a forced line end."""

_WORD = re.compile(r"\n|[ \t]+|[^ \t\n]+")
_SKIN = re.compile("[\U0001f3fb-\U0001f3ff]")
_JOINED = re.compile("[\ufe0f\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff]")
"""What makes the character before it an emoji or a flag, or colours its skin."""
_PIECE = re.compile(r"\x1b\[[0-9;:]*m|\x1b\]8;[^\x1b]*\x1b\\|[^\x1b]+|\x1b")
_TRAILING = re.compile(r"(?<![ \t])[ \t]++((?:\x1b\[[0-9;:]*m|\x1b\]8;[^\x1b]*\x1b\\)*)$")


def paint(style: str, text: str) -> str:
    """`text` in `style`."""
    return f"\x1b[{style}m{text}\x1b[0m" if style and text else text


def painted(spans: Iterable[Span]) -> str:
    """The spans one after another; neighbours of one style share their escape codes."""
    pieces: list[str] = []
    style, run = "", ""
    for now, text in spans:
        if now == style:
            run += text
        else:
            pieces.append(paint(style, run))
            style, run = now, text
    pieces.append(paint(style, run))
    return "".join(pieces)


def width_of(spans: Iterable[Span]) -> int:
    """Columns that the spans take in one row."""
    return sum(columns_of(text) for _, text in spans)


def columns_of(text: str) -> int:
    """Columns that text without escape codes takes."""
    return len(text) if text.isascii() else cell_len(text)


def _most_columns(text: str) -> int:
    """Columns that text takes in a terminal that joins no characters to one emoji, and knows the wide ones."""
    if text.isascii():
        return len(text)
    return sum(map(get_character_cell_size, text)) + len(_JOINED.findall(text)) + len(_SKIN.findall(text))


def wrap(spans: Iterable[Span], width: int) -> list[list[Span]]:
    """Rows of at most `width` columns, broken between words where that is possible; no row ends in a space."""
    width = max(1, width)
    rows: list[list[Span]] = [[]]
    column = 0
    space: Span | None = None
    for style, text in spans:
        for word in _WORD.findall(text):
            if word == "\n":
                rows.append([])
                column, space = 0, None
                continue
            if word[0] in " \t":
                space = (style, " ") if column else None
                continue
            length = columns_of(word)
            glued = space is None
            if column and column + (not glued) + length > width:
                moved = _unglue(rows) if glued else []
                rows.append(moved)
                column, space = width_of(moved), None
            if space is not None:
                rows[-1].append(space)
                column, space = column + 1, None
            rest = word
            while length > width - column:  # a word too long for any row, at the start of one
                piece, rest = cut(rest, width - column)
                rows[-1].append((style, piece))
                if not rest:
                    break
                rows.append([])
                column, length = 0, length - columns_of(piece)
            rows[-1].append((style, rest))
            column += length
    return rows


def _unglue(rows: list[list[Span]]) -> list[Span]:
    """Take the last word's beginning, in other styles, off the last row; nothing if it is all of that row."""
    row = rows[-1]
    for position in range(len(row) - 1, -1, -1):
        if row[position][1] == " ":
            moved = row[position + 1 :]
            del row[position:]
            return moved
    return []


def cut(text: str, width: int) -> tuple[str, str]:
    """What of `text` fits into `width` columns, at least one character if that is above 0; and the rest."""
    if len(text) <= width and text.isascii():
        return text, ""
    column = 0
    for position, character in enumerate(text):
        column += _most_columns(character)
        if column > width:
            at = max(position - bool(_JOINED.match(character)), 0 if width <= 0 else 1)
            return text[:at], text[at:]
    return text, ""


def rows_of(line: str, width: int) -> list[str]:
    """A line with colours, as a terminal of `width` columns breaks it: each row ends with its colours put back."""
    rows: list[str] = []
    row, column, colours = "", 0, ""
    for piece in _PIECE.findall(line.expandtabs(8)):
        if piece[0] == "\x1b":
            row += piece
            if piece.endswith("m"):
                colours = "" if piece in ("\x1b[m", "\x1b[0m") else colours + piece
            continue
        rest = piece
        while rest:
            head, rest = cut(rest, width - column)
            row += head
            column += _most_columns(head)
            if rest:
                rows.append(row + ("\x1b[0m" if colours else ""))
                row, column = colours, 0
    rows.append(row + ("\x1b[0m" if colours else ""))
    return rows


def bare(row: str) -> str:
    """`row` without spaces at its end, so that what is copied is clean; its escape codes stay."""
    return _TRAILING.sub(r"\1", row)


def last_rows(lines: Sequence[str], width: int, count: int) -> list[str]:
    """The last `count` rows of `lines` in a terminal of `width` columns."""
    rows: list[str] = []
    for line in reversed(lines[-count:]):
        rows[:0] = rows_of(line[-width * count * 8 :] if len(line) > width * count * 16 else line, width)
        if len(rows) >= count:
            break
    return rows[-count:]
