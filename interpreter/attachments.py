"""A file that travels with a prompt: its path, type, size and, for text, its first lines. Sends and copies nothing."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from interpreter.errors import UsageError
from interpreter.events import Attachment
from interpreter.paths import written

_HEAD = 2000  # characters of a text file that the model sees at once


def attach(path: Path, *, head: int = _HEAD) -> Attachment:
    """The file at `path`, absolute, with about `head` characters of it. Raises `UsageError` if it cannot be read."""
    try:
        path = written(path).absolute()
        if path.is_dir():
            return Attachment(path=str(path), media_type="inode/directory", size=0, head=_listing(path))
        if path.exists() and not path.is_file():  # to read a pipe or a device may never end
            raise UsageError(f"{path} is neither a file nor a folder. Attach one of these.")
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(4 * head)
    except (OSError, ValueError) as error:  # the latter for odd characters
        why = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise UsageError(f"Cannot read {path}: {why}. Check the path.") from error
    guessed = mimetypes.guess_type(path.name)[0]
    begins = _head(start, head, whole=size == len(start))
    media_type = guessed or ("application/octet-stream" if begins is None else "text/plain")
    return Attachment(path=str(path), media_type=media_type, size=size, head=begins or "")


def _head(start: bytes, head: int, *, whole: bool) -> str | None:
    """The first whole lines of a text; None if the bytes are no text."""
    if b"\0" in start:
        return None
    for cut in range(4):  # the read may have ended inside a character
        try:
            text = start[: len(start) - cut].decode()
            break
        except UnicodeDecodeError:
            continue
    else:
        return None
    if whole and len(text) <= head:
        return text
    lines, newline, _ = text[:head].rpartition("\n")
    return f"{lines}\n…" if newline else f"{text[:head]}…"


def _listing(path: Path) -> str:
    names = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in path.iterdir())
    return "\n".join([*names[:50], "…"] if len(names) > 50 else names)
