"""Parsed Markdown as rows of a terminal. Keeps the words: what it has no form for is shown as its source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from interpreter.renderers import latex
from interpreter.renderers.sanitize import clean
from interpreter.renderers.terminal import formulas, tables
from interpreter.renderers.terminal.formulas import with_formulas
from interpreter.renderers.terminal.highlight import Highlighter
from interpreter.renderers.terminal.styled import Span, bare, painted, wrap
from interpreter.renderers.terminal.theme import Theme

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

Rows: TypeAlias = list[list[Span]]

_NARROWEST = 8
"""Columns that a nested block is given at least, however deep it stands."""


def parser() -> MarkdownIt:
    """The Markdown that models write: CommonMark with tables, struck text and formulas."""
    from markdown_it import MarkdownIt

    return with_formulas(MarkdownIt().enable("strikethrough").enable("table"))


class _Node:
    """A token with what stands between its opening and its end; much cheaper than the parser's own tree."""

    __slots__ = ("attrs", "children", "content", "info", "markup", "tag", "type")

    def __init__(self, token: Token) -> None:
        self.type = token.type.removesuffix("_open")
        self.tag, self.attrs, self.content, self.info = token.tag, token.attrs, token.content, token.info
        self.markup = token.markup
        self.children: list[_Node] = [] if token.children is None else _tree(token.children)


def _tree(tokens: Iterable[Token]) -> list[_Node]:
    levels: list[list[_Node]] = [[]]
    for token in tokens:
        if token.nesting < 0:
            levels.pop()
            continue
        node = _Node(token)
        levels[-1].append(node)
        if token.nesting > 0:
            levels.append(node.children)
    return levels[0]


