"""A lock between processes, held on a file and given up by the system when its holder dies. Not for threads."""

from __future__ import annotations

import asyncio
import errno
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from interpreter.errors import StorageError
from interpreter.stop import Stop, race

_PAUSE = 0.2  # seconds between two tries
_TAKEN = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP)  # some network disks: better a fetch without a lock than none


@asynccontextmanager
async def held(path: Path, stop: Stop, waiting: Callable[[], None]) -> AsyncGenerator[None, None]:
    """Hold the lock on `path`; `waiting` is called once if another process has it. `Stopped` when `stop` is set."""
    try:
        file = path.open("ab")
    except OSError as error:
        raise StorageError(f"Cannot write to {path.parent}: {error.strerror or error}.") from error
    with file:
        told = False
        while not taken(file):
            if not told:
                waiting()
                told = True
            await race(stop, asyncio.sleep(_PAUSE))
        yield  # closing the file gives the lock up


def taken(file: BinaryIO) -> bool:
    """Whether the lock on `file` is now ours, until it is closed. Raises `StorageError` if it cannot be locked."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _TAKEN:
            return False
        if error.errno in _NO_LOCKS:
            return True
        raise StorageError(f"Cannot lock {file.name}: {error.strerror or error}.") from error
    return True
