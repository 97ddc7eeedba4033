"""What a person names, a kept session or a file, as a notebook. Changes neither."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from interpreter.errors import UsageError
from interpreter.notebooks.document import PYTHON, Json, NotebookKernel, document
from interpreter.notebooks.draft import Code, Draft
from interpreter.notebooks.file import load
from interpreter.notebooks.kernels import kernel_of
from interpreter.notebooks.opening import kernelspec
from interpreter.recorders.folder import SessionFolder
from interpreter.recorders.resume import recorded
from interpreter.recorders.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A notebook, what to call it, and its file, None for a session."""

    document: Json
    name: str
    file: Path | None = None


def find(text: str, sessions: Path, folders: Iterable[Path] = ()) -> Source:
    """The notebook file `text`, or the session of that id under `sessions`. `folders` are Jupyter's, with kernelspecs.

    Raises `UsageError` if there is none, `StorageError` if it cannot be read.
    """
    path = Path(text)
    if path.suffix == ".ipynb" or path.is_file():
        return Source(document=load(path), name=path.stem, file=path)
    folder = Store(sessions).find(text)
    return Source(document=of_session(folder, folders), name=folder.id)


def of_session(folder: SessionFolder, folders: Iterable[Path] = ()) -> Json:
    """The notebook of a kept session, made anew from its journal, with the kernel that the live one names.

    Where all that ran is in one other language, it is the kernel of that: as parts of a Python notebook, such cells
    would each be a process of its own.
    """
    draft = Draft()
    for kept in recorded(folder):
        draft.add(kept.event, kept.time)
    kernel = _kernel(folder)
    ran = {part.language for part in draft.parts if isinstance(part, Code) and part.decision in ("run", "edited")}
    foreign = len(ran) == 1 and PYTHON.language not in ran and kernel.language == PYTHON.language
    other = kernel_of(ran.pop(), folders) if foreign else None
    return document(draft, other or kernel)


def _kernel(folder: SessionFolder) -> NotebookKernel:
    try:
        spec = kernelspec(load(folder.notebook))
    except UsageError:  # it was never written, or somebody changed it: the session is in the journal
        spec = {}
    return NotebookKernel(
        name=spec.get("name", PYTHON.name),
        display_name=spec.get("display_name", PYTHON.display_name),
        language=spec.get("language", PYTHON.language),
    )
