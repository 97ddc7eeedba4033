"""What was typed at the prompt, kept in a file for its owner alone. Keeps no secrets that the program knows of."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from prompt_toolkit.history import History

from interpreter.secrets import Secrets

_READ = 200_000
"""How many bytes at the end of the file are read back."""


class Recall(History):
    """prompt_toolkit's history over `file`, one JSON string a line; a file that cannot be written is done without."""

    def __init__(self, file: Path, secrets: Secrets) -> None:
        super().__init__()
        self._file = file
        self._secrets = secrets
        self._last = ""

    def append_string(self, string: str) -> None:
        """Remember `string`, masked, unless it says nothing or nothing new."""
        masked = self._secrets.masked(string.strip())
        if masked and masked != self._last:
            self._last = masked
            super().append_string(masked)

    def store_string(self, string: str) -> None:
        """Write it to the file."""
        with suppress(OSError):
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "a", encoding="utf-8") as file:
                file.write(f"{json.dumps(string, ensure_ascii=False)}\n")

    def load_history_strings(self) -> Iterable[str]:
        """What the file holds, the newest first."""
        try:
            with self._file.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _READ))
                lines = file.read().decode(errors="replace").splitlines()
        except OSError:
            return
        for line in reversed(lines):
            with suppress(ValueError):
                if isinstance(typed := json.loads(line), str):
                    yield typed
