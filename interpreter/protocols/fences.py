"""Fenced blocks in a text that is still arriving (CommonMark fences of at most three spaces' indent). Pure.

A fence tagged with a language that can run is told apart from every other fence, which is prose.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

_OPENING = re.compile(r"^ {0,3}(`{3,}(?=[^`]*$)|~{3,})[ \t]*(\S*)")
_MAYBE_FENCE = re.compile(r"^ {0,3}(?:$|`|~)")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Prose:
    """Text outside runnable blocks, other fences included."""

    text: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A runnable block began: its language, and the line as written."""

    language: str
    line: str


@dataclass(frozen=True, slots=True)
class Code:
    """More of the runnable block's code, without the newline before the closing fence."""

    text: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The runnable block ended, with this line."""

    line: str


Token: TypeAlias = Prose | Opened | Code | Closed


class FenceScanner:
    """Cuts arriving text into tokens, the same for any chunking (but for where `Prose` and `Code` are cut).

    `resolve` gives the canonical name of a language that can run here, None for any other tag.
    """

    def __init__(self, resolve: Callable[[str], str | None]) -> None:
        self._resolve = resolve
        self._line = ""  # what is held of the current line
        self._shown = False  # part of the current line was given out, so it is no fence
        self._fence: tuple[str, bool] | None = None  # the opening mark, and whether its block can run
        self._newline = ""  # before the next code character

    def feed(self, text: str) -> list[Token]:
        """The tokens that `text` completes or continues."""
        tokens: list[Token] = []
        for line in _LINES.findall(text):
            self._line += line
            if line.endswith("\n"):
                self._whole_line(tokens)
            elif self._shown or not _MAYBE_FENCE.match(self._line):
                given = self._line.rstrip("\r")  # which may be half of the line's end
                self._give(given, tokens)
                self._line, self._shown = self._line[len(given) :], True
        return tokens

    def close(self) -> list[Token]:
        """The last line, which may lack its newline."""
        tokens: list[Token] = []
        if self._line:
            self._whole_line(tokens)
        return tokens

    @property
    def in_code(self) -> bool:
        """Whether a runnable block is open."""
        return self._fence is not None and self._fence[1]

    def _whole_line(self, tokens: list[Token]) -> None:
        line, shown = self._line, self._shown
        self._line, self._shown = "", False
        bare = line.rstrip("\r\n")
        if not shown and self._fence is None and (opening := _OPENING.match(bare)):
            language = self._resolve(opening.group(2)) if opening.group(2) else None
            self._fence = (opening.group(1), language is not None)
            tokens.append(Prose(line) if language is None else Opened(language, line))
        elif not shown and self._fence is not None and _closes(bare, self._fence[0]):
            runnable = self._fence[1]
            self._fence, self._newline = None, ""
            tokens.append(Closed(line) if runnable else Prose(line))
        else:
            self._give(line, tokens)

    def _give(self, text: str, tokens: list[Token]) -> None:
        if not self.in_code:
            tokens.append(Prose(text))
            return
        body = text.rstrip("\r\n")
        if body or self._newline:
            tokens.append(Code(self._newline + body))
        self._newline = "\n" if body != text else ""


def _closes(line: str, mark: str) -> bool:
    stripped = line.strip(" \t")
    indent = len(line) - len(line.lstrip(" "))
    return indent <= 3 and len(stripped) >= len(mark) and set(stripped) == {mark[0]}
