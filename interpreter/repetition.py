"""Notices a model that goes round in circles: the same code or error, with the same result, again and again. Pure."""

from __future__ import annotations

import re

from interpreter.history import Cell, History, Prompt, Reply
from interpreter.protocols import content

TIMES = 3
"""How often in a row the same must have happened before a person is asked."""

_POLLS = re.compile(r"sleep|wait|poll|timeout|watch", re.IGNORECASE)
_VOLATILE = re.compile(r"0x[0-9a-f]+|In ?\[\d+\]|ipykernel_\d+/\d+|<ipython-input-[^>]*>", re.IGNORECASE)


def caution(history: History, proposed: Cell) -> str:
    """Why a person should look before `proposed` runs, empty if nobody must.

    Code that waits for something may run as often as it likes, and so may code whose result changes.
    """
    last = _tried(history)[-TIMES:]
    if len(last) < TIMES or len({_result(cell) for cell in last}) > 1:
        return ""
    if all(cell.refused for cell in last):
        busy = any(cell.language == proposed.language for cell in history.background)
        return f"The last {TIMES} pieces of code were not run, since {proposed.language} is busy." if busy else ""
    if {cell.code.strip() for cell in last} == {proposed.proposed.strip()}:
        return "" if _POLLS.search(proposed.proposed) else f"This code ran {TIMES} times with the same result."
    if all(cell.status == "error" for cell in last):
        return f"The last {TIMES} pieces of code ended in the same error."
    return ""


def _tried(history: History) -> list[Cell]:
    """The model's cells of this turn that ran, or were refused since their language was busy, in order."""
    replies: list[Reply] = [history.open] if isinstance(history.open, Reply) else []
    for entry in reversed(history.entries):
        if isinstance(entry, Prompt):
            break
        if isinstance(entry, Reply):
            replies.insert(0, entry)
    cells = [call for reply in replies for call in reply.calls if isinstance(call, Cell)]
    return [cell for cell in cells if cell.ran or cell.refused]


def _result(cell: Cell) -> tuple[str, str]:
    told = content.result(cell, head=20_000, tail=20_000)
    return str(cell.status), _VOLATILE.sub("", told)
