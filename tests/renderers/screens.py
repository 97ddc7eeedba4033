"""A terminal for tests: keeps what it is sent, and shows what a person would see of it. Asserts nothing."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pyte

from interpreter.renderers.terminal.screen import TerminalRenderer

XTERM = {"TERM": "xterm-256color"}


class Screen(io.StringIO):
    """A terminal of `columns` and `rows`. `sent` holds every write; `size` may change as a person drags a window."""

    encoding = "utf-8"

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.size = (columns, rows)

    def write(self, text: str) -> int:
        """Keep what was sent."""
        self.sent.append(text)
        return len(text)

    def isatty(self) -> bool:
        """It is one."""
        return True

    def lines(self) -> list[str]:
        """All that can be read, the scrollback first; spaces and empty lines at the end left out."""
        emulator = pyte.HistoryScreen(*self.size, history=100_000, ratio=0.5)
        stream = pyte.Stream(emulator)
        stream.feed("".join(self.sent).replace("\n", "\r\n"))
        top: list[Mapping[int, Any]] = list(emulator.history.top)
        rows = [*top, *(emulator.buffer[at] for at in range(emulator.lines))]
        lines = [_text(row, emulator.columns) for row in rows]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def text(self) -> str:
        """The same, as one text."""
        return "\n".join(self.lines())


def _text(row: Mapping[int, Any], columns: int) -> str:
    return "".join(row[at].data for at in range(columns)).rstrip()


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def renderer(screen: Screen, clock: Clock | None = None, **environment: str) -> TerminalRenderer:
    """A renderer on `screen`; without a clock every event is drawn at once."""
    steps = iter(range(10**9))
    return TerminalRenderer(
        screen,
        environment={**XTERM, **environment},
        size=lambda: screen.size,
        clock=clock or (lambda: float(next(steps))),
    )


def pieces(text: str, size: int) -> Iterator[str]:
    """`text` in deltas of `size` characters."""
    return (text[at : at + size] for at in range(0, len(text), size))


def cuts(text: str, chance: random.Random) -> Iterator[str]:
    """`text` in pieces of random length."""
    while text:
        length = chance.randint(1, 5)
        yield text[:length]
        text = text[length:]
