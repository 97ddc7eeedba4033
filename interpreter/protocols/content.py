"""A cell's outputs as the model sees them: head and tail within a budget, no escape codes, pictures apart. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from interpreter import events as e
from interpreter.history import Cell

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # control sequences (ECMA-48 CSI), colours among them
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"  # strings: titles, clipboard, device control
    r"|\x1b[ -/]*[0-~]"
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]",
    re.DOTALL,
)
_REWRITTEN = re.compile(r"^[^\n]*\r(?=[^\n])", re.MULTILINE)
_PICTURES = ("image/png", "image/jpeg")
_READABLE = ("text/plain", "text/markdown", "text/latex", "application/json", "text/html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture for a model that sees: its media type and base64 data."""

    media_type: str
    data: str


def clean(text: str) -> str:
    """`text` without escape codes, each line as a carriage return left it."""
    text = text.replace("\r\n", "\n")
    if "\r" in text:
        text = _REWRITTEN.sub("", text).replace("\r", "")
    return _ESCAPES.sub("", text) if _ESCAPES.search(text) else text


def shorten(text: str, head: int, tail: int) -> str:
    """The first `head` and last `tail` characters of `text`, and between them how many were left out."""
    left_out = len(text) - head - tail
    if left_out <= 0:
        return text
    return f"{text[:head]}\n[… {left_out} characters left out …]\n{text[len(text) - tail :]}"


def result(cell: Cell, *, head: int, tail: int) -> str:
    """What the model is told of `cell`; never empty."""
    match cell.status:
        case "declined":
            return "The user declined to run this code." + (f" They said: {cell.note}" if cell.note else "")
        case "skipped" | None:
            return f"This code was not run. {cell.note}".rstrip()
        case _:
            pass
    parts = [_edited(cell), shorten(clean(_outputs(cell)).strip("\n"), head, tail), *_files(cell), _ending(cell)]
    return "\n".join(part for part in parts if part) or "(The code ran and printed nothing.)"


def pictures(cell: Cell) -> tuple[Picture, ...]:
    """The pictures among the outputs of `cell`, in order."""
    return tuple(
        Picture(media_type=kind, data=data)
        for output in cell.outputs
        for kind, data in output.data.items()
        if kind in _PICTURES and isinstance(data, str)
    )


def _edited(cell: Cell) -> str:
    if cell.decision != "edited":
        return ""
    return f"The user changed the code before it ran. What ran:\n{cell.code}\n\nIts output:"


def _outputs(cell: Cell) -> str:
    """Streams run together as they came; values and errors start on a line of their own."""
    text = ""
    for output in cell.outputs:
        piece = _plain(output)
        if output.kind not in ("stdout", "stderr"):
            text += "" if not text or text.endswith("\n") else "\n"
            piece += "" if piece.endswith("\n") else "\n"
        text += piece
    return text


def _plain(output: e.Output) -> str:
    for kind in _READABLE:
        value = output.data.get(kind)
        if value is not None:
            return value if isinstance(value, str) else repr(value)
    return f"[{', '.join(output.data)}]" if output.data else ""


def _files(cell: Cell) -> list[str]:
    files: list[str] = []
    for output in cell.outputs:
        if output.file and f"[kept in {output.file}]" not in files:
            files.append(f"[kept in {output.file}]")
    return files


def _ending(cell: Cell) -> str:
    match cell.status:
        case "interrupted":
            return "[The user interrupted the code here.]"
        case "timeout":
            return f"[The code was stopped at the time limit, after {cell.seconds:.0f} s.]"
        case "died":
            return "[The process that ran the code died. Its variables are gone; effects on files may remain.]"
        case "detached":
            return (
                f"[The code runs on in the background, as cell {cell.id}; you will be told when it ends. "
                f"Until then {cell.language} takes no other code.]"
            )
        case _:
            return ""
