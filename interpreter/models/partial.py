"""A file that is still being fetched: its bytes so far, kept between attempts. It knows neither network nor sum."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from interpreter.errors import StorageError


class PassedOver(Exception):
    """A source cannot give the file; its text says why, as the end of a sentence. The next source is tried."""


class PartialFile:
    """The first `size` bytes of a file of `total`; on disk at every moment, so that any later attempt goes on there.

    `grown` is told the size after each change. Every method raises `StorageError` when the disk does not take it.
    """

    def __init__(self, path: Path, total: int, grown: Callable[[int], None]) -> None:
        self._path = path
        self._total = total
        self._grown = grown
        with _storing(path):
            self._file: BinaryIO = path.open("ab", buffering=0)
        self.size = self._file.tell()

    def __enter__(self) -> PartialFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def missing(self) -> int:
        """How many bytes are still to come."""
        return self._total - self.size

    def check_space(self, spare: int = 0) -> None:
        """Raise unless the disk has room for what is missing and `spare` bytes beside it."""
        with _storing(self._path):
            free = shutil.disk_usage(self._path.parent).free
        needed = self.missing + spare
        if free < needed:
            raise StorageError(
                f"Not enough room in {self._path.parent}: {_size(needed)} needed, {_size(free)} free. "
                "Free some space, or set INTERPRETER_HOME to a folder on a roomier disk."
            )

    async def append(self, data: bytes) -> None:
        """Add what comes next; `PassedOver` if that is more than the whole."""
        if len(data) > self.missing:
            raise PassedOver("it holds another file: too many bytes came")
        await asyncio.to_thread(self._write, data)
        self._grown(self.size)

    def cut(self, size: int) -> None:
        """Keep only the first `size` bytes."""
        if size < self.size:
            with _storing(self._path):
                self._file.truncate(size)
            self.size = size
            self._grown(size)

    def sync(self) -> None:
        """Return when the disk has everything."""
        with _storing(self._path):
            os.fsync(self._file.fileno())

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        with _storing(self._path):
            while view:
                written = self._file.write(view)
                self.size += written
                view = view[written:]


class _storing:  # noqa: N801  # reads as a verb where it is used
    """Turns the system's errors about a file into `StorageError`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, OSError):
            return
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(
                f"The disk is full: {self._path.parent} takes no more of the model. "
                "Free some space and run this again; what was fetched is kept."
            ) from error
        raise StorageError(f"Cannot write the model to {self._path}: {error.strerror or error}.") from error


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
