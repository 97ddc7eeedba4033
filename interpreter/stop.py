"""A turn's stop signal: an explicit value that is passed down, instead of task cancellation.

Whoever waits for something slow waits through `race` or `until_stopped`, so that a stop ends the wait at once and the
owner of the resource (socket, kernel, terminal) cleans up in its own `finally`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Stopped(Exception):
    """The turn was interrupted while something was being waited for. Never shown to anyone."""


class Stop:
    """Set once, from the event loop's own thread, by whoever interrupts the turn."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """Ask everything that holds this signal to end; harmless when repeated."""
        self._event.set()

    @property
    def is_set(self) -> bool:
        """Whether the turn was asked to end."""
        return self._event.is_set()

    async def wait(self) -> None:
        """Return when the signal is set."""
        await self._event.wait()


async def race(stop: Stop, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, or `Stopped` as soon as `stop` is set; `work` is then cancelled and awaited."""
    if stop.is_set:
        work.close()
        raise Stopped
    task = asyncio.ensure_future(work)
    signal = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, signal}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise Stopped
    finally:
        signal.cancel()
        if not task.done():
            task.cancel()
        await asyncio.gather(signal, task, return_exceptions=True)


async def until_stopped(stop: Stop, items: AsyncIterator[T]) -> AsyncIterator[T]:
    """The items of `items`; `Stopped` as soon as `stop` is set, between two items or while one is awaited."""

    async def following() -> T:
        return await anext(items)

    while True:
        try:
            item = await race(stop, following())
        except StopAsyncIteration:
            return
        yield item
