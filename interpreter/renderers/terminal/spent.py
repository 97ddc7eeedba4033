"""What a turn has taken so far: time, tokens, money. Adds up; draws nothing."""

from __future__ import annotations

from collections.abc import Callable

from interpreter import events as e
from interpreter.renderers import words


class Spent:
    """The sums of one turn after another."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since = clock()
        self._counts: list[e.UsageReported] = []

    def start(self) -> None:
        """A turn begins."""
        self._since = self._clock()
        self._counts.clear()

    def add(self, count: e.UsageReported) -> None:
        """One request's count."""
        self._counts.append(count)

    def seconds(self) -> float:
        """How long the turn has taken."""
        return self._clock() - self._since

    def told(self) -> str:
        """The sums in words; empty where nothing was counted."""
        if not self._counts:
            return ""
        costs = [count.cost for count in self._counts if count.cost is not None]
        return words.usage(
            sum(count.tokens_in for count in self._counts),
            sum(count.tokens_out for count in self._counts),
            sum(count.tokens_cached for count in self._counts),
            sum(costs) if costs else None,
            estimated=any(count.estimated for count in self._counts),
        )
