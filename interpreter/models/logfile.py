"""The file that takes what the client library would print. Opened for each line only; no key gets into it."""

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from pathlib import Path

from interpreter.secrets import Secrets

_LARGEST = 1_000_000  # bytes; then the file is begun anew


class LogFile(logging.Handler):
    """A handler that appends to `path`, readable by its owner alone. A disk that takes nothing is no error here."""

    def __init__(self, path: Path, secrets: Secrets) -> None:
        super().__init__(logging.INFO)
        self._path = path
        self._secrets = secrets

    def emit(self, record: logging.LogRecord) -> None:
        """One record, with its traceback if it has one."""
        self.write(f"{record.levelname} {self.format(record)}")

    def write(self, line: str) -> None:
        """One line, dated."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.exists() and self._path.stat().st_size > _LARGEST
            flags = os.O_CREAT | os.O_WRONLY | (os.O_TRUNC if fresh else os.O_APPEND)
            with os.fdopen(os.open(self._path, flags, 0o600), "a", encoding="utf-8") as file:
                file.write(f"{stamp} {self._secrets.masked(line)}\n")
