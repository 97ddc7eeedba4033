"""The model's thinking aloud: its last rows while it lasts, then one line that says how long it took."""

from __future__ import annotations

from collections.abc import Callable

from interpreter.renderers.sanitize import Sanitizer
from interpreter.renderers.terminal.styled import last_rows, paint, wrap
from interpreter.renderers.words import seconds

_ROWS = 3
_KEPT = 4000
"""Characters that may still be seen."""


class Thinking:
    """A part of the canvas."""

    def __init__(self, style: str, *, width: Callable[[], int], clock: Callable[[], float]) -> None:
        self._style = style
        self._width = width
        self._clock = clock
        self._since = clock()
        self._sanitizer = Sanitizer()
        self._text = ""
        self._closed = False

    def feed(self, text: str) -> None:
        """Take more of it."""
        self._text = (self._text + self._sanitizer.feed(text))[-_KEPT:]

    def take(self) -> list[str]:
        """Nothing until the end."""
        if not self._closed:
            return []
        self._closed = False
        return [paint(self._style, f"thought for {seconds(self._clock() - self._since)}")]

    def tail(self, rows: int) -> list[str]:
        """Its last rows."""
        text = self._text[-min(rows, _ROWS) * self._width() * 2 :].strip()
        wrapped = wrap([(self._style, text)], self._width())[-min(rows, _ROWS) :]
        lines = [paint(self._style, "".join(piece for _, piece in row)) for row in wrapped]
        return last_rows(lines, self._width(), min(rows, _ROWS))

    def close(self) -> None:
        """It has ended."""
        self._closed = True
