"""The session's notebook, following it: written whole, at most every two seconds and at the end of each turn.

It is made from the journal, which has each event before anyone is told of it; so a session that goes on needs no
special way, and nothing is in the notebook that was masked in the journal. On the event loop there is only a timer:
reading, folding, encoding and writing happen in a thread, one write at a time. The journal is read on from where the
last write stopped and a cell is encoded again only when it changed, so a long session costs no more for a new cell
than a short one. A notebook that cannot be written is one warning and never a failed turn.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from interpreter import events as e
from interpreter.notebooks.document import PYTHON, NotebookKernel, cell, frame
from interpreter.notebooks.draft import Draft, Part
from interpreter.notebooks.file import assembled, encoded_cell, write
from interpreter.recorders.folder import SessionFolder
from interpreter.recorders.lines import KNOWN, parsed, unheard
from interpreter.recorders.resume import DELTAS

_INTERVAL = 2.0  # seconds between writes inside a turn
_SHARE = 20  # a write that took long is not repeated before this many times as long has passed


class NotebookRecorder:
    """Implements `Consumer`; stands behind the `Journal` of the same folder among the consumers.

    `warn` is called on the event loop, once, when the notebook cannot be written; it is tried again all the same.
    """

    def __init__(
        self,
        folder: SessionFolder,
        *,
        kernel: NotebookKernel = PYTHON,
        warn: Callable[[str], None] = unheard,
    ) -> None:
        self.path = folder.notebook
        self._kernel = kernel
        self._warn = warn
        self._warned = False
        self._following = _Following(folder.journal)
        self._encoded: dict[str, tuple[int, str]] = {}
        self._stale = False  # an event came that no write has seen yet
        self._urgent = False  # and a turn ended
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None
        self._pause = _INTERVAL

    def __call__(self, event: e.Event, /) -> None:
        """See to it that `event` is in the notebook in time."""
        if isinstance(event, e.TextDelta | e.ReasoningDelta | e.CodeDelta | e.Warned):
            return
        self._stale = True
        self._urgent |= isinstance(event, e.TurnFinished)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # `close`, or the next event inside a loop, writes it
        if self._urgent:
            self._write_now()
        elif self._timer is None and not self._busy:
            self._timer = loop.call_later(self._pause, self._write_now)

    async def close(self) -> None:
        """Write what is left and stop following."""
        while self._busy or self._stale:
            self._write_now()
            if self._writing is not None:
                await asyncio.wait({self._writing})
        self._cancel_timer()

    @property
    def _busy(self) -> bool:
        return self._writing is not None and not self._writing.done()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _write_now(self) -> None:
        """Begin to write, unless that is under way: it then looks itself for what came meanwhile."""
        self._cancel_timer()
        if not self._busy and self._stale:
            self._writing = asyncio.get_running_loop().create_task(self._written())

    async def _written(self) -> None:
        started = time.monotonic()
        self._stale = self._urgent = False
        try:
            failure = await asyncio.to_thread(self._write)
        except asyncio.CancelledError:
            self._stale = True
            raise
        finally:
            self._writing = None
        self._pause = max(_INTERVAL, _SHARE * (time.monotonic() - started))
        if failure is not None and not self._warned:
            self._warned = True
            self._warn(f"The notebook {self.path} cannot be written: {failure}. The session itself is kept.")
        if self._urgent:
            self._write_now()
        elif self._stale:
            self._timer = asyncio.get_running_loop().call_later(self._pause, self._write_now)

    def _write(self) -> str | None:
        """In the thread. Why it failed, None if it did not."""
        try:
            if self._following.go_on():
                draft = self._following.draft
                write(self.path, assembled(map(self._cell, draft.parts), frame(draft, self._kernel)))
                self._following.changed = False
        except OSError as error:
            return error.strerror or str(error)
        return None

    def _cell(self, part: Part) -> str:
        changes, text = self._encoded.get(part.id, (-1, ""))
        if changes != part.changes:
            text = encoded_cell(cell(part, self._kernel))
            self._encoded[part.id] = (part.changes, text)
        return text


class _Following:
    """The draft of a journal, and how far that was read. `changed`: the draft is not what was last written."""

    def __init__(self, journal: Path) -> None:
        self.draft = Draft()
        self.changed = False
        self._journal = journal
        self._read = 0

    def go_on(self) -> bool:
        """Take in what was appended; whether there is something to write. Raises `OSError`."""
        with self._journal.open("rb") as file:
            file.seek(self._read)
            for raw in file:
                if not raw.endswith(b"\n"):
                    break
                self._read += len(raw)
                self._take(raw[:-1])
        return self.changed

    def _take(self, raw: bytes) -> None:
        line = parsed(raw, 0, whole=True)
        if line is None or line.type not in KNOWN or line.type in DELTAS:
            return
        try:
            event = line.event()
        except ValueError:
            return  # a damaged line: whoever resumes the session is told
        self.changed |= self.draft.add(event, line.time)
