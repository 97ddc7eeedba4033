"""What lies at hand when a session begins: names in the working folder, packages of a Python. Runs and imports nothing.

It is told to the embedded model alone, so nothing of it leaves this machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from interpreter.attachments import attach
from interpreter.errors import UsageError
from interpreter.events import Attachment

_MOST_NAMES = 20
_MOST_FILES = 3  # whose beginnings travel with one prompt
_HEAD, _LINES = 400, 3  # characters and lines of each
CUT = "… (the rest is not shown: read it with code)"
"""Said where the lines end: a small model that is not told so answers from the lines it sees."""
_COMMON = ("numpy", "pandas", "matplotlib", "scipy", "sympy", "sklearn", "requests", "openpyxl", "PIL")
"""Packages that models like to import."""

_WORD = re.compile(r"[^\s\"'`,;:!?()<>|*]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearby:
    """`names` in the working folder; packages that models like are `installed` or `lacking`."""

    names: tuple[str, ...] = ()
    installed: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


def look(folder: Path, python: Path | None) -> Nearby:
    """What is at hand; None where the Python that runs the code is not known."""
    installed, lacking = packages(python) if python else ((), ())
    return Nearby(names=names(folder), installed=installed, lacking=lacking)


def names(folder: Path) -> tuple[str, ...]:
    """The first files and folders in `folder`, folders with a slash; hidden ones and odd names are left out."""
    found: list[str] = []
    with suppress(OSError):
        for entry in sorted(folder.iterdir()):
            if not entry.name.startswith(".") and entry.name.isprintable():
                found.append(f"{entry.name}/" if entry.is_dir() else entry.name)
            if len(found) == _MOST_NAMES:
                break
    return tuple(found)


def packages(executable: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of the packages that models like to import, those that the Python `executable` has, and those it lacks.

    Both are empty where its packages are not found.
    """
    prefix = executable.parent.parent
    sites = [*prefix.glob("lib/python3*/site-packages"), *prefix.glob("lib/python3*/dist-packages")]
    sites += [
        site
        for site in (prefix / "Lib" / "site-packages", executable.parent / "Lib" / "site-packages")
        if site.is_dir()
    ]
    if not sites:
        return (), ()
    there = tuple(name for name in _COMMON if any((site / name).is_dir() for site in sites))
    return there, tuple(name for name in _COMMON if name not in there)


def mentioned(prompt: str, folder: Path) -> tuple[Attachment, ...]:
    """The files inside `folder` that `prompt` names, with how they begin."""
    found: dict[str, Attachment] = {}
    for word in _words(prompt):
        if len(found) == _MOST_FILES:
            break
        with suppress(OSError, UsageError, ValueError):
            path = (folder / word).resolve()
            if path.is_file() and path.is_relative_to(folder.resolve()):
                found.setdefault(str(path), _begun(attach(path, head=_HEAD)))
    return tuple(found.values())


def _begun(file: Attachment) -> Attachment:
    """`file` with few of its lines: enough to see what they hold, too few to answer from them."""
    lines = file.head.splitlines()
    return replace(file, head="\n".join([*lines[:_LINES], CUT])) if len(lines) > _LINES else file


def _words(prompt: str) -> Iterable[str]:
    """What may be the name of a file: words, without the dot that ends a sentence."""
    for word in _WORD.findall(prompt):
        name = word.rstrip(".")
        if "." in name[1:]:
            yield name
