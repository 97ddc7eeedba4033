"""A notebook as a file: encoded as Jupyter does, and written whole or not at all. Knows nothing of sessions."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from interpreter.errors import StorageError, UsageError
from interpreter.notebooks.document import Json


def encoded(document: Json) -> bytes:
    """`document` as the bytes of a file."""
    return assembled(map(encoded_cell, document["cells"]), {key: document[key] for key in document if key != "cells"})


def encoded_cell(cell: Json) -> str:
    """One cell as JSON; texts are lists of lines, so that a difference between two versions is readable."""
    lined = {**cell, "source": _lines(cell["source"])}
    if "outputs" in cell:
        lined["outputs"] = [_lined(output) for output in cell["outputs"]]
    return json.dumps(lined, indent=1, ensure_ascii=False, default=str)


def assembled(cells: Iterable[str], frame: Json) -> bytes:
    """The bytes of a file with `cells`, each as `encoded_cell` has it, and the rest of the document."""
    rest = json.dumps(frame, indent=1, ensure_ascii=False)
    text = '{\n"cells": [\n' + ",\n".join(cells) + "\n]," + rest[1:] + "\n"
    return text.encode(errors="backslashreplace")


def write(path: Path, content: bytes) -> None:
    """Write `content` to `path`, for its owner alone, in one step: a reader sees the old file or the new one.

    It is not synced: after a power cut it can be made again from the journal. Raises `OSError`.
    """
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise


def save(path: Path, document: Json) -> None:
    """`document` at `path`. Raises `StorageError`."""
    try:
        write(path, encoded(document))
    except OSError as error:
        raise StorageError(f"Cannot write {path}: {error.strerror or error}.") from error


def load(path: Path) -> Json:
    """The notebook at `path` as nbformat 4.5, whatever version it was written in; texts are whole.

    Raises `UsageError` if it cannot be read or is no notebook.
    """
    import warnings

    import nbformat

    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"Cannot read the notebook {path}: {getattr(error, 'strerror', None) or error}.") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ids that old versions lack are given below
            notebook = _version_4(text)
            _complete(notebook)
            nbformat.validate(notebook)
    except (
        nbformat.ValidationError,
        ValueError,
        AttributeError,
        LookupError,
        TypeError,
        AssertionError,
        ImportError,
        NameError,
        RecursionError,
    ) as error:  # whatever nbformat stumbles over: it checks a notebook only after it has converted it
        why = str(error).partition("\n")[0][:200] or "it is damaged"
        raise UsageError(f"{path} is not a Jupyter notebook that can be read: {why}") from error
    return notebook


def _version_4(text: str) -> Json:
    """The notebook of any version, as plain values of version 4."""
    import nbformat

    reads: Any = nbformat.reads
    convert: Any = nbformat.convert
    node = reads(text, as_version=nbformat.NO_CONVERT)
    told = json.dumps(convert(node, 4) if node.nbformat < 4 else node, ensure_ascii=False)
    plain: Json = json.loads(told.encode(errors="replace"))  # halves of characters, which nothing can write
    return plain


def _complete(notebook: Json) -> None:
    """What nbformat 4.5 asks for and older notebooks lack; lines of text become one."""
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5
    notebook.setdefault("metadata", {})
    used = {cell.get("id") for cell in notebook["cells"]}
    for number, cell in enumerate(notebook["cells"], 1):
        if "id" not in cell:
            cell["id"] = f"cell-{number}" if f"cell-{number}" not in used else f"cell-{number}-without-id"
        cell["source"] = _joined(cell["source"])
        for output in cell.get("outputs", ()):
            if "text" in output:
                output["text"] = _joined(output["text"])
            if "data" in output:
                output["data"] = {
                    kind: value if "json" in kind else _joined(value) for kind, value in output["data"].items()
                }


def _joined(value: Any) -> Any:
    return "".join(value) if isinstance(value, list) else value


def _lined(output: Json) -> Json:
    if "text" in output:
        return {**output, "text": _lines(output["text"])}
    if "data" not in output:
        return output
    data = {
        kind: _lines(value) if kind.startswith("text/") or kind.endswith("+xml") else value
        for kind, value in output["data"].items()
    }
    return {**output, "data": data}


def _lines(text: Any) -> Any:
    """As nbformat splits: at every line end that Python knows."""
    return text.splitlines(keepends=True) if isinstance(text, str) else text
