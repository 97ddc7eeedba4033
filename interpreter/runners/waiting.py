"""Waiting for an event, but no longer than so long. A part of runners."""

from __future__ import annotations

import asyncio
import contextlib


async def within(event: asyncio.Event, seconds: float) -> bool:
    """Whether `event` is set, waiting for it no longer than that."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()
