"""What is on the screen: finished lines, the part that is open, what is being waited for; and when it is drawn.

Knows no events. One part is open at a time; its finished lines go to the scrollback for good, the rest of it is drawn
below them, at most a dozen times a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from interpreter.renderers.terminal.frame import Frame
from interpreter.renderers.terminal.status import Status
from interpreter.renderers.terminal.styled import paint, wrap

_INTERVAL = 1 / 12
_ROWS = 8
"""Rows at most that are drawn anew."""
_NARROWEST = 8


class Part(Protocol):
    """Something that is being written."""

    def take(self) -> Sequence[str]:
        """The lines finished since the last call."""

    def tail(self, rows: int) -> Sequence[str]:
        """The rows that may still change, `rows` at most, none wider than the screen."""

    def close(self) -> None:
        """All of it is finished now."""


class Canvas:
    """Draws in `frame`. `size` gives columns and rows; `dash` begins a rule.

    `quiet` is the style of its own words, `last` what stands last on the screen: a word for it, and of which cell.
    Without a running event loop, what is not yet due waits.
    """

    def __init__(
        self,
        frame: Frame,
        status: Status,
        *,
        size: Callable[[], tuple[int, int]],
        clock: Callable[[], float],
        dash: str = "──",
    ) -> None:
        self.part: Part | None = None
        self.quiet = ""
        self.last: tuple[str, str] | None = None
        self._dash = dash
        self.status = status
        self._frame = frame
        self._size = size
        self._clock = clock
        self._lines: list[str] = []  # finished and not yet drawn
        self._gap = False  # an empty line belongs before what comes next
        self._drawn_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    def width(self) -> int:
        """Columns of the screen, now."""
        return max(_NARROWEST, self._size()[0])

    def open(self, part: Part, *, last: tuple[str, str] | None = None) -> None:
        """Begin `part`; what was open is finished."""
        self.end()
        self.part, self.last = part, last

    def end(self, *, keep: bool = False) -> None:
        """Finish what is open, and say no longer what is waited for. `keep`: it is still the `last` on the screen."""
        self.status.stop()
        self.last = self.last if keep else None
        if self.part is not None:
            self.part.close()
            self._take()
            self.part = None

    def gap(self, wanted: bool = True) -> None:
        """Whether an empty line belongs before what comes next."""
        self._gap = wanted

    def write(self, *lines: str) -> None:
        """Finished lines."""
        if lines:
            self._lines += [*[""] * self._gap, *lines]
            self._gap = False

    def say(self, text: str, style: str = "") -> None:
        """A sentence of our own."""
        style = style or self.quiet
        for line in text.split("\n"):
            self.write(*(paint(style, "".join(word for _, word in row)) for row in wrap([("", line)], self.width())))

    def rule(self, text: str, style: str = "") -> None:
        """A line that begins or ends something; short, so that a narrower screen does not break it."""
        self.write(f"{paint(self.quiet, f'{self._dash} ')}{paint(style or self.quiet, text)}")

    def soon(self) -> None:
        """Draw now if the last time is long enough ago, else when it is."""
        wait = self._drawn_at + _INTERVAL - self._clock()
        if wait <= 0:
            self.draw()
        else:
            self._later(wait)

    def draw(self) -> None:
        """Draw what is new."""
        self._cancel()
        self._take()
        self._drawn_at = self._clock()
        finished = "".join(f"{line}\n" for line in self._lines)
        self._lines.clear()
        self._frame.draw(finished, self._rows() if self._frame.redraws else ())
        if self.status.waiting and self._frame.redraws:
            self._later(1.0)

    def settle(self) -> None:
        """Finish what is open and draw it; then nothing is drawn until somebody asks for it."""
        self.end(keep=True)
        self.draw()
        self._cancel()

    def _take(self) -> None:
        if self.part is not None:
            self.write(*self.part.take())

    def _rows(self) -> list[str]:
        columns, height = self._size()
        if columns < _NARROWEST:
            return []  # what is drawn there is wider than the screen, and could not be taken back
        room = max(1, min(_ROWS, height - 2))
        status = paint(self.quiet, self.status.row(columns))
        rows = list(self.part.tail(room - bool(status))) if self.part is not None else []
        rows += [status] * bool(status)
        return [*[""] * (self._gap and 0 < len(rows) < room), *rows]

    def _later(self, wait: float) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # nobody would wake us; the next event draws
        if self._timer is not None and self._timer.when() <= loop.time() + wait:
            return
        self._cancel()
        self._timer = loop.call_later(wait, self.draw)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
