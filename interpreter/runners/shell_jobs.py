"""The background jobs of a shell, read from what its `jobs -l` said and from what the system says now."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from interpreter.runners import processes

_END = r"(?: &)?(?:\s+\(wd: .*\))?$"
_FIRST = re.compile(rf"\[(?P<id>\d+)\]\s*[-+]?\s+(?P<pid>\d+)\s+\w+(?: \([^)]*\))?\s+(?P<command>\S.*?){_END}")
_STATE = r"(?i:running|done|exit|stopped|suspended|killed|terminated)\b(?: \d+)?(?: \([^)]*\))?"
_NEXT = re.compile(rf"\s+\d+\s+(?:{_STATE}\s+)?(?P<command>\S.*?){_END}")
"""The first command of a job, and those behind it in a pipe: bash writes the `|` before each of them, others behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A command that goes on behind its cell; `kill %ID` in a later cell ends it. `pid` is its first process."""

    id: int
    pid: int
    command: str
    state: Literal["running", "stopped"]


def alive(lines: Iterable[str]) -> tuple[Job, ...]:
    """The jobs of those lines that are still there."""
    found: list[Job] = []
    gone = False
    for line in lines:
        if match := _FIRST.match(line):
            state = processes.state(int(match["pid"]))
            gone = state == "gone"
            if state != "gone":
                found.append(
                    Job(id=int(match["id"]), pid=int(match["pid"]), command=match["command"].rstrip(" |"), state=state)
                )
        elif found and not gone and (match := _NEXT.match(line)):
            found[-1] = replace(found[-1], command=f"{found[-1].command} | {match['command'].strip(' |')}")
    return tuple(sorted(found, key=lambda job: job.id))
