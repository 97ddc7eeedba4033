"""Waiting: for an event no longer than so long, for a task's end, for what ends a cell. A part of runners."""

from __future__ import annotations

import asyncio
import contextlib

from interpreter.events import CellStatus
from interpreter.stop import Stop

BEAT = 1 / 30
"""Seconds between two pieces of output while it floods."""
PROMISED = 0.6
"""Seconds after a stop in which a cell ends for its consumer, whatever its code does."""


async def within(event: asyncio.Event, seconds: float) -> bool:
    """Whether `event` is set, waiting for it no longer than that."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()


async def ended(task: asyncio.Task[None]) -> None:
    """Return when `task` is done; giving up the wait does not stop it."""
    await asyncio.wait({task})


async def wanted_end(flooded: asyncio.Event, stop: Stop, timeout: float | None) -> CellStatus:
    """Return when there is a reason to end the cell: the status that follows. `flooded`: it prints too much."""
    reasons = [asyncio.ensure_future(event.wait()) for event in (stop, flooded)]
    try:
        await asyncio.wait(reasons, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        return "interrupted" if stop.is_set else "error" if flooded.is_set() else "timeout"
    finally:
        for reason in reasons:
            reason.cancel()
        await asyncio.gather(*reasons, return_exceptions=True)
