"""Tables of styled text as rows of a terminal: columns side by side, or, where they do not fit, one value a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from interpreter.renderers.terminal.styled import Span, width_of, wrap

Row: TypeAlias = Sequence[Sequence[Span]]
Align: TypeAlias = Literal["left", "right", "center"]

_GAP = 2
_NARROWEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """How wide each column is drawn and to which side; a table that grows keeps them."""

    widths: tuple[int, ...]
    align: tuple[Align, ...]


def columns(rows: Sequence[Row], align: Sequence[Align], width: int) -> Columns | None:
    """Columns for `rows` within `width`; None if they cannot stand side by side."""
    widths = [max(1, *(width_of(row[at]) for row in rows if at < len(row))) for at in range(len(align))]
    room = width - _GAP * (len(widths) - 1)
    if room < _NARROWEST * len(widths) and sum(widths) > room:
        return None
    while sum(widths) > room:
        widest = max(widths)
        others = [each for each in widths if each < widest]
        count = len(widths) - len(others)
        target = max(max(others, default=0), (room - sum(others)) // count)
        widths = [target if each == widest else each for each in widths]
        if sum(widths) > room and target == max(others, default=0) and not others:
            break
    return Columns(widths=tuple(widths), align=tuple(align))


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
