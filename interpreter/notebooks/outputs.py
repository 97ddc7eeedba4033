"""A cell's outputs in nbformat's form, and back. Reads no file but pictures that were too large for an event."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from interpreter import events as e
from interpreter.protocols.content import clean

RAISED = "application/vnd.jupyter.error"
"""Where an error event keeps the exception's name and value."""
_PICTURES: Mapping[str, str] = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json")


def written(outputs: Iterable[e.Output], count: int | None) -> list[dict[str, Any]]:
    """`outputs` as nbformat has them: pieces of one stream that follow each other are one."""
    result: list[dict[str, Any]] = []
    streams: list[str] = []  # the pieces of the last stream, joined once
    for output in outputs:
        if output.kind in ("stdout", "stderr"):
            if not streams or result[-1]["name"] != output.kind:
                _join(result, streams)
                result.append({"output_type": "stream", "name": output.kind})
            streams.append(text(output.data.get("text/plain", "")))
            continue
        _join(result, streams)
        result.append(_value(output, count))
    _join(result, streams)
    return result


def read(cell: str, outputs: Iterable[Mapping[str, Any]]) -> tuple[e.Output, ...]:
    """nbformat's `outputs` as events of `cell`; what is of no known kind is left out."""
    result: list[e.Output] = []
    for output in outputs:
        match output.get("output_type"):
            case "stream":
                kind: e.OutputKind = "stderr" if output.get("name") == "stderr" else "stdout"
                result.append(e.Output(cell=cell, kind=kind, data={"text/plain": text(output.get("text", ""))}))
            case "display_data" | "execute_result" as form:
                kind = "result" if form == "execute_result" else "display"
                result.append(e.Output(cell=cell, kind=kind, data=_bundle(output.get("data", {}))))
            case "error":
                result.append(e.Output(cell=cell, kind="error", data=_raised(output)))
            case _:
                pass
    return tuple(result)


def text(value: object) -> str:
    """nbformat's text, which may be a list of lines."""
    if isinstance(value, list | tuple):
        return "".join(str(line) for line in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _join(result: list[dict[str, Any]], streams: list[str]) -> None:
    if streams:
        result[-1]["text"] = "".join(streams)
        streams.clear()


def _value(output: e.Output, count: int | None) -> dict[str, Any]:
    if output.kind == "error":
        return _error(output)
    data = _bundle(output.data) | _picture(output)
    if output.kind == "result":
        return {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": count}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def _bundle(data: Mapping[str, object]) -> dict[str, Any]:
    """nbformat takes text alone, but for what is JSON by its type."""
    return {kind: value if _JSON.fullmatch(kind) else text(value) for kind, value in data.items()}


def _picture(output: e.Output) -> dict[str, str]:
    """The picture that an output names by its file alone; nothing if it is in the output, or gone."""
    kind = _PICTURES.get(Path(output.file).suffix) if output.file else None
    if kind is None or kind in output.data or output.file is None:
        return {}
    try:
        return {kind: base64.b64encode(Path(output.file).read_bytes()).decode()}
    except (OSError, ValueError):
        return {}


def _error(output: e.Output) -> dict[str, Any]:
    told = text(output.data.get("text/plain", ""))
    raised = output.data.get(RAISED)
    known = raised if isinstance(raised, Mapping) else {}
    name, value = known.get("ename", "Error"), known.get("evalue", told.partition("\n")[0])
    return {"output_type": "error", "ename": str(name), "evalue": str(value), "traceback": told.splitlines()}


def _raised(output: Mapping[str, Any]) -> dict[str, object]:
    name, value = str(output.get("ename", "")), str(output.get("evalue", ""))
    told = clean("\n".join(str(line) for line in output.get("traceback", ())))
    return {"text/plain": told or f"{name}: {value}", RAISED: {"ename": name, "evalue": value}}
