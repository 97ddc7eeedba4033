"""HTML of a result as text and tables, for terminals and pipes. Reads tags; runs, fetches and draws nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TypeAlias

_SILENT = frozenset({"script", "style", "head", "title", "template"})
_BLOCKS = frozenset(
    {"p", "div", "section", "article", "ul", "ol", "dl", "dt", "dd", "pre", "hr", "br", "blockquote", "details"}
    | {"summary", "h1", "h2", "h3", "h4", "h5", "h6", "form", "figure", "figcaption", "caption"}
)

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_MARKUP = re.compile(r"<[a-zA-Z/!?][^<>]*+>?")
_LONGEST = 1000
"""Characters of a tag that is read with its attributes; longer ones hold data, which is not drawn."""


@dataclass(slots=True)
class Grid:
    """A table's cells as text; `header` is empty where it has none."""

    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


Piece: TypeAlias = str | Grid


def pieces(html: str) -> list[Piece]:
    """The paragraphs and tables of `html` in their order.

    The parser is shown no marked sections, some of which it takes for defects of itself.
    """
    reader = _Reader()
    reader.feed(_MARKUP.sub(_bearable, without_comments(html).partition("<!--")[0]).replace("<![", "&lt;!["))
    reader.close()
    reader.end_paragraph()
    return reader.pieces


def without_comments(source: str) -> str:
    """`source`, HTML or Markdown, without its comments; what begins one that has no end stays. Takes linear time."""
    closed, mark, rest = source.rpartition("-->")
    return _COMMENT.sub("", closed + mark) + rest


def _bearable(found: re.Match[str]) -> str:
    """Markup that the parser reads in linear time: what has no end becomes text, of a long tag its name is left."""
    markup = found[0]
    if not markup.endswith(">"):
        return f"&lt;{markup[1:]}"
    return markup if len(markup) <= _LONGEST else f"{markup[:_LONGEST].split()[0].rstrip('>')}>"


def text(source: str) -> str:
    """`source` as plain text; the cells of a table's row are kept apart by tabs."""
    lines: list[str] = []
    for piece in pieces(source):
        if isinstance(piece, Grid):
            lines += ["\t".join(row) for row in ([piece.header] if piece.header else []) + piece.rows]
        else:
            lines.append(piece)
    return "\n".join(lines)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[Piece] = []
        self._text: list[str] = []
        self._silent = 0
        self._depth = 0  # of tables in tables: the inner ones are text of the outer one's cell
        self._row: list[str] = []
        self._in_cell = self._all_names = False
        self._span = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag == "table":
            self.end_paragraph()
            self._depth += 1
            if self._depth == 1:
                self.pieces.append(Grid())
        elif self._depth == 1 and tag == "tr":
            self._end_row()
        elif self._depth == 1 and tag in ("td", "th"):
            self._end_cell()
            self._in_cell = True
            self._all_names = self._all_names and tag == "th"
            span = dict(attrs).get("colspan") or "1"
            self._span = min(int(span), 100) if span.isdecimal() and len(span) < 5 else 1
        elif tag == "li":
            self.end_paragraph()
            self._text.append("• ")
        elif tag in _BLOCKS:
            self.end_paragraph()

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "table":
            if self._depth == 1:
                self._end_row()
            self._depth = max(0, self._depth - 1)
        elif self._depth == 1 and tag in ("td", "th"):
            self._end_cell()
        elif self._depth == 1 and tag == "tr":
            self._end_row()
        elif tag in _BLOCKS or tag == "li":
            self.end_paragraph()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._text.append(data)

    def end_paragraph(self) -> None:
        """What was read so far is a paragraph; inside a cell it only ends a word."""
        if self._depth:
            self._text.append(" ")
            return
        if text := " ".join("".join(self._text).split()):
            self.pieces.append(text)
        self._text.clear()

    def _end_cell(self) -> None:
        text = " ".join("".join(self._text).split())
        self._text.clear()
        if self._in_cell:
            self._row += [text, *[""] * (self._span - 1)]
        self._in_cell = False

    def _end_row(self) -> None:
        self._end_cell()
        grid = self.pieces[-1] if self.pieces else None
        if self._row and isinstance(grid, Grid):
            if self._all_names and not grid.rows and not grid.header:
                grid.header = self._row
            elif self._all_names and not grid.rows:  # a second header row names the index
                grid.header = [" ".join(filter(None, pair)) for pair in zip(grid.header, self._row, strict=False)]
            else:
                grid.rows.append(self._row)
        self._row, self._all_names = [], True
