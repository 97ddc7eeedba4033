"""Lines that rewrite themselves: carriage returns, backspaces and "erase line" become the line a reader would see.

Takes what `Sanitizer(rewriting=True)` lets through. Draws nothing; a progress bar of a thousand updates is one line.
"""

from __future__ import annotations

import re

_PIECE = re.compile(r"\n|\r|\x08|\x1b\[2?K|\x1b\[[0-9;:]*m|[^\n\r\x08\x1b]+")
_REWRITES = re.compile(r"[\r\x08]|\x1b\[2?K")
_SGR = re.compile(r"\x1b\[[0-9;:]*m")
_MOST = 5


class Rewriting:
    """The lines of one stream: `feed` gives those that are finished, `line` is the one still being written."""

    def __init__(self) -> None:
        self._plain: list[str] = []
        self._cells: list[tuple[str, str]] | None = None  # (colours, character); only once a line is rewritten
        self._column = 0
        self._colours = ""
        self._held = ""

    def feed(self, text: str) -> list[str]:
        """The lines that `text` finishes, without their ends."""
        text, self._held = self._held + text, ""
        if text.endswith("\r"):  # may be half of a line end
            text, self._held = text[:-1], "\r"
        finished = []
        *lines, last = text.replace("\r\n", "\n").split("\n")
        for line in lines:
            self._add(line)
            finished.append(self._take())
        self._add(last)
        return finished

    @property
    def line(self) -> str:
        """The unfinished line as a reader would see it, with its colours."""
        return "".join(self._plain) if self._cells is None else _joined(self._cells)

    def close(self) -> list[str]:
        """The unfinished line, if there is anything on it."""
        rest = self._take()
        return [rest] if _SGR.sub("", rest) else []

    def _add(self, text: str) -> None:
        if self._cells is None and not _REWRITES.search(text):
            if text:
                self._plain.append(text)
            return
        if self._cells is None:
            before, self._plain, self._cells, self._column = "".join(self._plain), [], [], 0
            self._write(before)
        self._write(text)

    def _write(self, text: str) -> None:
        assert self._cells is not None
        for found in _PIECE.finditer(text):
            piece = found[0]
            if piece == "\r":
                self._column = 0
            elif piece == "\b":
                self._column = max(0, self._column - 1)
            elif piece == "\x1b[K":
                del self._cells[self._column :]
            elif piece == "\x1b[2K":
                self._cells.clear()
            elif piece[0] == "\x1b":
                self._colours = _after(self._colours, piece)
            else:
                missing = self._column - len(self._cells)
                self._cells.extend([("", " ")] * missing)
                self._cells[self._column : self._column + len(piece)] = [(self._colours, each) for each in piece]
                self._column += len(piece)

    def _take(self) -> str:
        """The line, which ends with its colours put back; the next one starts with them."""
        line = self.line
        still = self._colours if self._cells is not None else ""
        for found in _SGR.finditer(line):
            still = _after(still, found[0])
        self._plain, self._cells, self._column, self._colours = [still] if still else [], None, 0, ""
        return f"{line}\x1b[0m" if still else line


def _after(colours: str, sequence: str) -> str:
    """The colours in force after one more sequence; only the last few, of a program that never puts them back."""
    if sequence in ("\x1b[m", "\x1b[0m"):
        return ""
    return "".join(_SGR.findall(colours)[-_MOST:]) + sequence


def _joined(cells: list[tuple[str, str]]) -> str:
    pieces, now = [], ""
    for colours, character in cells:
        if colours != now:
            pieces.append(f"\x1b[0m{colours}" if now else colours)
            now = colours
        pieces.append(character)
    return "".join((*pieces, "\x1b[0m" if now else ""))
