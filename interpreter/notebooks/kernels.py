"""The kernel that a notebook names: the session's own Python, or a kernelspec with what is known of it here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from interpreter.notebooks.document import NotebookKernel
from interpreter.runners.kernelspecs import installed


def notebook_kernel(name: str | None, python: str, folders: Iterable[Path]) -> NotebookKernel:
    """For the kernelspec `name`, looked for in Jupyter's data `folders`, or for the program `python` without one."""
    if name is None:
        return NotebookKernel(python=python)
    for file in (file for folder in folders for file in sorted(folder.glob("kernels/*/kernel.json"))):
        if file.parent.name.lower() != name.lower():
            continue
        try:
            spec = json.loads(file.read_bytes())
            return NotebookKernel(name=name, display_name=spec["display_name"], language=spec["language"].lower())
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return NotebookKernel(name=name, display_name=name)


def kernel_of(language: str, folders: Iterable[Path]) -> NotebookKernel | None:
    """The first kernelspec of `language` in Jupyter's data `folders`; None if there is none."""
    folders = tuple(folders)
    name = next((spec.name for spec in installed(folders) if spec.language == language), None)
    return None if name is None else notebook_kernel(name, "", folders)
