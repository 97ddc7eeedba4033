"""Waiting for an event, but no longer than so long. A part of runners."""

from __future__ import annotations

import asyncio
import contextlib


async def within(event: asyncio.Event, seconds: float) -> bool:
    """Whether `event` is set, waiting for it no longer than that."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):  # wait_for of Python 3.11 forgets a cancellation beside a result
            await event.wait()
    return event.is_set()
