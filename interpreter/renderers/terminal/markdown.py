"""Markdown while it is being written: what is finished, once and for good, and the few rows that may still change.

Only whole lines decide what is finished, since half a line may still become anything. CommonMark never opens a closed
block again, so all blocks but the last are finished; of the last one, items of a list, lines of a fence and, above a
certain length, rows of a table and lines of a paragraph are finished as well. So a delta costs the same however long
the answer is. Writes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from interpreter.renderers.sanitize import Sanitizer
from interpreter.renderers.terminal.highlight import Highlighter
from interpreter.renderers.terminal.page import Page, language_of, parser
from interpreter.renderers.terminal.styled import bare, last_rows, painted
from interpreter.renderers.terminal.tables import Columns

if TYPE_CHECKING:
    from markdown_it.token import Token

_LONG = 2000
"""Characters of an open block above which what can be finished of it is finished."""
_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})([^`]*)\Z|( {0,3})(~{3,})(.*)\Z")


class _Fence:
    """An open fence at the top level: its lines are finished as they come."""

    def __init__(self, line: str, page: Page) -> None:
        found = _FENCE.match(line)
        assert found is not None
        self.indent, self.markup = len(found[1] or found[4] or ""), found[2] or found[5]
        self.language = language_of(found[3] or found[6] or "")
        self.highlighter = Highlighter(self.language, page.theme)
        self.closing = re.compile(rf" {{0,3}}{re.escape(self.markup[0])}{{{len(self.markup)},}}[ \t]*\Z")

    def dedented(self, line: str) -> str:
        return line[: self.indent].lstrip(" ") + line[self.indent :] if self.indent else line


class MarkdownStream:
    """One text. `feed` takes what comes; `take` gives the lines finished since it was last called, `tail` the rest."""

    def __init__(self, page: Page, width: Callable[[], int]) -> None:
        self._page = page
        self._width = width
        self._sanitizer = Sanitizer()
        self._parser = parser()
        self._env: dict[str, Any] = {}  # link targets seen so far
        self._new: list[str] = []  # what came since lines were last looked at
        self._open = ""  # whole lines of the last block
        self._part = ""  # the beginning of a line
        self._parse_at = 0  # length of the open block at which it is worth parsing again
        self._fence: _Fence | None = None
        self._number: int | None = None  # of the next item, when earlier ones of its list are finished
        self._columns: Columns | None = None  # of the open table, when rows of it are finished
        self._in_block = False  # part of the open block is finished: no empty line before the rest
        self._gap = False  # a block was finished: an empty line before the next
        self._finished: list[str] = []

    def feed(self, text: str) -> None:
        """Take more text, cut anywhere."""
        self._new.append(self._sanitizer.feed(text))

    def take(self) -> list[str]:
        """The lines that are finished now."""
        self._read()
        finished, self._finished = self._finished, []
        return finished

    def close(self) -> None:
        """The text has ended: everything is finished."""
        self._read()
        if self._part:
            self._new.append("\n")
            self._read()
        if self._fence is not None:
            self._end_fence()
        if self._open.strip():
            self._finish(self._parsed(self._open))
        self._open = ""

    def tail(self, rows: int) -> list[str]:
        """The last rows of what is not finished."""
        width = self._width()
        if self._fence is not None:
            line = painted(self._fence.highlighter.peek(self._fence.dedented(self._part[-4 * width * rows :])))
            return last_rows([line], width, rows) if self._part else []
        source = self._open + self._part
        if not source.strip():
            return []
        if len(source) > _LONG:
            source = source[-_LONG:]
            source = source[source.find("\n") + 1 :] if "\n" in source[:-1] else source
        tokens = self._parser.parse(source, {"references": dict(self._env.get("references", {}))})
        self._renumber(tokens)
        if self._columns is not None:
            lines, _ = self._page.table_rows(tokens, width, self._columns, header=False)
        else:
            lines = self._page.lines(tokens, width)
        if self._gap and not self._in_block and len(lines) < rows:
            lines.insert(0, "")
        return last_rows(lines, width, rows)

    # ---- lines

    def _read(self) -> None:
        text = self._part + "".join(self._new)
        self._new.clear()
        lines, end, self._part = text.rpartition("\n")
        if end and self._fence is not None:
            self._fence_lines(lines + end)
        elif end:
            self._open += lines + end
            self._advance()
        if self._fence is None and len(self._part) > _LONG and not self._open.strip():
            self._cut_line()

    def _cut_line(self) -> None:
        """A line that has no end: its words so far are finished."""
        words, space, rest = self._part.rpartition(" ")
        if space and not re.match(r" {4}| {0,3}(?:[-+*>|<#`~]|\d+[.)])", words):
            self._finish(self._parsed(words))
            self._part, self._in_block = rest, True

    def _advance(self) -> None:
        """Finish what whole lines decide."""
        while self._open.strip() and self._fence is None:
            if len(self._open) < self._parse_at:
                return
            tokens = self._parsed(self._open)
            last = _last_block(tokens)
            if last is None:
                self._parse_later()
                return
            if last:
                self._finish(tokens[:last])
            first_line = (tokens[last].map or (0, 0))[0]
            self._keep_from(first_line)
            if not self._finish_of(tokens[last:], first_line):
                self._parse_later()
                return
        if not self._open.strip():
            self._open = ""

    def _parse_later(self) -> None:
        """A long block is parsed again once there is much more of it."""
        self._parse_at = 0 if len(self._open) <= _LONG else len(self._open) * 5 // 4

    def _finish_of(self, tokens: Sequence[Token], first_line: int) -> bool:
        """Finish what can be finished of the last block; whether it is worth looking at the rest again."""
        kind, long = tokens[0].type, len(self._open) > _LONG
        if kind == "fence" and (opening := self._open.partition("\n")) and _FENCE.match(opening[0]):
            self._begin_fence(opening[0], opening[2])
            return self._fence is None
        if kind == "hr" or (kind == "heading_open" and tokens[0].markup.startswith("#")):
            self._finish(tokens)
            self._keep_from(len(self._open))
        elif kind in ("bullet_list_open", "ordered_list_open"):
            self._finish_items(tokens, first_line)
        elif kind == "table_open" and (long or self._columns is not None):
            self._finish_rows(tokens)
        elif kind in ("paragraph_open", "code_block") and long and self._open.count("\n") > 1:
            self._finish_lines()
        return False

    def _finish_items(self, tokens: Sequence[Token], first_line: int) -> None:
        starts = [at for at, token in enumerate(tokens) if token.type == "list_item_open" and token.level == 1]
        if len(starts) < 2:
            return
        ordered = tokens[0].type == "ordered_list_open"
        number = int(tokens[0].attrGet("start") or 1) + len(starts) - 1
        self._finish((*tokens[: starts[-1]], tokens[-1]))
        self._number = number if ordered else None
        self._in_block = True
        self._keep_from((tokens[starts[-1]].map or (0, 0))[0] - first_line)

    def _finish_rows(self, tokens: Sequence[Token]) -> None:
        lines = self._open.split("\n")[:-1]
        self._finish_table(tokens)
        self._open = "\n".join(lines[:2]) + "\n"
        self._in_block = True

    def _finish_lines(self) -> None:
        lines = self._open.split("\n")[:-1]
        self._finish(self._parsed("\n".join(lines[:-1])))
        self._open = lines[-1] + "\n"
        self._in_block = True

    # ---- fences

    def _begin_fence(self, line: str, rest: str) -> None:
        self._fence, self._open = _Fence(line, self._page), ""
        self._add([self._page.fence(self._fence.markup, self._fence.language)])
        if rest:
            self._fence_lines(rest)

    def _fence_lines(self, text: str) -> None:
        assert self._fence is not None
        lines = text.split("\n")[:-1]
        for at, line in enumerate(lines):
            if self._fence.closing.match(line):
                self._end_fence()
                self._open = "".join(f"{each}\n" for each in lines[at + 1 :])
                self._advance()
                return
            self._finished.append(bare(painted(self._fence.highlighter.line(self._fence.dedented(line)))))

    def _end_fence(self) -> None:
        assert self._fence is not None
        self._finished.append(self._page.fence(self._fence.markup))
        self._fence = None

    # ---- what is finished

    def _parsed(self, source: str) -> list[Token]:
        tokens = self._parser.parse(source, self._env)
        self._renumber(tokens)
        return tokens

    def _renumber(self, tokens: Sequence[Token]) -> None:
        if self._number is not None and tokens and tokens[0].type == "ordered_list_open":
            tokens[0].attrSet("start", str(self._number))

    def _finish(self, tokens: Sequence[Token]) -> None:
        if tokens and tokens[0].type == "table_open" and self._columns is not None:
            end = next(at for at, token in enumerate(tokens) if token.type == "table_close") + 1
            self._finish_table(tokens[:end])
            tokens = tokens[end:]
            self._in_block, self._columns = False, None
        self._add(self._page.lines(tokens, self._width()))
        self._number, self._in_block = None, False

    def _finish_table(self, tokens: Sequence[Token]) -> None:
        header = not self._in_block
        rows, self._columns = self._page.table_rows(tokens, self._width(), self._columns, header=header)
        self._add(rows)

    def _add(self, lines: Sequence[str]) -> None:
        if not lines:
            return
        if self._gap and not self._in_block:
            self._finished.append("")
        self._finished.extend(lines)
        self._gap, self._in_block = True, False

    def _keep_from(self, line: int) -> None:
        self._open = "\n".join(self._open.split("\n")[line:])
        self._parse_at = 0


def _last_block(tokens: Sequence[Token]) -> int | None:
    for at in range(len(tokens) - 1, -1, -1):
        if tokens[at].level == 0 and tokens[at].nesting >= 0 and tokens[at].map is not None:
            return at
    return None
