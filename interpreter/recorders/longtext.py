"""A text that comes in pieces and may never end: what of it is shown at once, and the file that holds the whole."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from pathlib import Path

from interpreter.errors import StorageError
from interpreter.recorders.folder import private, refusal
from interpreter.secrets import Secrets

HEAD = 60_000  # characters that are shown at once
RATE = 2_000  # characters a second that may follow them: what prints slowly stays visible, however long it runs
TAIL = 20_000  # characters that are shown at the end of a text that was held back


class Allowance:
    """How much may pass: `burst` at once, and `rate` a second more."""

    def __init__(self, burst: float, rate: float, clock: Callable[[], float]) -> None:
        self._left = burst
        self._rate = rate
        self._clock = clock
        self._then = clock()

    def left(self) -> int:
        """How much may pass now."""
        now = self._clock()
        self._left += (now - self._then) * self._rate
        self._then = now
        return max(0, int(self._left))

    def take(self, amount: int) -> bool:
        """Whether `amount` may pass now; if so it is taken off."""
        if amount > self.left():
            return False
        self._left -= amount
        return True


class LongText:
    """Masks a text, shows its beginning, and holds the rest back once it comes faster than `allowance` lets it.

    The whole goes to `path` as soon as it is too long for memory; it stays there only if something was left out.
    `holding`: something is held back until the end.
    """

    def __init__(self, path: Path, secrets: Secrets, allowance: Allowance) -> None:
        self._path = path
        self._secrets = secrets
        self._allowance = allowance
        self._undecided = ""
        self._unwritten: list[str] = []
        self._unwritten_length = 0
        self._on_disk = False
        self.holding = False
        self._tail: deque[str] = deque()
        self._tail_length = 0
        self._left_out = 0

    def add(self, text: str) -> str:
        """Take the next piece; what is to be shown now, perhaps nothing. Raises `StorageError`."""
        text = self._undecided + text
        decided = len(text) - self._secrets.undecided(text)
        self._undecided = text[decided:]
        return self._masked(self._secrets.masked(text[:decided]))

    def close(self) -> tuple[str, Path | None]:
        """What is still to be shown: the tail, and the file with the whole if something was left out."""
        shown = self._masked(self._secrets.masked(self._undecided))
        self._undecided = ""
        tail = "".join(self._tail)
        surplus = max(0, len(tail) - TAIL)
        left_out = self._left_out + surplus
        if left_out:
            self._write()
            return f"{shown}\n[… {left_out} characters left out …]\n{tail[surplus:]}", self._path
        if self._on_disk:
            self._path.unlink(missing_ok=True)
        return shown + tail, None

    def _masked(self, text: str) -> str:
        self._keep(text)
        if not self.holding:
            if self._allowance.take(len(text)):
                return text
            self.holding = True
            room = self._allowance.left()
            cut = text.rfind("\n", 0, room) + 1 or room
            self._hold(text[cut:])
            return text[:cut]
        self._hold(text)
        return ""

    def _hold(self, text: str) -> None:
        self._tail.append(text)
        self._tail_length += len(text)
        while self._tail_length - len(self._tail[0]) >= TAIL:
            gone = len(self._tail.popleft())
            self._tail_length -= gone
            self._left_out += gone

    def _keep(self, text: str) -> None:
        self._unwritten.append(text)
        self._unwritten_length += len(text)
        if self._unwritten_length > HEAD:
            self._write()

    def _write(self) -> None:
        """Append what is in memory. No file stays open: a cell may be abandoned at any moment."""
        mode = os.O_APPEND if self._on_disk else os.O_TRUNC
        try:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            with os.fdopen(private(self._path, os.O_WRONLY | mode), "ab") as file:
                file.write("".join(self._unwritten).encode(errors="backslashreplace"))
        except OSError as error:
            raise StorageError(refusal(self._path.parent, error)) from error
        self._on_disk = True
        self._unwritten.clear()
        self._unwritten_length = 0