class Page:
    """Draws blocks in a theme. `unicode` False keeps to ASCII for what it draws itself."""

    def __init__(self, theme: Theme, *, unicode: bool = True) -> None:
        self.theme = theme
        self._bullet, self._bar, self._rule = ("•", "│", "─") if unicode else ("*", "|", "-")

    def lines(self, tokens: Sequence[Token], width: int) -> list[str]:
        """The rows of these blocks, an empty one between them; none ends in a space."""
        return [bare(painted(row)) for row in self._blocks(_tree(tokens), width)]

    def fence(self, markup: str, language: str = "") -> str:
        """The line that opens or closes a block of code."""
        return painted([(self.theme.quiet, markup + clean(language))])

    def table_rows(
        self, tokens: Sequence[Token], width: int, shape: tables.Columns | None, *, header: bool
    ) -> tuple[list[str], tables.Columns | None]:
        """A table's rows in columns that are given or found, with its header or without; and the columns."""
        rows, shape = self._table(_tree(tokens)[0], width, shape, header=header)
        return [bare(painted(row)) for row in rows], shape

    def _blocks(self, nodes: Iterable[_Node], width: int, *, in_item: bool = False) -> Rows:
        rows: Rows = []
        for node in nodes:
            block = self._block(node, max(_NARROWEST, width))
            close = in_item and node.type in ("bullet_list", "ordered_list")
            rows += [[]] if rows and block and not close else []
            rows += block
        return rows

    def _block(self, node: _Node, width: int) -> Rows:
        match node.type:
            case "paragraph":
                return wrap(self._inline(node.children), width)
            case "heading":
                style = self.theme.title if node.tag == "h1" else self.theme.heading
                return wrap(self._inline(node.children, style), width)
            case "fence" | "code_block":
                return self._code(node)
            case "bullet_list" | "ordered_list":
                return self._list(node, width)
            case "blockquote":
                inner = self._blocks(node.children, width - 2)
                return [[(self.theme.quiet, f"{self._bar} "), *row] for row in inner]
            case "hr":
                return [[(self.theme.quiet, self._rule * min(width, 24))]]
            case "table":
                return self._table(node, width, None, header=True)[0]
            case _:
                return [[(self.theme.quiet, text)] for text in clean(node.content).rstrip("\n").split("\n")]

    def _code(self, node: _Node) -> Rows:
        highlighter = Highlighter(language_of(node.info), self.theme)
        body = [highlighter.line(text) for text in clean(node.content).removesuffix("\n").split("\n")]
        if node.type == "code_block":
            return [[("", "    "), *row] for row in body]
        quiet = self.theme.quiet
        body = body if node.content else []
        return [[(quiet, node.markup + clean(language_of(node.info)))], *body, [(quiet, node.markup)]]

    def _list(self, node: _Node, width: int) -> Rows:
        rows: Rows = []
        number = int(node.attrs.get("start", 1))
        for item in node.children:
            marker = f"{self._bullet} " if node.type == "bullet_list" else f"{number}. "
            inner = self._blocks(item.children, width - len(marker), in_item=True) or [[]]
            rows.append([("", marker), *inner[0]])
            rows += [[("", " " * len(marker)), *row] if row else [] for row in inner[1:]]
            number += 1
        return rows

    def _table(
        self, node: _Node, width: int, shape: tables.Columns | None, *, header: bool
    ) -> tuple[Rows, tables.Columns | None]:
        head = node.children[0].children[0]
        names = [self._inline(cell.children) for cell in head.children]
        align = [_align(cell.attrs) for cell in head.children]
        body = [
            [self._inline(cell.children) for cell in row.children]
            for part in node.children[1:]
            for row in part.children
        ]
        shape = shape or tables.columns([names, *body], align, width)
        if shape is None:
            records = [tables.record(names, row, width, style=self.theme.strong) for row in body]
            return _spaced(records), None
        style, quiet = self.theme.strong, self.theme.quiet
        top = tables.heading(names, shape, style=style, rule=self._rule, quiet=quiet) if header else []
        return [*top, *(row for each in body for row in tables.line(each, shape))], shape

    # ---- text inside a block

    def _inline(self, nodes: Iterable[_Node], style: str = "") -> list[Span]:
        spans: list[Span] = []
        for node in nodes:
            spans += self._span(node, style)
        return spans

    def _span(self, node: _Node, style: str) -> list[Span]:
        match node.type:
            case "inline" | "root":
                return self._inline(node.children, style)
            case "text" | "text_special":
                return [(style, clean(node.content))]
            case formulas.KIND:
                return [(style, clean(latex.readable(node.content)))]
            case "softbreak":
                return [(style, " ")]
            case "hardbreak":
                return [("", "\n")]
            case "code_inline":
                return [(_with(style, self.theme.code), clean(node.content))]
            case "strong":
                return self._inline(node.children, _with(style, self.theme.strong))
            case "em":
                return self._inline(node.children, _with(style, self.theme.emphasis))
            case "s":
                return self._inline(node.children, _with(style, self.theme.struck))
            case "link":
                return self._link(self._inline(node.children, _with(style, self.theme.link)), node.attrs.get("href"))
            case "image":
                return self._link([(style, clean(node.content))], node.attrs.get("src"))
            case _:
                return [(style, clean(node.content))]

    def _link(self, text: list[Span], target: Any) -> list[Span]:
        """The text with its real target after it: a link cannot say one thing and lead to another."""
        address = clean(str(target or ""))
        words = "".join(piece for _, piece in text)
        same = address in (words, f"mailto:{words}", f"http://{words}", f"https://{words}")
        return text if same or not address else [*text, (self.theme.quiet, f" ({address})")]


def language_of(info: str) -> str:
    """The language that a fence names."""
    return info.split(maxsplit=1)[0].partition("{")[0].strip(",") if info.strip() else ""


def _spaced(blocks: Iterable[Rows]) -> Rows:
    rows: Rows = []
    for block in blocks:
        rows += [[], *block] if rows else block
    return rows


def _with(style: str, more: str) -> str:
    return ";".join(filter(None, (style, more)))


def _align(attributes: Any) -> tables.Align:
    style = str(attributes.get("style", ""))
    return "right" if style.endswith("right") else "center" if style.endswith("center") else "left"
