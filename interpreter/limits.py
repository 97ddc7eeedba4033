"""Limits that really stop a turn, checked before each request. Pure functions over the history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from interpreter.events import TurnReason
from interpreter.history import History, Prompt, RejectedCall, Reply, Spent

UNREADABLE_CALLS = 2
"""How many unreadable calls in a row go back to the model before the turn fails."""

WARNING = 0.8
"""The part of the cost limit at which the user is warned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`max_steps` requests a turn; `max_cost` USD a session, None without bound."""

    max_steps: int = 50
    max_cost: float | None = None


class LimitReached(Exception):
    """The turn must end for `reason`; the text is one line for the user. Never shown as an error."""

    def __init__(self, reason: TurnReason, words: str) -> None:
        super().__init__(words)
        self.reason: TurnReason = reason


def check(limits: Limits, history: History, step: int) -> None:
    """Raise `LimitReached` if a limit forbids request number `step` of this turn."""
    if step > limits.max_steps:
        words = f"Stopped after {limits.max_steps} steps (--max-steps). What was done is kept."
        raise LimitReached("step_limit", words)
    if limits.max_cost is not None and history.spent.cost >= limits.max_cost:
        words = f"Stopped: this session has cost ${history.spent.cost:.4f} of ${limits.max_cost:.4f} (--max-cost)."
        raise LimitReached("budget", words)
    if _unreadable(history) > UNREADABLE_CALLS:
        words = f"The model wrote {UNREADABLE_CALLS + 1} unreadable calls in a row. Ask again, or try --protocol text."
        raise LimitReached("failed", words)


def warnings(limits: Limits, before: Spent, after: Spent) -> Iterator[str]:
    """What the user should know of the cost limit, now that `after` and no longer `before` was spent."""
    if limits.max_cost is None:
        return
    if before.cost < WARNING * limits.max_cost <= after.cost < limits.max_cost:
        yield f"This session has cost ${after.cost:.4f} of ${limits.max_cost:.4f} (--max-cost)."
    if after.unpriced and not before.unpriced:
        yield "The price of this model is not known, so --max-cost cannot count its requests."


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
