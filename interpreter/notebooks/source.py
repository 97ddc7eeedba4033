"""What a person names, a kept session or a file, as a notebook. Changes neither."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from interpreter.errors import UsageError
from interpreter.notebooks.document import PYTHON, Json, NotebookKernel, document
from interpreter.notebooks.draft import Draft
from interpreter.notebooks.file import load
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


def find(text: str, sessions: Path) -> Source:
    """The notebook file `text`, or the session of that id under `sessions`.

    Raises `UsageError` if there is none, `StorageError` if it cannot be read.
    """
    path = Path(text)
    if path.suffix == ".ipynb" or path.is_file():
        return Source(document=load(path), name=path.stem, file=path)
    folder = Store(sessions).find(text)
    return Source(document=of_session(folder), name=folder.id)


def of_session(folder: SessionFolder) -> Json:
    """The notebook of a kept session, made anew from its journal, with the kernel that the live one names."""
    draft = Draft()
    for kept in recorded(folder):
        draft.add(kept.event, kept.time)
    return document(draft, _kernel(folder))


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
