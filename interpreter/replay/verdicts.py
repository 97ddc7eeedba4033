"""What is said of each cell that ran again, and of all: reproducible or not, and why. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from interpreter.replay.causes import Suspicion
from interpreter.replay.comparison import Comparison, Difference, compare
from interpreter.replay.execution import Ran
from interpreter.replay.plan import Planned

Finding: TypeAlias = Literal["same", "apart", "differs", "not compared"]
"""The same; the same apart from what is no result; another result; or nothing there to compare with."""


_NEVER_RUN = "it was never run in the notebook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """On one cell. `why`: what was set aside, what may be behind a difference, or why there was nothing to compare."""

    cell: str
    language: str
    finding: Finding
    why: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()


class Judge:
    """Gives its verdicts in the order of the notebook; the cells before a cell say what may be behind it."""

    def __init__(self) -> None:
        self._suspicion = Suspicion()

    def left_out(self, cell: Planned) -> Verdict:
        """On a cell that is not run again."""
        return Verdict(cell=cell.id, language=cell.language, finding="not compared", why=(cell.left_out,))

    def ran(self, ran: Ran) -> Verdict:
        """On a cell that ran again."""
        cell = ran.cell
        causes = self._suspicion.causes(cell.id, cell.code) if cell.language == "python" else ()
        if cell.outputs is None:
            return Verdict(cell=cell.id, language=cell.language, finding="not compared", why=(_NEVER_RUN,))
        found = compare(cell.outputs, ran.outputs)
        differences = found.differences
        if not differences and ran.unexpected:
            differences = (Difference(what="end", recorded="ok", now=ran.status),)
        if differences:
            found = Comparison(differences=differences)
            why = causes or _order(differences)
        else:
            why = found.apart
        finding: Finding = "differs" if differences else "apart" if why else "same"
        return Verdict(cell=cell.id, language=cell.language, finding=finding, why=why, differences=differences)


def reproducible(verdicts: Sequence[Verdict]) -> bool:
    """Whether no cell brought another result."""
    return not any(verdict.finding == "differs" for verdict in verdicts)


def as_json(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The whole report as plain values."""
    return {"reproducible": reproducible(verdicts), "cells": [asdict(verdict) for verdict in verdicts]}


def _order(differences: Sequence[Difference]) -> tuple[str, ...]:
    """The cause that shows in the outputs themselves: the same pieces in another order."""
    moved = all(sorted(_pieces(it.recorded)) == sorted(_pieces(it.now)) for it in differences)
    return ("the same in another order, as of a set",) if moved else ()


def _pieces(text: str) -> list[str]:
    return text.replace(",", " ").replace("{", " ").replace("}", " ").split()
