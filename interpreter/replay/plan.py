"""Which cells of a notebook run again, in order, and what they are expected to bring. Runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from interpreter.notebooks.document import SKIP, Json
from interpreter.notebooks.opening import code_of, language, ours

_LEFT_OUT = {
    "declined": "it was declined",
    "skipped": "it was not run",
    "interrupted": "it was interrupted",
    "timeout": "it ran into its time limit",
    "died": "it was running when its process died",
    "open": "it was still running",
}
"""Why a cell is not run again, by how it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A cell of the notebook. `main`: it is in the notebook's own language, not in `language` beside it.

    `outputs` are the recorded ones in nbformat's form, None if the cell was never run; `fails`: it ended in an error.
    `inputs` is typed when it asks. `left_out` says why it is not to be run, empty if it is.
    """

    id: str
    language: str
    code: str
    main: bool = True
    outputs: tuple[Json, ...] | None = None
    fails: bool = False
    inputs: tuple[str | None, ...] = ()
    left_out: str = ""


def plan(document: Json) -> tuple[Planned, ...]:
    """The code of `document` in order, with what is left out."""
    main = language(document) or "python"
    return tuple(
        _planned(cell, main)
        for cell in document["cells"]
        if cell["source"].strip() and (cell["cell_type"] == "code" or ours(cell).get("role") == "code")
    )


def _planned(cell: Json, main: str) -> Planned:
    about = ours(cell)
    written, code = code_of(cell, main)
    ran = cell["cell_type"] == "code" and (bool(about) or cell["outputs"] or cell["execution_count"] is not None)
    return Planned(
        id=cell["id"],
        language=written,
        code=code if cell["cell_type"] == "code" else str(about.get("proposed", code)),
        main=written == main,
        outputs=tuple(cell["outputs"]) if ran else None,
        fails=about.get("status") == "error" or any(it["output_type"] == "error" for it in cell.get("outputs", ())),
        inputs=tuple(about.get("inputs", ())),
        left_out=_why_not(cell, about),
    )


def _why_not(cell: Json, about: Mapping[str, Any]) -> str:
    if about.get("status") in _LEFT_OUT:
        return _LEFT_OUT[about["status"]]
    if cell["cell_type"] != "code":
        return "a notebook in another language cannot hold it"
    return f"it is tagged {SKIP!r}" if SKIP in cell["metadata"].get("tags", ()) else ""
