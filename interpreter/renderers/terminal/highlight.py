"""Code in colours, line by line as it comes: the lexer's state is kept between lines. Draws nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from interpreter.renderers.terminal.styled import Span
from interpreter.renderers.terminal.theme import THEMES, Theme

if TYPE_CHECKING:
    from pygments.lexer import Lexer

_LONGEST = 2000
"""Characters of a line above which it is drawn as it is."""

_BLOCK_COMMENTS = frozenset(
    {"c", "cpp", "csharp", "css", "dart", "go", "groovy", "java", "javascript", "js", "jsx", "kotlin", "less", "php"}
    | {"rust", "scala", "scss", "sql", "swift", "ts", "tsx", "typescript"}
)
"""Languages whose `/* */` comments pygments finds only when it sees the whole of one at once."""


class Highlighter:
    """The lines of one piece of code in `language`, any name that pygments knows; others are drawn as they are."""

    def __init__(self, language: str, theme: Theme) -> None:
        self._lexer = _lexer(language.strip().lower()) if theme != THEMES["none"] else None
        self._comments = language.lower() in _BLOCK_COMMENTS
        self._in_comment = False
        self._stack: list[str] = ["root"]
        self._styles = _styles(theme)

    def line(self, text: str) -> list[Span]:
        """The next line, without its end."""
        if self._lexer is None or len(text) > _LONGEST:
            return [("", text)]
        if self._in_comment:
            end = text.find("*/")
            if end < 0:
                return [(self._styles["Comment"], text)]
            self._in_comment = False
            comment, text = text[: end + 2], text[end + 2 :]
            return [(self._styles["Comment"], comment), *self.line(text)]
        tokens = list(self._tokens(self._lexer, text))
        if self._comments and (start := _opened_comment(text, tokens)) is not None:
            self._in_comment = True
            before = [(kind, piece) for position, kind, piece in tokens if position < start]
            return [*self._spans(before), (self._styles["Comment"], text[start:])]
        return self._spans((kind, piece) for _, kind, piece in tokens)

    def peek(self, text: str) -> list[Span]:
        """How the line would look if `text` were all of it; the state stays as it is."""
        stack, in_comment = list(self._stack), self._in_comment
        spans = self.line(text)
        self._stack, self._in_comment = stack, in_comment
        return spans

    def _tokens(self, lexer: Lexer, text: str) -> Iterator[tuple[int, Any, str]]:
        from pygments.lexer import ExtendedRegexLexer, RegexLexer

        if isinstance(lexer, RegexLexer) and not isinstance(lexer, ExtendedRegexLexer):
            return _lexed(lexer, text + "\n", self._stack)
        return iter(lexer.get_tokens_unprocessed(text))

    def _spans(self, tokens: Iterable[tuple[Any, str]]) -> list[Span]:
        return [(self._style(kind), piece.rstrip("\n")) for kind, piece in tokens if piece.rstrip("\n")]

    def _style(self, kind: Any) -> str:
        name = str(kind).removeprefix("Token.")
        while name:
            if name in self._styles:
                return self._styles[name]
            name = name.rpartition(".")[0]
        return ""


def _styles(theme: Theme) -> dict[str, str]:
    return {
        "Keyword": theme.keyword,
        "Operator.Word": theme.keyword,
        "Name.Function": theme.name,
        "Name.Class": theme.name,
        "Name.Decorator": theme.name,
        "Name.Tag": theme.name,
        "Literal.String": theme.string,
        "Literal.Number": theme.number,
        "Comment": theme.comment,
        "Operator": theme.operator,
    }


@cache
def _lexer(language: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name({"shell": "bash", "r": "splus"}.get(language, language)) if language else None
    except ClassNotFound:
        return None


def _opened_comment(text: str, tokens: Iterable[tuple[int, Any, str]]) -> int | None:
    """Where in `text` a comment begins that does not end in it; None if there is none, or only in a string."""
    start = text.rfind("/*")
    if start < 0 or text.find("*/", start + 2) >= 0:
        return None
    for position, kind, piece in tokens:
        if position <= start < position + len(piece):
            quoted = "String" in str(kind) or ("Comment" in str(kind) and not piece.startswith("/*"))
            return None if quoted else start
    return None


def _lexed(lexer: Any, text: str, stack: list[str]) -> Iterator[tuple[int, Any, str]]:
    """What pygments' `RegexLexer` does, but with a stack of states that outlives the call."""
    from pygments.token import Error, Text, _TokenType

    position = 0
    states = lexer._tokens
    while position < len(text):
        for match, action, new_state in states[stack[-1]]:
            found = match(text, position)
            if found is None:
                continue
            if action is not None:
                if type(action) is _TokenType:
                    yield position, action, found.group()
                else:
                    yield from action(lexer, found)
            position = found.end()
            _change(stack, new_state)
            break
        else:
            if text[position] == "\n":
                stack[:] = ["root"]
                yield position, Text, "\n"
            else:
                yield position, Error, text[position]
            position += 1


def _change(stack: list[str], new_state: Any) -> None:
    steps = new_state if isinstance(new_state, tuple) else () if new_state is None else (new_state,)
    for step in steps:
        if step == "#pop":
            if len(stack) > 1:
                stack.pop()
        elif step == "#push":
            stack.append(stack[-1])
        elif isinstance(step, int):
            del stack[max(1, len(stack) + step) if abs(step) < len(stack) else 1 :]
        else:
            stack.append(step)
