"""Limits that really stop a turn, checked before each request. Pure functions over the history."""

from __future__ import annotations

from dataclasses import dataclass

from interpreter.events import TurnReason
from interpreter.history import History, Prompt, RejectedCall, Reply

UNREADABLE_CALLS = 2
"""How many unreadable calls in a row go back to the model before the turn fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`max_steps` requests a turn; `max_cost` USD a session, None without bound."""

    max_steps: int = 50
    max_cost: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A limit that was reached: the turn's reason and one line for the user."""

    reason: TurnReason
    words: str


def reached(limits: Limits, history: History, step: int) -> Reached | None:
    """The limit that forbids request number `step` of this turn, None if there is none."""
    if step > limits.max_steps:
        words = f"Stopped after {limits.max_steps} steps (--max-steps). What was done is kept."
        return Reached(reason="step_limit", words=words)
    if limits.max_cost is not None and history.spent.cost >= limits.max_cost:
        words = f"Stopped: this session has cost ${history.spent.cost:.4f} of ${limits.max_cost:.4f} (--max-cost)."
        return Reached(reason="budget", words=words)
    if _unreadable(history) > UNREADABLE_CALLS:
        words = f"The model wrote {UNREADABLE_CALLS + 1} unreadable calls in a row. Ask again, or try --protocol text."
        return Reached(reason="failed", words=words)
    return None


def _unreadable(history: History) -> int:
    """How many of this turn's last replies held nothing but unreadable calls."""
    count = 0
    for entry in reversed(history.entries):
        if isinstance(entry, Prompt):
            break
        if isinstance(entry, Reply):
            if not entry.calls or not all(isinstance(call, RejectedCall) for call in entry.calls):
                break
            count += 1
    return count
