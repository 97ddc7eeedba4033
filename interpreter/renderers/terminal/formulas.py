r"""Formulas in Markdown: `$x^2$`, `$$...$$`, `\(...\)` and `\[...\]` as tokens of their own. Draws nothing.

Otherwise Markdown would take their backslashes and stars for its own. A price or a shell variable is no formula.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline

KIND = "formula"
_EDGES = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"))
_LONGEST = 2000
_SIGNS = frozenset("\\^_{}=<>+")
_PLAIN = re.compile(r"[A-Za-z](?:[^A-Za-z\s][^\s]*)?")  # n, f(x), k-1; but not HOME

_ANCHOR = re.compile(r"\|\^|\^[A-Za-z(\[]|.*[(/]\^", re.DOTALL)  # a power of nothing: from one regex to the next


def with_formulas(parser: MarkdownIt) -> MarkdownIt:
    """`parser`, which knows formulas now."""
    parser.inline.ruler.before("escape", KIND, _formula)
    return parser


def _formula(state: StateInline, silent: bool) -> bool:
    """A rule of markdown-it's: whether a formula begins here; unless `silent`, a token is made of it."""
    for opening, closing in _EDGES:
        if not state.src.startswith(opening, state.pos):
            continue
        start = state.pos + len(opening)
        end = state.src.find(closing, start, start + _LONGEST)
        if end < 0 or not _is_formula(state.src[start:end], opening, state.src[end + len(closing) :][:1]):
            return False
        if not silent:
            state.push(KIND, "", 0).content = state.src[start:end]
        state.pos = end + len(closing)
        return True
    return False


def _is_formula(text: str, opening: str, after: str) -> bool:
    even = "\\" in text or text.count("(") == text.count(")")  # not from one price to the next
    if opening == "$" and (text != text.strip() or after.isalnum() or not even or _ANCHOR.match(text)):
        return False
    return bool(text.strip()) and (not _SIGNS.isdisjoint(text) or _PLAIN.fullmatch(text.strip()) is not None)
