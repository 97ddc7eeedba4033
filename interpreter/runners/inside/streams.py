"""What a cell prints, in whole characters, soon, within a limit, and under its own cell. A part of the launcher."""

from __future__ import annotations

import codecs
import os
import select
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SETTLE = 0.5
"""Seconds the end of a cell may wait for what its child processes have already written."""
FULL = 1_000_000
"""Characters that may wait to be sent."""


def threads_remember_their_cell(current: Callable[[], Any]) -> None:
    """Let a thread print under the cell that started it; who works for later cells too, under the cell that runs.

    These are a pool's workers, and a thread with an event loop, in which IPython reads what `%%bash` prints.
    """
    start = threading.Thread.start

    def remember(thread: Any) -> None:
        target = getattr(thread, "_target", None)
        if not str(getattr(target, "__module__", "")).startswith(("asyncio.", "concurrent.", "multiprocessing.")):
            thread.interpreter_cell = current()
        start(thread)

    threading.Thread.start = remember  # type: ignore[assignment,method-assign]


def bounded_class(plain: Any, limit: int) -> type:
    """A `plain` OutStream that sends of a cell little more than `limit` megabytes, and lets who prints fast wait."""

    class Bounded(plain):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **named: Any) -> None:
            self.unsent = 0
            self.counted: dict[Any, int] = {}
            self.full: set[Any] = set()
            super().__init__(*arguments, **named)

        def write(self, string: str) -> Any:
            if self.full and self.parent_header.get("msg_id") in self.full:
                return len(string)
            written, size = super().write(string), len(string)
            self.unsent += size  # no call in between, where another thread could take over and count it twice
            if self.unsent > FULL:
                self.hold()
            return written

        def hold(self) -> None:
            """Count a full portion for the cell that completed it, which is as exact as it is cheap, and wait."""
            cell = self.parent_header.get("msg_id")
            portion, self.unsent = self.unsent, 0  # other threads come here too before it is sent
            self.counted[cell] = self.counted.get(cell, 0) + portion
            if self.counted[cell] > limit * 1_000_000:  # enough for the program to see that it is too much
                words = f"\n[A cell of this kernel prints {limit} MB at most. The rest is left out.]\n"
                super().write(words)  # for who joins it with a higher limit, or with none
                self.full.add(cell)
            self.flush()

        def _flush(self) -> None:
            self.unsent = 0
            super()._flush()

    return Bounded


def stream_class(plain: Any) -> type:
    """A `plain` OutStream that keeps characters whole, answers sooner, and knows which cell a thread belongs to."""
    found = getattr(plain, "parent_header", None)
    theirs = found if isinstance(found, property) else None  # before ipykernel 6.26 no thread is told from another

    class Stream(plain):  # type: ignore[misc]
        flush_interval = 0.05  # seconds; the first output comes after 63 ms, not 208

        @property
        def parent_header(self) -> Any:
            cell = getattr(threading.current_thread(), "interpreter_cell", None)
            if cell is None:
                cell = self.__dict__.get("current_cell", {}) if theirs is None else theirs.__get__(self)
            return cell

        @parent_header.setter
        def parent_header(self, value: Any) -> None:
            if theirs is None:
                self.current_cell = value
            else:
                theirs.__set__(self, value)

        def _watch_pipe_fd(self) -> None:
            """Pass on what is written to the descriptor by C code and child processes."""
            self.reading = threading.Lock()
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            while self._fid is not None:
                select.select([self._fid], [], [])
                with self.reading:
                    data = os.read(self._fid, 65536)
                    if not data or not self._should_watch:
                        return
                    self.write(decoder.decode(data))

        def forked(self) -> None:
            """In a forked child: what is not sent yet is the parent's to send, and who held the lock is not here."""
            self._buffer_lock = threading.RLock()
            for name in ("_rotate_buffers", "_flush_buffer"):  # the second in older ones
                getattr(self, name, lambda: None)()

        def settle(self) -> None:
            """Return when what was written to the descriptor so far has been passed on."""
            end = time.monotonic() + SETTLE
            while hasattr(self, "reading") and time.monotonic() < end:
                with self.reading:
                    if not select.select([self._fid], [], [], 0)[0]:
                        return
                time.sleep(0.001)

    return Stream
