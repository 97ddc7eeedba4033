"""Hosts that need no person: one that runs everything, one that runs nothing."""

from __future__ import annotations

from interpreter import events as e
from interpreter.seams import Decision, Proposal


class AutoRun:
    """Runs every cell: the user said so (`--yes`, `auto_run=True`). Nobody answers an `input()` or a caution."""

    async def decide(self, proposal: Proposal) -> Decision:
        """Run, unless a person should look."""
        if proposal.caution:
            return Decision(choice="declined", by="auto")
        return Decision(choice="run", code=proposal.code, by="auto")

    async def read_line(self, request: e.InputRequested) -> str | None:
        """Nobody is there."""
        return None


class Decline:
    """Runs nothing: nobody can be asked. The model is told nothing more, so the turn ends."""

    async def decide(self, proposal: Proposal) -> Decision:
        """Always decline."""
        return Decision(choice="declined", by="auto")

    async def read_line(self, request: e.InputRequested) -> str | None:
        """Nobody is there."""
        return None
