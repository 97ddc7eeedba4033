"""What was piped into the program: read whole, once, and kept as a file of the session where it is data."""

from __future__ import annotations

import os
import select
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from interpreter.errors import StorageError, UsageError

_QUIET = 1.0  # seconds without a byte after which the user is told what is being waited for


@dataclass(frozen=True, slots=True, kw_only=True)
class Piped:
    """The bytes that came in."""

    data: bytes

    def text(self) -> str:
        """As a prompt. Raises `UsageError` if it is no text."""
        try:
            return self.data.decode()
        except UnicodeDecodeError as error:
            raise UsageError("What came on standard input is no UTF-8 text, so it cannot be a prompt.") from error

    def keep(self, folder: Path) -> Path:
        """A file in `folder` with these bytes, for its owner alone."""
        text = b"\0" not in self.data[:4096]
        path = folder / ("stdin.txt" if text else "stdin.bin")
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(self.data)
        except OSError as error:
            raise StorageError(f"Cannot keep what was piped in, in {path}: {error.strerror or error}.") from error
        return path


def piped(stream: TextIO | None, tell: TextIO) -> Piped | None:
    """All of `stream`; None if it is a terminal, closed, the null device, or holds nothing.

    A pipe that nobody writes to and nobody closes is waited for; `tell` is told so.
    """
    if stream is None or stream.closed or stream.isatty():
        return None
    try:
        kind = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError):
        return None
    if stat.S_ISCHR(kind):
        return None
    if stat.S_ISFIFO(kind) and sys.platform != "win32" and not select.select([stream], [], [], _QUIET)[0]:
        tell.write("interpreter: Reading standard input until it ends (give </dev/null if there is none).\n")
        tell.flush()
    data = stream.buffer.read()
    return Piped(data=data) if data else None
