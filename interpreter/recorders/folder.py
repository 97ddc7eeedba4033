"""The folder of one session: where its journal, notebook, outputs and pictures are, and who has it. Reads no event."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from interpreter.errors import StorageError
from interpreter.lock import taken

_TRIES, _PAUSE = 3, 0.02  # a listing holds the lock for an instant, to see whether it is free


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFolder:
    """One session's folder, absolute. Its name is the session's id. What is in it may not exist yet."""

    path: Path

    @property
    def id(self) -> str:
        """The session's id."""
        return self.path.name

    @property
    def journal(self) -> Path:
        """One event a line."""
        return self.path / "events.jsonl"

    @property
    def notebook(self) -> Path:
        """The same session as a notebook."""
        return self.path / "session.ipynb"

    @property
    def outputs(self) -> Path:
        """Whole outputs that were shortened."""
        return self.path / "outputs"

    @property
    def kernel(self) -> Path:
        """What is known of a kernel that outlives the program."""
        return self.path / "kernel"

    @property
    def images(self) -> Path:
        """Pictures."""
        return self.path / "images"

    @property
    def paths(self) -> Mapping[str, str]:
        """What `session.started` tells of these files."""
        return {"folder": str(self.path), "journal": str(self.journal)}

    def lock(self) -> BinaryIO:
        """Take the session for this program, until the file is closed. Raises `StorageError` if another has it."""
        if file := self._lock():
            return file
        raise StorageError(
            f"Session {self.id} is open in another program. Close it there, or begin a new session here."
        )

    @property
    def in_use(self) -> bool:
        """Whether a program has this session now."""
        if not (self.path / "lock").exists():
            return False
        try:
            file = self._lock()
        except StorageError:
            return False
        if file is None:
            return True
        file.close()
        return False

    def size(self) -> int:
        """Bytes of everything in it."""
        total = 0
        for root, _, names in os.walk(self.path):
            for name in names:
                with _vanishing():
                    total += (Path(root) / name).lstat().st_size
        return total

    def discard(self) -> None:
        """Remove the folder of a session in which nothing happened, unless something else was put into it."""
        with suppress(OSError):
            if {entry.name for entry in self.path.iterdir()} <= {"lock", "events.jsonl"}:
                shutil.rmtree(self.path)

    def _lock(self) -> BinaryIO | None:
        try:
            file = os.fdopen(private(self.path / "lock", os.O_WRONLY | os.O_APPEND), "ab")
        except OSError as error:
            raise StorageError(refusal(self.path, error)) from error
        for attempt in range(_TRIES):
            if taken(file):
                return file
            if attempt < _TRIES - 1:
                time.sleep(_PAUSE)
        file.close()
        return None


def private(path: Path, flags: int = os.O_WRONLY | os.O_TRUNC) -> int:
    """A descriptor of the file at `path`, which is made if it is not there and then is its owner's alone."""
    return os.open(path, flags | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)


def refusal(path: Path, error: OSError) -> str:
    """One line for the user: what could not be kept at `path`, why, and what to do."""
    why = error.strerror or str(error)
    return f"Cannot keep the session in {path}: {why}. Free or unlock that place; what follows is not saved."


@contextmanager
def _vanishing() -> Iterator[None]:
    """A file may go while its folder is walked."""
    with suppress(FileNotFoundError):
        yield
