"""Files of this machine that travel to a server or come from one: read and written whole, in a thread."""

from __future__ import annotations

import asyncio
from pathlib import Path

from interpreter.errors import RunnerError


async def contents(local: Path) -> bytes:
    """What stands in a file of this machine. Raises `RunnerError` if it cannot be read."""
    try:
        return await asyncio.to_thread(local.read_bytes)
    except IsADirectoryError as error:
        words = f"{local} is a folder, and only files travel to a server. Attach its files, or an archive."
        raise RunnerError(words) from error
    except OSError as error:
        raise RunnerError(f"Cannot read {local}: {error.strerror or error}. Check the path.") from error


async def keep(content: bytes, local: Path) -> None:
    """Write a file of this machine. Raises `RunnerError` if that fails."""
    try:
        await asyncio.to_thread(local.write_bytes, content)
    except OSError as error:
        raise RunnerError(f"Cannot write {local}: {error.strerror or error}. Check the path.") from error
