"""Events on a terminal: streaming words, code and results. Asks nothing and reads no key."""

from __future__ import annotations

import sys
from typing import TextIO

from interpreter import events as e
from interpreter.renderers.plain import PlainRenderer


class TerminalRenderer:
    """`TerminalRenderer(file)` is a consumer that draws each event on the terminal behind `file`.

    `settle()` finishes whatever is being drawn, so that somebody else may write or ask at the start of a fresh line;
    `close()` does so for good and gives the terminal back.
    """

    def __init__(self, file: TextIO | None = None) -> None:
        file = sys.stdout if file is None else file
        self._plain = PlainRenderer(file, file)

    def __call__(self, event: e.Event) -> None:
        """Draw what is new."""
        self._plain(event)

    def settle(self) -> None:
        """Leave the cursor at the start of a fresh line, with nothing to be redrawn."""

    def close(self) -> None:
        """Draw nothing any more."""
        self.settle()
