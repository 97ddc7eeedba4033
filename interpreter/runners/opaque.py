"""The answers of a runner that cannot be asked about its state: none. A part of runners; runs nothing itself."""

from __future__ import annotations

from interpreter.seams import Completions, Variable


class Opaque:
    """The questions of `Inspectable`, each answered with nothing."""

    @property
    def names(self) -> tuple[str, ...]:
        """None."""
        return ()

    async def variables(self) -> tuple[Variable, ...]:
        """None."""
        return ()

    async def complete(self, code: str, cursor: int) -> Completions:
        """None."""
        return Completions(matches=(), start=cursor, end=cursor)

    async def inspect(self, code: str, cursor: int) -> str:
        """Nothing."""
        return ""
