"""Room in the model's window: how full it is, and what is no longer sent when it is nearly full. Pure.

Room is made rarely and in big steps, since each step changes the beginning of the conversation, which providers cache:
first old outputs are sent as a few lines, then the oldest turns are left out as wholes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace

from interpreter.events import HistoryTrimmed
from interpreter.history import History
from interpreter.protocols.sizes import LETTERS, letters
from interpreter.seams import CallProtocol

_NEAR = 0.8  # of the window: the reply needs some of it, and the estimate is no count
_GOAL = 0.5
_LEAST = 0.95  # of the size before: less of a change is not worth it


def needed(history: History, protocol: CallProtocol, window: int | None) -> HistoryTrimmed | None:
    """What must go before the next request, None if there is room enough or the window is not known."""
    if window is None:
        return None
    tokens = estimate(history, protocol)
    if tokens <= _NEAR * window:
        return None
    return _made(history, protocol, tokens, window, f"The conversation nearly fills the {window} tokens of the model")


def refused(history: History, protocol: CallProtocol, window: int | None) -> HistoryTrimmed | None:
    """What must go after the endpoint refused `history` as too long, None if nothing can."""
    tokens = max(estimate(history, protocol), window or 0)
    return _made(history, protocol, tokens, window or tokens, "The conversation is longer than the model takes")


def wished(history: History, protocol: CallProtocol) -> HistoryTrimmed | None:
    """What goes when the user wants the conversation shorter, None if nothing can."""
    tokens = estimate(history, protocol)
    return _made(history, protocol, tokens, tokens, "As you wished")


def estimate(history: History, protocol: CallProtocol) -> int:
    """About how many tokens `history` is: the provider's latest count, and a quarter of the letters that are new."""
    counted, size = history.counted, letters(protocol.request(history))
    if counted is None:
        return size // LETTERS
    known = replace(history, entries=history.entries[: counted.entries])
    return counted.tokens + (size - letters(protocol.request(known))) // LETTERS


def _made(history: History, protocol: CallProtocol, tokens: int, window: int, reason: str) -> HistoryTrimmed | None:
    """The first candidate that leaves much room or, in need, any room; else the shortest, if it is any shorter."""

    def size(candidate: History) -> int:
        return letters(protocol.request(candidate))

    before = size(history)
    whole = window * before / max(tokens, 1)
    old = list(_of_old_turns(history))
    first = bisect_left(old, 1, key=lambda candidate: size(candidate) <= _GOAL * whole)
    in_need = [old[-1], *_of_the_present_turn(old[-1])]
    fitting = (candidate for candidate in in_need if size(candidate) <= _NEAR * whole)
    chosen = old[first] if first < len(old) else next(fitting, in_need[-1])
    if size(chosen) > _LEAST * before:
        return None
    went = f"{reason}: {_what_went(history, chosen)}."
    return HistoryTrimmed(reason=went, dropped=chosen.dropped, shortened=chosen.shortened)


def _what_went(before: History, after: History) -> str:
    went = []
    if after.shortened > before.shortened:
        went.append("older outputs are now sent as a few lines")
    if after.dropped > before.dropped:
        went.append(f"the oldest {after.dropped} of {after.turns} turns are no longer sent")
    return ", and ".join(went)


def _of_old_turns(history: History) -> Iterator[History]:
    """Ever shorter forms of `history`: without the outputs of old turns, then without ever more of those turns."""
    before = max(history.turns - 1, 0)
    shorter = replace(history, shortened=max(history.shortened, before))
    yield shorter
    for dropped in range(history.dropped + 1, before + 1):
        yield replace(shorter, dropped=dropped)


def _of_the_present_turn(history: History) -> Iterator[History]:
    """Still shorter: without its outputs but the latest, then without that, which the model has not seen yet."""
    for shortened in (history.turns, history.turns + 1):
        yield replace(history, shortened=max(history.shortened, shortened))
