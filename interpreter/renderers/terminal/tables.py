"""Tables of styled text as rows of a terminal: columns side by side, in blocks, or one value a line where none fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from interpreter.renderers.terminal.styled import Span, width_of, wrap

Row: TypeAlias = Sequence[Sequence[Span]]
Align: TypeAlias = Literal["left", "right", "center"]

_GAP = 2
_WHOLE: Mapping[Align, int] = {"left": 12, "right": 20, "center": 12}
"""Words up to so wide are never cut where columns stand side by side; a number that is cut cannot be read."""
_COMFORTABLE = 30
"""So wide text stays in a block of columns before the next one goes below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """How wide each column is drawn and to which side; a table that grows keeps them."""

    widths: tuple[int, ...]
    align: tuple[Align, ...]


def columns(rows: Sequence[Row], align: Sequence[Align], width: int) -> Columns | None:
    """Columns for `rows` within `width`; None if they cannot stand side by side with their words in one piece."""
    widths = _widths(rows, len(align))
    least = [min(_longest_word(rows, at), _WHOLE[side]) for at, side in enumerate(align)]
    room = width - _GAP * (len(widths) - 1)
    if sum(widths) <= room:
        return Columns(widths=tuple(widths), align=tuple(align))
    for level in range(room, 0, -1):  # the widest columns give first
        given = [max(low, min(wide, level)) for low, wide in zip(least, widths, strict=True)]
        if sum(given) <= room:
            return Columns(widths=tuple(given), align=tuple(align))
    return None


def blocks(rows: Sequence[Row], align: Sequence[Align], width: int) -> list[list[int]]:
    """The columns of a table as groups that fit within `width` one below the other, each led by the first column."""
    needed = [min(wide, _COMFORTABLE) for wide in _widths(rows, len(align))]
    groups, taken = [[0]], needed[0]
    for at in range(1, len(needed)):
        if taken + _GAP + needed[at] > width and len(groups[-1]) > 1:
            groups.append([0])
            taken = needed[0]
        groups[-1].append(at)
        taken += _GAP + needed[at]
    return groups


def _widths(rows: Sequence[Row], count: int) -> list[int]:
    return [max(1, *(width_of(row[at]) for row in rows if at < len(row))) for at in range(count)]


def _longest_word(rows: Sequence[Row], at: int) -> int:
    cells = ("".join(text for _, text in row[at]) for row in rows if at < len(row))
    return max((width_of([("", word)]) for cell in cells for word in cell.split()), default=1)


def heading(header: Row, shape: Columns, *, style: str, rule: str, quiet: str) -> list[list[Span]]:
    """The header, and a rule under each column."""
    titled = [[(";".join(filter(None, (style, own))), text) for own, text in cell] for cell in header]
    rules: list[Span] = []
    for at, width in enumerate(shape.widths):
        rules += [("", " " * _GAP)] if at else []
        rules.append((quiet, rule * width))
    return [*line(titled, shape), rules]


def line(row: Row, shape: Columns) -> list[list[Span]]:
    """One row of the table, as high as its highest cell."""
    cells = [wrap(row[at] if at < len(row) else (), width) for at, width in enumerate(shape.widths)]
    drawn: list[list[Span]] = []
    for height in range(max(len(cell) for cell in cells)):
        spans: list[Span] = []
        for at, cell in enumerate(cells):
            piece = cell[height] if height < len(cell) else []
            room = shape.widths[at] - width_of(piece)
            before = {"left": 0, "right": room, "center": room // 2}[shape.align[at]]
            spans += [("", " " * (before + (_GAP if at else 0))), *piece, ("", " " * (room - before))]
        drawn.append(_without_end(spans))
    return drawn


def record(header: Row, row: Row, width: int, *, style: str) -> list[list[Span]]:
    """One row of a table that is too wide: each value under its column's name."""
    drawn: list[list[Span]] = []
    for at, cell in enumerate(row):
        name = [(style, "".join(text for _, text in header[at]))] if at < len(header) else []
        drawn += wrap([*name, ("", ": "), *cell], width)
    return drawn


def _without_end(spans: list[Span]) -> list[Span]:
    while spans and not spans[-1][1].strip():
        spans.pop()
    if spans:
        spans[-1] = (spans[-1][0], spans[-1][1].rstrip())
    return spans
