"""Sessions as events, told by hand, and tiny pictures. Asserts nothing."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

from interpreter import events as e
from interpreter.notebooks.outputs import RAISED

STARTED = e.SessionStarted(session="261001-120000", model="acme/large")


def cell(
    identity: str,
    code: str,
    *outputs: e.Output | e.OutputCleared,
    language: str = "python",
    status: e.CellStatus = "ok",
    by: e.Author = "model",
    seconds: float = 0.5,
) -> list[e.Event]:
    """A cell that ran."""
    return [
        e.CodeProposed(cell=identity, language=language, code=code, by=by),
        e.CodeDecided(cell=identity, decision="run", code=code, by="always"),
        *outputs,
        e.CodeFinished(cell=identity, status=status, seconds=seconds),
    ]


def step(number: int, text: str = "", *cells: Sequence[e.Event]) -> list[e.Event]:
    """One reply of the model and what became of its cells."""
    return [
        e.StepStarted(step=number, model="acme/large", protocol="tools"),
        *([e.Text(text=text)] if text else []),
        *(event for events in cells for event in events),
    ]


def turn(prompt: str, *steps: Sequence[e.Event], reason: e.TurnReason = "done") -> list[e.Event]:
    """One turn."""
    return [
        e.TurnStarted(prompt=prompt),
        *(event for events in steps for event in events),
        e.TurnFinished(reason=reason),
    ]


def printed(identity: str, text: str, kind: e.OutputKind = "stdout") -> e.Output:
    """A piece of a stream."""
    return e.Output(cell=identity, kind=kind, data={"text/plain": text})


def raised(identity: str, name: str, value: str) -> e.Output:
    """An exception."""
    told = f"Traceback (most recent call last)\n{name}: {value}"
    return e.Output(cell=identity, kind="error", data={"text/plain": told, RAISED: {"ename": name, "evalue": value}})


def png(*colours: tuple[int, int, int], comment: str = "") -> str:
    """A row of pixels as a PNG in base64, `comment` in its metadata."""
    row = b"\0" + bytes(value for colour in colours for value in colour)
    header = struct.pack(">IIBBBBB", len(colours), 1, 8, 2, 0, 0, 0)
    words = (_chunk(b"tEXt", b"Comment\0" + comment.encode()),) if comment else ()
    chunks = (_chunk(b"IHDR", header), *words, _chunk(b"IDAT", zlib.compress(row)), _chunk(b"IEND", b""))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(chunks)).decode()


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
