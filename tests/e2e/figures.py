"""The figures of the end-to-end suite, by kind, as a table for the README. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from tests.e2e.outcome import Outcome
from tests.e2e.requests import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One request, whether it was met, what came, and how long that took."""

    request: Request
    met: bool
    outcome: Outcome
    seconds: float


FIGURES = pytest.StashKey[list[Figure]]()
"""Where a run of pytest collects them."""


def table(figures: Sequence[Figure]) -> Iterator[str]:
    """A row a kind, and below them each request that was not met."""
    yield "| kind | met | of | with an error on the way | seconds each |"
    yield "|---|--:|--:|--:|--:|"
    for kind in dict.fromkeys(figure.request.kind for figure in figures):
        yield _row(kind, [figure for figure in figures if figure.request.kind == kind])
    yield _row("all", figures)
    for figure in figures:
        if not figure.met:
            yield f"not met: {figure.request.ask} ({figure.outcome.ended}) {figure.outcome.answer[:200]!r}"


def _row(kind: str, figures: Sequence[Figure]) -> str:
    errors = sum(figure.outcome.failures > 0 for figure in figures)
    seconds = sum(figure.seconds for figure in figures) / len(figures)
    return f"| {kind} | {sum(figure.met for figure in figures)} | {len(figures)} | {errors} | {seconds:.0f} |"
