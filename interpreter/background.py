"""The running cell, attended or in the background, where it goes on while the conversation does.

A cell leaves at the user's wish or after a time; from then on its events go to the session's consumers alone, nobody
answers its questions, and only an interrupt of its own ends it early.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from interpreter import events as e
from interpreter import running
from interpreter.running import Bench, Unattended
from interpreter.seams import Decision, Host, Proposal
from interpreter.stop import Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundCell:
    """A cell that runs in the background, and for how many seconds it has run."""

    cell: str
    language: str
    seconds: float


class Background:
    """`emit` is told what comes of the cells in the background; `after` sends a cell there by itself, in seconds."""

    def __init__(self, emit: Callable[[e.Event], None], *, after: float | None = None) -> None:
        self._emit = emit
        self._after = after
        self._attended: _Attended | None = None
        self._going: dict[str, _Going] = {}

    @property
    def cells(self) -> tuple[BackgroundCell, ...]:
        """The cells in the background, the oldest first."""
        return tuple(
            BackgroundCell(cell=cell, language=going.language, seconds=time.monotonic() - going.started)
            for cell, going in self._going.items()
        )

    def detach(self) -> bool:
        """Send the running cell to the background, as soon as it does not wait for input; False if none runs."""
        if self._attended is None:
            return False
        self._attended.leave.set()
        return True

    def interrupt(self, cell: str) -> bool:
        """Interrupt that cell in the background; False if there is none of that name."""
        going = self._going.get(cell)
        if going is not None:
            going.stop.set()
        return going is not None

    async def end(self, language: str | None = None) -> None:
        """Interrupt the cells in the background, of one language or all, and return when they have ended."""
        ending = [going for going in self._going.values() if language in (None, going.language)]
        for going in ending:
            going.stop.set()
        await asyncio.gather(*(going.task for going in ending))

    async def run(self, bench: Bench, cell: str, language: str, code: str, stop: Stop) -> AsyncGenerator[e.Event, None]:
        """Run decided code. Ends in `code.finished`, or in `code.detached` once the cell goes on in the background."""
        if holder := next((there for there in self.cells if there.language == language), None):
            for event in _refused(cell, holder):
                yield event
            return
        attended = self._attended = _Attended(bench.host)
        started = time.monotonic()
        timer = asyncio.get_running_loop().call_later(self._after, attended.leave.set) if self._after else None
        events = running.run(replace(bench, host=attended), cell, language, code, attended.stop)
        following = asyncio.ensure_future(_next(events))
        try:
            while await attended.until(following, stop):
                happened = following.result()
                if happened is None:
                    return
                yield happened
                following = asyncio.ensure_future(_next(events))
            attended.left = True
            task = asyncio.create_task(self._go_on(cell, events, following))
            self._going[cell] = _Going(language=language, started=started, stop=attended.stop, task=task)
            yield e.CodeDetached(cell=cell, seconds=round(time.monotonic() - started, 3))
        finally:
            self._attended = None
            if timer is not None:
                timer.cancel()
            if not attended.left:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
                await events.aclose()

    async def _go_on(
        self, cell: str, events: AsyncGenerator[e.Event, None], following: asyncio.Future[e.Event | None]
    ) -> None:
        try:
            async with aclosing(events):
                event = await following
                while event is not None:
                    self._emit(event)
                    event = await _next(events)
        finally:
            del self._going[cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Going:
    language: str
    started: float
    stop: Stop
    task: asyncio.Task[None]


class _Attended:
    """Implements `Host` for one cell, for as long as somebody attends it; `stop` is that cell's own."""

    def __init__(self, host: Host) -> None:
        self.stop = Stop()
        self.leave = asyncio.Event()
        self.left = False
        self._host = host
        self._asking = False

    async def decide(self, proposal: Proposal) -> Decision:
        """The host's decision."""
        return await self._host.decide(proposal)

    async def read_line(self, request: e.InputRequested) -> str | None:
        """What the host types. Raises `Unattended` once the cell is left alone."""
        if self.left:
            raise Unattended("Nobody answers this in the background.")
        self._asking = True
        try:
            return await self._host.read_line(request)
        finally:
            self._asking = False

    async def until(self, following: asyncio.Future[e.Event | None], stop: Stop) -> bool:
        """Wait for `following`, passing on the turn's `stop`; False if the cell is to be left before that."""
        stopped, leaving = asyncio.ensure_future(stop.wait()), asyncio.ensure_future(self.leave.wait())
        try:
            while not following.done():
                awaited = [following, *(() if self.stop.is_set else (stopped, *(() if self._asking else (leaving,))))]
                await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
                if stop.is_set:
                    self.stop.set()
                elif self.leave.is_set() and not self._asking and not following.done():
                    return False
            return True
        finally:
            for signal in (stopped, leaving):
                signal.cancel()
            await asyncio.gather(stopped, leaving, return_exceptions=True)


async def _next(events: AsyncGenerator[e.Event, None]) -> e.Event | None:
    """The next event, None after the last."""
    return await anext(events, None)


def _refused(cell: str, holder: BackgroundCell) -> tuple[e.Event, ...]:
    words = (
        f"This code was not run: {holder.language} is busy with cell {holder.cell}, which runs in the background. "
        "Wait until it has ended or the user has interrupted it (/interrupt); other languages can be used."
    )
    return (
        e.Output(cell=cell, kind="error", data={"text/plain": words}),
        e.CodeFinished(cell=cell, status="error", seconds=0.0, ran=False),
    )
