"""Whether what runs in the foreground of a terminal waits for a line from a person. Looks; touches nothing."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeAlias

from interpreter.runners import processes
from interpreter.runners.terminal import Terminal

Waiting: TypeAlias = Literal["yes", "no", "maybe"]

_PROC = Path("/proc")
_READ = {"x86_64": "0", "aarch64": "63"}
"""The number of the system call `read`."""
_POLLS = {
    "x86_64": frozenset({"7", "23", "232", "270", "271", "281"}),
    "aarch64": frozenset({"22", "72", "73"}),
}
"""The numbers of those that wait for any of several files."""
_QUESTION = re.compile(r"[?:>\])$#%] ?$")
_HIDDEN = re.compile(r"pass(?:word|phrase|code)|secret|token|api.?key|\bpin\b", re.IGNORECASE)
PATIENCE = 2.0
"""Seconds of silence after which the begin of a line that looks like a question is taken for one."""


def waiting(terminal: Terminal) -> Waiting:
    """`yes` if somebody is known to read the terminal, `no` if nobody does, `maybe` where the system does not tell."""
    if not (_PROC / "self" / "syscall").exists() or platform.machine() not in _READ:
        return "maybe"
    answers = {_reads(task) for pid in processes.group(terminal.foreground) for task in _tasks(pid)}
    return "yes" if "yes" in answers else "maybe" if "maybe" in answers else "no"


def is_question(terminal: Terminal, line: str, silence: float) -> bool:
    """Whether silence after `line` means that an answer is waited for."""
    match waiting(terminal):
        case "yes":
            return True
        case "no":
            return False
        case "maybe":
            hidden = terminal.by_lines and not terminal.echoes
            return silence >= PATIENCE and (hidden or _QUESTION.search(line) is not None)


def is_secret(terminal: Terminal, prompt: str) -> bool:
    """Whether what is typed must not be seen, nor kept. Who draws an own line to be edited turns the echo off for that;
    who asks for a password may have forgotten to.
    """
    return _HIDDEN.search(prompt) is not None or (terminal.by_lines and not terminal.echoes)


def program(terminal: Terminal) -> str:
    """The name of what runs in the foreground, as far as the system tells."""
    try:
        return (_PROC / str(terminal.foreground) / "comm").read_text().strip()
    except OSError:
        return "The program"


def _tasks(pid: int) -> Iterator[Path]:
    try:
        yield from (_PROC / str(pid) / "task").iterdir()
    except OSError:
        return


def _reads(task: Path) -> Waiting:
    """What one thread does: the first words of `syscall` are its number and the file it reads."""
    machine = platform.machine()
    try:
        call, first, *_ = (*(task / "syscall").read_text().split(), "", "")
        if call in _POLLS[machine]:
            return "maybe"
        if call != _READ[machine]:
            return "no"
        return (
            "yes" if str((task / "fd" / str(int(first, 16))).readlink()).startswith(("/dev/pts/", "/dev/tty")) else "no"
        )
    except PermissionError:
        return "maybe"
    except (OSError, ValueError):
        return "no"
