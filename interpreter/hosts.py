"""Hosts that need no person: one that runs everything, one that runs nothing."""

from __future__ import annotations

from interpreter import events as e
from interpreter.seams import Decision


class AutoRun:
    """Runs every cell: the user said so (`--yes`, `auto_run=True`). Nobody answers an `input()`."""

    async def decide(self, proposal: e.CodeProposed) -> Decision:
        """Always run."""
        return Decision(choice="run", code=proposal.code)

    async def read_line(self, request: e.InputRequested) -> str | None:
        """Nobody is there."""
        return None


class Decline:
    """Runs nothing: nobody can be asked. The model is told nothing more, so the turn ends."""

    async def decide(self, proposal: e.CodeProposed) -> Decision:
        """Always decline."""
        return Decision(choice="declined")

    async def read_line(self, request: e.InputRequested) -> str | None:
        """Nobody is there."""
        return None
