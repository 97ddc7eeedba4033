"""A path as a person writes it, where `~` is a home. Reads no file."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def written(path: str | Path) -> Path:
    """`path` with the home it begins with; a `~NAME` of nobody stays as it is, as in a shell."""
    path = Path(path)
    with suppress(RuntimeError):
        return path.expanduser()
    return path
