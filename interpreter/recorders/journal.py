"""The journal: every event of a session as one line of JSON, appended as it happens. Folds nothing.

Deltas are written too, one line each and at once. Whoever watches a reply has read every delta, and after a kill the
journal must hold what they read; a coalesced delta would be shown before it is kept. Their cost is size alone: readers
pass over them unparsed, and every stream of them ends in an event with the whole.

A line reaches the system in one write before anyone is shown the event, so the end of the program, however sudden,
loses nothing. The end of the machine loses what was not synced: nothing that was decided or finished, else at most
200 ms. The timed sync is a timer on the event loop, so there is no thread that could outlive the session.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from contextlib import suppress

from interpreter import events as e
from interpreter.errors import StorageError
from interpreter.recorders.folder import SessionFolder, private, refusal
from interpreter.recorders.lines import lines, parsed, written
from interpreter.recorders.mending import Mending
from interpreter.secrets import NO_SECRETS, Secrets
from interpreter.wire import now

_INTENT = frozenset(
    {
        "session.started",
        "turn.started",
        "turn.finished",
        "code.proposed",
        "code.decided",
        "code.finished",
        "input.given",
    }
)
"""What must be on the disk before anything follows from it."""
_INTERVAL = 0.2  # seconds between syncs of everything else
_BLOCK = 1 << 16  # bytes read at once in search of the last newline


class Journal:
    """Implements `Consumer`. Takes the session for this program and goes on where an earlier journal ended.

    A line that a crash cut off is taken away, and what it left open is closed; `mended` says so, in words. Raises
    `StorageError` if another program has the session or the folder takes no file. Once a write fails, every later event
    is refused with the same line: a journal with a hole would tell a story that did not happen.
    """

    def __init__(
        self,
        folder: SessionFolder,
        *,
        secrets: Secrets = NO_SECRETS,
    ) -> None:
        self.folder = folder
        self.mended: tuple[str, ...] = ()
        self._secrets = secrets
        self._seq = 0
        self._synced = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._broken: str | None = None
        self._lock = folder.lock()
        self._fd = -1
        self._end = 0  # bytes of whole lines
        try:
            closing = self._open()
            for event in closing:
                self(event)
        except BaseException:
            self.close()
            raise

    def __call__(self, event: e.Event) -> None:
        """Append one event. Raises `StorageError` when it cannot be kept."""
        if self._broken is not None:
            raise StorageError(self._broken)
        self._seq += 1
        line = self._masked(written(event, seq=self._seq, time=now())).encode()
        try:
            _write(self._fd, line)
            self._end += len(line)
            if event.type in _INTENT or time.monotonic() - self._synced >= _INTERVAL:
                self._sync()
            else:
                self._sync_soon()
        except OSError as error:
            self._broken = refusal(self.folder.path, error)
            with suppress(OSError):
                os.ftruncate(self._fd, self._end)  # half a line would be no event
            raise StorageError(self._broken) from error

    def _masked(self, line: str) -> str:
        """`line` without secrets. What stands across its escapes or quotes must not be cut out of it as text."""
        if self._secrets.masked(line) == line:
            return line
        return json.dumps(self._secrets.within(json.loads(line)), separators=(",", ":")) + "\n"

    def close(self) -> None:
        """Sync and give the session up; one in which nothing happened leaves no folder. Harmless when done twice."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        empty = self._fd >= 0 and not self._end
        if self._fd >= 0:
            with suppress(OSError):  # the failure of a write was told when it happened
                os.fsync(self._fd)
            os.close(self._fd)
            self._fd = -1
        self._broken = self._broken or f"Session {self.folder.id} was closed."
        self._lock.close()
        if empty:
            self.folder.discard()

    def _open(self) -> tuple[e.Event, ...]:
        """Open the file for the next line, with whole lines only before it; what closes what they left open."""
        path, mending = self.folder.journal, Mending()
        told: list[str] = []
        if path.exists():
            for line in lines(path, told.append):
                mending.follow(line)
                self._seq = max(self._seq, line.seq)
        try:
            self._fd = private(path, os.O_RDWR | os.O_APPEND)
            _end_last_line(self._fd)
            self._end = os.fstat(self._fd).st_size
        except OSError as error:
            raise StorageError(refusal(self.folder.path, error)) from error
        closing = mending.closing()
        told += [
            f"{event.cell} was running when the program ended: what it had done by then is not known."
            for event in closing
            if isinstance(event, e.CodeFinished)
        ]
        self.mended = tuple(told)
        return closing

    def _sync_soon(self) -> None:
        if self._timer is not None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._sync()
            return
        self._timer = loop.call_later(_INTERVAL, self._sync_late)

    def _sync_late(self) -> None:
        self._timer = None
        try:
            self._sync()
        except OSError as error:
            self._broken = refusal(self.folder.path, error)

    def _sync(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        os.fsync(self._fd)
        if os.fstat(self._fd).st_nlink == 0:
            raise FileNotFoundError(2, "the folder was removed")
        self._synced = time.monotonic()


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _end_last_line(fd: int) -> None:
    """Give a whole last line its newline; take away one that was cut off."""
    size = os.fstat(fd).st_size
    start, last = size, b""
    while start > 0 and b"\n" not in last:
        start = max(0, start - _BLOCK)
        os.lseek(fd, start, os.SEEK_SET)
        last = os.read(fd, size - start)
    last = last[last.rfind(b"\n") + 1 :]
    if not last:
        return
    if parsed(last, 0, whole=False) is not None:
        _write(fd, b"\n")
    else:
        os.ftruncate(fd, size - len(last))
