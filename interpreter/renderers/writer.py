"""Writes text to a pipe, a file or a terminal that may not take every character, or may go away. Draws nothing."""

from __future__ import annotations

import errno
import os
from typing import TextIO

from interpreter.errors import StorageError


class Writer:
    """Writes to `file` and flushes. When nobody reads any more, all that follows is dropped and `broken` is true.

    So it is, after a `StorageError`, where the disk behind `file` takes no more.
    """

    def __init__(self, file: TextIO) -> None:
        self.broken = False
        self.at_line_start = True
        self._file = file
        self._encoding = (getattr(file, "encoding", None) or "utf-8").lower()
        self.unicode = self._encoding.replace("-", "").replace("_", "") in ("utf8", "utf16", "utf32")
        """Whether any character can be written; where not, each that cannot is a question mark."""

    def write(self, text: str) -> None:
        """Write `text` now."""
        if self.broken or not text:
            return
        if not self.unicode:
            text = text.encode(self._encoding, errors="replace").decode(self._encoding)
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            self._silence()
            if error.errno not in (errno.EPIPE, errno.EIO):
                raise StorageError(f"The output cannot be written: {error.strerror or error}.") from error
        self.at_line_start = text.endswith("\n")

    def line(self, text: str) -> None:
        """Write `text` as lines of its own."""
        self.write(f"{'' if self.at_line_start else chr(10)}{text}\n")

    def is_terminal(self) -> bool:
        """Whether a person sees this at once."""
        return self._file.isatty()

    def _silence(self) -> None:
        """Lead what is still buffered nowhere, so that the program does not stumble over it when it ends."""
        self.broken = True
        try:
            descriptor = self._file.fileno()
        except (OSError, ValueError):
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
