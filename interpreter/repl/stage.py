"""Where events are drawn: at once while a turn runs, above the prompt while somebody types. Draws nothing itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from interpreter import events as e


class Renderer(Protocol):
    """Draws events."""

    def __call__(self, event: e.Event, /) -> None:
        """Draw what is new."""

    def settle(self) -> None:
        """Leave the cursor at the start of a fresh line, with nothing to be redrawn."""

    def show(self, cell: str, language: str, code: str) -> None:
        """Draw the whole of a cell's code, as it will run; then settle."""

    def close(self) -> None:
        """Draw nothing any more."""


class Stage:
    """A consumer. `make` builds the renderer when there is first something to draw: it may be slow to import.

    `above` draws by a function over a prompt that is up, and None stands for no prompt.
    """

    def __init__(self, make: Callable[[], Renderer]) -> None:
        self.above: Callable[[Callable[[], None]], Awaitable[None]] | None = None
        self._make = make
        self._renderer: Renderer | None = None
        self._waiting: list[e.Event] = []
        self._drawing: asyncio.Task[None] | None = None

    def __call__(self, event: e.Event, /) -> None:
        """Draw `event`, soon."""
        if self.above is None:
            self._draw_waiting()
            self.renderer(event)
            return
        self._waiting.append(event)
        if self._drawing is None or self._drawing.done():
            self._drawing = asyncio.ensure_future(self._draw_above(self.above))

    @property
    def renderer(self) -> Renderer:
        """The renderer, made when first needed."""
        if self._renderer is None:
            self._renderer = self._make()
        return self._renderer

    def renew(self, make: Callable[[], Renderer]) -> None:
        """Draw with another renderer from now on."""
        self.close()
        self._renderer, self._make = None, make

    def settle(self) -> None:
        """Finish what is being drawn: somebody else writes next."""
        self._draw_waiting()
        if self._renderer is not None:
            self._renderer.settle()

    def show(self, cell: str, language: str, code: str) -> None:
        """Draw the whole of a cell's code, as it will run."""
        self.renderer.show(cell, language, code)

    def close(self) -> None:
        """Draw what is left, and nothing after it."""
        self._draw_waiting()
        if self._renderer is not None:
            self._renderer.close()

    async def _draw_above(self, above: Callable[[Callable[[], None]], Awaitable[None]]) -> None:
        await asyncio.sleep(0)  # what happens together is drawn together
        await above(self.settle)

    def _draw_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            self.renderer(event)
