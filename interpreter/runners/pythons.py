"""Which Python the user's code runs in. Looks at files and variables; starts nothing, so nothing found can act."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from interpreter.errors import UsageError
from interpreter.paths import written

Why: TypeAlias = Literal["asked", "active", "found", "own"]
"""The user named it; its environment is active; it was found in or above the working folder; it runs this program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonChoice:
    """A Python to run code in. `prefix` is its virtual or conda environment, empty where it has none.

    `notice` is what the user must be told about the choice, empty if nothing.
    """

    executable: str
    why: Why
    prefix: str = ""
    notice: str = ""

    @property
    def own(self) -> bool:
        """Whether it is the Python that runs this program, whose packages a kernel needs are there."""
        return self.why == "own"


def choose(asked: str | None, environment: Mapping[str, str], folder: str) -> PythonChoice:
    """`asked` (a Python or its environment's folder), else the active environment, the nearest `.venv`, else ours.

    Raises `UsageError` if `asked` is no Python.
    """
    if asked is not None:
        return _asked(asked, environment)
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if prefix := environment.get(name):
            return _active(name, prefix)
    return _found(Path(folder)) or _own()


def _asked(asked: str, environment: Mapping[str, str]) -> PythonChoice:
    path = written(asked)
    if path.is_dir():
        executable = _python_in(path)
        if executable is None:
            raise UsageError(f"There is no Python in {path}. Give --python a Python or its environment's folder.")
        return PythonChoice(executable=str(executable.absolute()), why="asked", prefix=str(path.absolute()))
    program = shutil.which(asked, path=environment.get("PATH")) if path.name == asked else str(path)
    if program is None or not os.access(program, os.X_OK):
        raise UsageError(f"{asked} is not a Python that can be started. Give --python another one.")
    return _known(Path(program).absolute(), "asked")


def _active(variable: str, prefix: str) -> PythonChoice:
    executable = _python_in(Path(prefix))
    if executable is None:
        return _own(f"{variable} names {prefix}, where there is no Python; code runs in {sys.executable} instead.")
    if Path(prefix).resolve() == Path(sys.prefix).resolve():
        return _own()
    return PythonChoice(executable=str(executable.absolute()), why="active", prefix=prefix)


def _found(folder: Path) -> PythonChoice | None:
    """The nearest `.venv`, unless somebody else could have put it or changed it there."""
    for parent in (folder, *folder.parents):
        prefix = parent / ".venv"
        executable = _python_in(prefix) if prefix.is_dir() else None
        if executable is None:
            continue
        if prefix.resolve() == Path(sys.prefix).resolve():
            return _own()
        if stranger := next((path for path in (prefix, executable.parent) if not _ours_alone(path)), None):
            what = "it" if stranger == prefix else stranger
            return _own(
                f"{prefix} is not used, since {what} belongs to someone else or can be changed by others; "
                f"code runs in {sys.executable}. Say --python {prefix} to use it."
            )
        return PythonChoice(
            executable=str(executable), why="found", prefix=str(prefix), notice=f"Code runs in {prefix}, found here."
        )
    return None


def _own(notice: str = "") -> PythonChoice:
    known = _known(Path(sys.executable), "own")
    return PythonChoice(executable=known.executable, why="own", prefix=known.prefix, notice=notice)


def _known(executable: Path, why: Why) -> PythonChoice:
    """With the environment that the place of `executable` tells."""
    for prefix in (executable.parent.parent, executable.parent):  # conda's own place on Windows is the prefix itself
        if (prefix / "pyvenv.cfg").is_file() or (prefix / "conda-meta").is_dir():
            return PythonChoice(executable=str(executable), why=why, prefix=str(prefix))
    return PythonChoice(executable=str(executable), why=why)


def _python_in(prefix: Path) -> Path | None:
    places = ("Scripts/python.exe", "python.exe") if os.name == "nt" else ("bin/python", "bin/python3")
    return next((prefix / place for place in places if os.access(prefix / place, os.X_OK)), None)


def _ours_alone(path: Path) -> bool:
    """Whether nobody but this user may write there; a group with the user's own number is theirs alone."""
    if os.name == "nt":  # who owns a file is not told by its mode there
        return True
    status = path.stat()
    others = status.st_mode & stat.S_IWOTH or (status.st_mode & stat.S_IWGRP and status.st_gid != os.getuid())
    return status.st_uid == os.getuid() and not others
