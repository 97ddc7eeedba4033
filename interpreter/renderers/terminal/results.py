"""A value that code showed, in the best form the terminal has: a picture, a table, formatted text, or a file's name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from interpreter import events as e
from interpreter.renderers import forms, html, latex
from interpreter.renderers.sanitize import clean, clean_line
from interpreter.renderers.terminal import tables
from interpreter.renderers.terminal.abilities import Abilities
from interpreter.renderers.terminal.highlight import Highlighter
from interpreter.renderers.terminal.images import picture
from interpreter.renderers.terminal.page import Page, parser
from interpreter.renderers.terminal.styled import Span, bare, paint, painted, wrap
from interpreter.renderers.terminal.theme import Theme
from interpreter.renderers.words import PICTURES


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A value as lines, and the sequence of its picture, which stands above them, if it is shown in the terminal."""

    lines: tuple[str, ...]
    picture: str = ""


class Results:
    """Draws values for one terminal."""

    def __init__(self, theme: Theme, abilities: Abilities) -> None:
        self.theme = theme
        self._abilities = abilities
        self._page = Page(theme, unicode=abilities.unicode)

    def draw(self, output: e.Output, width: int) -> Drawn:
        """One value; text is not wrapped, so that it can be copied as it was."""
        data = output.data
        for kind in PICTURES:
            if kind in data:
                return self._picture(kind, output, width)
        lines = self._text(output, width)
        if output.file is not None:
            lines = [*lines, self.quiet(f"the whole is in {self.link(output.file)}")]
        return Drawn(lines=tuple(lines))

    def link(self, path: str) -> str:
        """A file's name; where links are known, one that opens it."""
        name = clean_line(path)
        linked = self._abilities.styles and self._abilities.redraw
        if not linked or name != path or not Path(path).is_absolute():  # an odd name is told, not opened
            return name
        return f"\x1b]8;;{Path(path).as_uri()}\x1b\\{name}\x1b]8;;\x1b\\"

    def quiet(self, text: str) -> str:
        """Words of our own beside the value."""
        return paint(self.theme.quiet, text)

    def _picture(self, kind: str, output: e.Output, width: int) -> Drawn:
        drawn = picture(self._abilities.images, kind, output.data[kind], width)
        if output.file is not None:
            line = self.quiet(f"{kind}: {self.link(output.file)}")
        else:
            words = clean(str(output.data.get("text/plain", ""))).strip()
            line = self.quiet(words if words and "\n" not in words else f"({kind})")
        return Drawn(lines=(line,), picture=drawn)

    def _text(self, output: e.Output, width: int) -> list[str]:
        data = output.data
        if output.kind == "error":
            return clean(str(data.get("text/plain", "")), colour=self._abilities.colour).rstrip("\n").split("\n")
        if forms.is_exact_in_plain(data.keys(), str(data.get("text/plain", ""))):
            data = {"text/plain": data["text/plain"]}
        if "text/markdown" in data:
            written = html.without_comments(str(data["text/markdown"]))  # R's tables have one in their corner
            return self._page.lines(parser().parse(clean(written)), width)
        if "text/latex" in data:
            return clean(latex.readable(str(data["text/latex"]))).split("\n")
        if "text/html" in data and (lines := self._html(str(data["text/html"]), data, width)):
            return lines
        if "application/json" in data:
            return self._json(data["application/json"])
        if "text/plain" in data:
            return clean(str(data["text/plain"]), colour=self._abilities.colour).rstrip("\n").split("\n")
        return [self.quiet(f"({', '.join(map(clean_line, data))})")] if data else []

    def _json(self, value: object) -> list[str]:
        text = clean(json.dumps(value, indent=2, ensure_ascii=False, default=str))
        highlighter = Highlighter("json", self.theme)
        return [painted(highlighter.line(line)) for line in text.split("\n")]

    def _html(self, source: str, data: e.MimeBundle, width: int) -> list[str]:
        """Its tables, or its words where it has no better text beside it."""
        found = html.pieces(source)
        if _spoken(data) and not any(isinstance(piece, html.Grid) and piece.rows for piece in found):
            return []
        lines: list[str] = []
        for piece in found:
            drawn = self._grid(piece, width) if isinstance(piece, html.Grid) else _paragraph(clean(piece), width)
            lines += [""] * bool(lines and drawn) + drawn
        return lines

    def _grid(self, grid: html.Grid, width: int) -> list[str]:
        count = max(map(len, [grid.header, *grid.rows]))
        names = [_cell(text) for text in [*grid.header, *[""] * (count - len(grid.header))]]
        rows = [[_cell(text) for text in row] for row in grid.rows]
        align: list[tables.Align] = ["right" if _numbers(grid.rows, at) else "left" for at in range(count)]
        if tables.columns([names, *rows], align, width) is not None:
            return self._side_by_side(names, rows, align, width)
        if len(rows) == 1:
            return self._drawn(tables.record(names, rows[0], width, style=self.theme.strong))
        lines: list[str] = []
        for group in tables.blocks([names, *rows], align, width):
            part = [[row[at] if at < len(row) else [] for at in group] for row in (names, *rows)]
            lines += [""] * bool(lines) + self._side_by_side(part[0], part[1:], [align[at] for at in group], width)
        return lines

    def _side_by_side(
        self, names: tables.Row, rows: Sequence[tables.Row], align: Sequence[tables.Align], width: int
    ) -> list[str]:
        """As columns; a value a line where even they do not fit."""
        shape = tables.columns([names, *rows], align, width)
        style, rule = self.theme.strong, "─" if self._abilities.unicode else "-"
        if shape is None:
            records = [line for row in rows for line in [*tables.record(names, row, width, style=style), []]]
            return self._drawn(records[:-1])
        named = any(text for name in names for _, text in name)
        top = tables.heading(names, shape, style=style, rule=rule, quiet=self.theme.quiet) if named else []
        return self._drawn([*top, *(line for row in rows for line in tables.line(row, shape))])

    @staticmethod
    def _drawn(lines: Iterable[list[Span]]) -> list[str]:
        return [bare(painted(line)) for line in lines]


def _spoken(data: e.MimeBundle) -> bool:
    return forms.says_something(str(data.get("text/plain", "")))


def _cell(text: str) -> list[Span]:
    return [("", clean(text))]


def _paragraph(text: str, width: int) -> list[str]:
    return [painted(row) for row in wrap([("", text)], width)]


def _numbers(rows: list[list[str]], at: int) -> bool:
    """Whether a column holds numbers only, and so stands on the right."""
    values = [row[at] for row in rows if at < len(row) and row[at]]
    return bool(values) and all(value[0] in "0123456789-+." or value in ("NaN", "nan", "...") for value in values)
