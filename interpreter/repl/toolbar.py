"""The line under the prompt: model, protocol, tokens, cost and kernel, from facts that are already known."""

from __future__ import annotations

from collections.abc import Sequence

from interpreter.history import Spent
from interpreter.renderers.sanitize import clean_line


def toolbar(*, model: str, protocol: str, spent: Spent, states: Sequence[str], width: int) -> str:
    """As many of the facts, the most useful first, as fit into `width` columns."""
    facts = [clean_line(model), protocol, *tokens(spent), *states]
    line = ""
    for fact in filter(None, facts):
        longer = f"{line} · {fact}" if line else fact
        if len(longer) > width - 2:
            break
        line = longer
    return line


def tokens(spent: Spent) -> tuple[str, ...]:
    """What the session took so far; nothing where no request was made."""
    if not spent.requests:
        return ()
    cost = f"${spent.cost:.4f}" if 0 < spent.cost < 0.1 else f"${spent.cost:.2f}" if spent.cost else ""
    return (f"{short(spent.tokens_in)} in, {short(spent.tokens_out)} out", cost)


def short(number: int) -> str:
    """A count of tokens in a few characters."""
    if number < 1000:
        return str(number)
    return (
        f"{number / 1000:.1f}k"
        if number < 100_000
        else f"{number / 1000:.0f}k"
        if number < 10**6
        else f"{number / 10**6:.1f}M"
    )
