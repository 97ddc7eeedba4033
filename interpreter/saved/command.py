"""Saved commands as files: made from a conversation, found by name, listed. Runs none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from interpreter.errors import StorageError, UsageError
from interpreter.exports.cleaning import clean
from interpreter.history import History
from interpreter.notebooks.document import PYTHON, Json, NotebookKernel, document
from interpreter.notebooks.draft import draft
from interpreter.notebooks.file import load, save
from interpreter.notebooks.opening import ours
from interpreter.notebooks.telling import told
from interpreter.saved.parameters import PARAMETERS, Parameter, parameters, taken_out

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedCommand:
    """A command: its name, its notebook, what it may be given, and its title, the first that was asked."""

    name: str
    document: Json
    parameters: tuple[Parameter, ...]
    title: str

    @property
    def usage(self) -> str:
        """Its name, and each parameter with what it is unless given."""
        flags = [f"[--{it.name.replace('_', '-')} {it.default!r}]" for it in self.parameters]
        return " ".join([self.name, *flags])


def save_as(
    history: History,
    name: str,
    folder: Path,
    *,
    chosen: Sequence[str] = (),
    kernel: NotebookKernel = PYTHON,
    replace_old: bool = False,
) -> Path:
    """Keep what worked in `history` as the command `name` in `folder`; the file.

    Its parameters are the plain values that the `chosen` variables are first set to, or, where none is chosen, those
    set in the first cell that sets any. Raises `UsageError` if the name cannot be one or is taken (unless
    `replace_old`), no code worked, or no cell sets a chosen variable; `StorageError` if it cannot be written.
    """
    path = _path(name, folder)
    if path.exists() and not replace_old:
        raise UsageError(f"There is a command {name!r} already. Delete {path}, or choose another name.")
    made = clean(document(draft(told(history)), kernel))
    cells = [cell for cell in made["cells"] if cell["cell_type"] != "code" or ours(cell).get("status") == "ok"]
    if not any(cell["cell_type"] == "code" for cell in cells):
        raise UsageError("No code has worked in this session yet: there is nothing to keep as a command.")
    cells = _with_parameters(cells, chosen) if kernel.language == "python" else cells
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"Cannot make {folder}: {error.strerror or error}.") from error
    save(path, {**made, "cells": cells})
    return path


def find(name: str, folder: Path) -> SavedCommand:
    """The command `name`. Raises `UsageError` if there is none."""
    path = folder / f"{name}.ipynb"
    if not _NAME.fullmatch(name) or not path.is_file():
        names = ", ".join(it.stem for it in _files(folder))
        known = f"There are {names}." if names else "None is kept yet: /save-as NAME keeps a session as one."
        raise UsageError(f"There is no command {name!r}. {known}")
    made = load(path)
    title = next((cell["source"] for cell in made["cells"] if cell["cell_type"] == "markdown"), "")
    words = " ".join(line.lstrip("> ") for line in title.splitlines())
    return SavedCommand(name=name, document=made, parameters=parameters(made), title=" ".join(words.split()))


def every(folder: Path) -> tuple[SavedCommand, ...]:
    """All commands, by name."""
    return tuple(find(path.stem, folder) for path in _files(folder))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.ipynb") if _NAME.fullmatch(path.stem))


def _path(name: str, folder: Path) -> Path:
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot be a command's name: use letters, digits, '-', '_' and '.'.")
    return folder / f"{name}.ipynb"


def _with_parameters(cells: Sequence[Json], chosen: Sequence[str]) -> list[Json]:
    """`cells` with the parameters' assignments moved into a cell in front of all code."""
    result: list[Json] = []
    taken: dict[str, str] = {}
    for cell in cells:
        wanted = [name for name in chosen if name not in taken] if chosen else None
        looked_at = cell["cell_type"] == "code" and _is_python(cell) and (wanted or not (chosen or taken))
        split = taken_out(cell["source"], wanted) if looked_at else None
        taken |= split.taken if split else {}
        source = split.code if split else cell["source"]
        if source.strip():
            result.append({**cell, "source": source})
    if missing := [name for name in chosen if name not in taken]:
        raise UsageError(f"No cell sets {missing[0]!r} to a plain value on a line of its own.")
    if not taken:
        return result
    first = next((index for index, cell in enumerate(result) if cell["cell_type"] == "code"), len(result))
    return [*result[:first], _declaration(taken), *result[first:]]


def _is_python(cell: Json) -> bool:
    return bool(ours(cell).get("language", "python") == "python")


def _declaration(taken: dict[str, str]) -> Json:
    return {
        "cell_type": "code",
        "id": PARAMETERS,
        "metadata": {"tags": [PARAMETERS]},
        "source": "\n".join(taken.values()),
        "outputs": [],
        "execution_count": None,
    }
