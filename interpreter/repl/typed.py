"""What a line at the prompt means: a message, a command, shell or kernel code. Does none of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from interpreter.paths import written

_COMMAND = re.compile(r"[/%](\?|[A-Za-z][\w-]*)(?:\s+(.*))?", re.DOTALL)
_ATTACHED = re.compile(r"""(?<!\S)@(?:"([^"]+)"|'([^']+)'|(\S+))""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Words for the model, and the files named in them that exist."""

    text: str
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """The user's own cell: `!line` for the shell, `> code` for the kernel (`language` is "")."""

    language: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`/name rest` or `%name rest`."""

    name: str
    rest: str


Typed: TypeAlias = Message | Code | Command


def read(text: str, folder: Path) -> Typed | None:
    """What `text` means in `folder`; None if it says nothing. A path such as `/etc/hosts is odd` is a message."""
    stripped = text.strip()
    if not stripped:
        return None
    if stripped.startswith("%%"):
        return Code(language="shell", code=stripped[2:].strip())
    if stripped.startswith("!"):
        return Code(language="shell", code=stripped[1:].strip())
    if stripped.startswith(">"):
        return Code(language="", code=_unquoted(text.lstrip()))
    command = _COMMAND.fullmatch(stripped)
    if command is not None:
        return Command(name=command[1].lower(), rest=(command[2] or "").strip())
    return Message(text=stripped, files=files(stripped, folder))


def files(text: str, folder: Path) -> tuple[Path, ...]:
    """The files that `@path` in `text` names, each once; an `@name` that is no file is only a word."""
    found: dict[Path, None] = {}
    for match in _ATTACHED.finditer(text):
        name = match[1] or match[2] or match[3]
        for candidate in (name, name.rstrip(".,;:!?)")):
            path = folder / written(candidate)
            if path.exists():
                found[path] = None
                break
    return tuple(found)


def _unquoted(text: str) -> str:
    """Code without the `>` (or `>>>`) before it, on the first line or, as in a quotation, on each."""
    mark = ">>>" if text.startswith(">>>") else ">"
    lines = text.splitlines()
    if all(line.startswith(mark) or (mark == ">>>" and line.startswith("...")) for line in lines):
        return "\n".join(line[len(mark) :].removeprefix(" ") for line in lines).strip("\n")
    return "\n".join([lines[0][len(mark) :].removeprefix(" "), *lines[1:]]).strip("\n")
