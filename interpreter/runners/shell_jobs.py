"""The background jobs of a shell, read from what its `jobs -l` said and from what the system says now."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from interpreter.runners import processes

_LINE = re.compile(
    r"\[(?P<id>\d+)\]\s*[-+]?\s+(?P<pid>\d+)\s+\w+(?: \([^)]*\))?\s+(?P<command>\S.*?)(?: &)?(?:\s+\(wd: .*\))?$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A command that goes on behind its cell; `kill %ID` in a later cell ends it."""

    id: int
    pid: int
    command: str
    state: Literal["running", "stopped"]


def alive(lines: Iterable[str]) -> tuple[Job, ...]:
    """The jobs of those lines that are still there."""
    found = []
    for match in map(_LINE.match, lines):
        state = processes.state(int(match["pid"])) if match else "gone"
        if match and state != "gone":
            found.append(Job(id=int(match["id"]), pid=int(match["pid"]), command=match["command"], state=state))
    return tuple(found)
