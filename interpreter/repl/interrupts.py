r"""Signals become rungs: what Ctrl-C, Ctrl-\, Ctrl-Z, a closed terminal and a request to end do. Draws nothing.

The rungs of Ctrl-C: an open question is declined; a turn or cell is interrupted; a second one, while a cell still runs,
has its kernel restarted; anything else that is under way is given up; at the prompt the line is cleared.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Protocol


class Rungs(Protocol):
    """What the ladder acts on."""

    def interrupted(self) -> None:
        """Ctrl-C was pressed."""

    def suspended(self) -> None:
        """Ctrl-Z was pressed."""

    def detached(self) -> None:
        r"""Ctrl-\ was pressed."""


@contextlib.contextmanager
def ending() -> Iterator[None]:
    """While nothing else handles them, SIGTERM and SIGHUP end the program through its `finally` blocks."""

    def leave(number: int, _: object) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Signals:
    """Connects signals with `rungs` and with `task`, which is cancelled when the program must end; `ended`: by what."""

    def __init__(self, rungs: Rungs, task: asyncio.Task[object]) -> None:
        self.ended: int | None = None
        self._rungs = rungs
        self._task = task

    @contextlib.contextmanager
    def connected(self) -> Iterator[None]:
        """Handle signals inside."""
        loop = asyncio.get_running_loop()
        handlers: dict[int, Callable[[], None]] = {
            signal.SIGINT: self._rungs.interrupted,
            signal.SIGTSTP: self._rungs.suspended,
            signal.SIGQUIT: self._rungs.detached,
            signal.SIGTERM: lambda: self._end(signal.SIGTERM),
            signal.SIGHUP: lambda: self._end(signal.SIGHUP),
        }
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
        try:
            yield
        finally:
            for number in handlers:
                loop.remove_signal_handler(number)

    def _end(self, number: int) -> None:
        if self.ended is None:
            self.ended = number
            if number == signal.SIGHUP:
                _write_nowhere()
            self._task.cancel()


def _write_nowhere() -> None:
    """The terminal is gone: what is still written must not fail."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
