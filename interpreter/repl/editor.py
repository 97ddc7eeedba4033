"""The user's own editor: on a text, in the terminal, and back. Decides nothing about what was written."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from interpreter.errors import UsageError
from interpreter.repl.teletype import Teletype

_USUAL = ("sensible-editor", "nano", "vim", "vi", "emacs")
_ENDINGS = {"python": ".py", "shell": ".sh", "markdown": ".md", "r": ".R", "javascript": ".js", "julia": ".jl"}


async def edited(text: str, language: str, teletype: Teletype, environment: Mapping[str, str]) -> str:
    """`text` after the user has edited it. Raises `UsageError` if no editor can be started."""
    command = _command(environment)
    with tempfile.TemporaryDirectory(prefix="interpreter-") as folder:
        file = Path(folder) / f"edit{_ENDINGS.get(language, '.txt')}"
        file.write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8", errors="replace")
        try:
            with teletype.lent():
                process = await asyncio.create_subprocess_exec(*command, str(file), env=dict(environment))
                try:
                    await process.wait()
                except asyncio.CancelledError:
                    process.terminate()
                    raise
        except OSError as error:
            raise UsageError(f"Cannot start {command[0]}: {error.strerror}. Set EDITOR to an editor.") from error
        return file.read_text(encoding="utf-8", errors="replace").removesuffix("\n")


def _command(environment: Mapping[str, str]) -> list[str]:
    chosen = environment.get("VISUAL") or environment.get("EDITOR")
    if chosen:
        try:
            return shlex.split(chosen)
        except ValueError as error:
            raise UsageError(f"Cannot start {chosen}: {error}. Set EDITOR to an editor.") from error
    found = next((name for name in _USUAL if shutil.which(name)), None)
    if found is None:
        raise UsageError("There is no editor here. Set EDITOR to one.")
    return [found]
