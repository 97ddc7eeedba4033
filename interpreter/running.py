"""One cell, as events: decided by the host, run by its runner, its outputs cleaned by the keeper."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass

from interpreter import events as e
from interpreter.errors import RunnerError
from interpreter.history import Cell
from interpreter.seams import (
    Asked,
    CellKeeper,
    Cleared,
    Decision,
    Ended,
    Happening,
    Host,
    Keeper,
    Produced,
    Proposal,
    Restarted,
    Runner,
    Runners,
)
from interpreter.stop import Stop, Stopped, race


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a cell needs to be run: who is asked, what runs it, who keeps its output, and for how long it may run."""

    host: Host
    runners: Runners
    keeper: Keeper
    timeout: float | None = None


class Unattended(Exception):
    """Raised by a host whom a question reaches in vain; its text says why, and is told as the cell's output."""


async def decide(bench: Bench, cell: Cell, stop: Stop, *, caution: str = "") -> e.CodeDecided:
    """The host's decision on `cell`; an interrupt while it is asked declines."""
    proposal = Proposal(cell=cell.id, language=cell.language, code=cell.proposed, by=cell.by, caution=caution)
    try:
        decision = await race(stop, bench.host.decide(proposal))
    except Stopped:
        decision = Decision(choice="declined", note="")
    code = decision.code if decision.choice == "edited" else cell.proposed
    return e.CodeDecided(cell=cell.id, decision=decision.choice, code=code, note=decision.note, by=decision.by)


async def run(bench: Bench, cell: str, language: str, code: str, stop: Stop) -> AsyncGenerator[e.Event, None]:
    """Run decided code. Always ends in `code.finished`; what cannot be started is told as the cell's error."""
    started = time.monotonic()
    keeper = bench.keeper.cell(cell)
    runner = bench.runners.get(language)
    status: e.CellStatus = "died"
    try:
        async with aclosing(runner.run(code, stop, timeout=bench.timeout)) as happenings:
            async for happening in happenings:
                if isinstance(happening, Ended):
                    status = happening.status
                elif isinstance(happening, Asked):
                    request = _request(cell, happening)
                    async for event in _input(bench.host, runner, keeper, request, stop):
                        yield event
                else:
                    for event in _told(happening, keeper, cell, language):
                        yield event
    except RunnerError as error:
        status = "error"
        for event in keeper.add(Produced(kind="error", data={"text/plain": str(error)})):
            yield event
    for event in keeper.close():
        yield event
    yield e.CodeFinished(cell=cell, status=status, seconds=round(time.monotonic() - started, 3))


def _told(happening: Happening, keeper: CellKeeper, cell: str, language: str) -> Iterator[e.Event]:
    match happening:
        case Produced():
            yield from keeper.add(happening)
        case Cleared():
            yield e.OutputCleared(cell=cell)
        case Restarted():
            yield e.KernelRestarted(language=language, reason=happening.reason)
        case _:
            raise AssertionError(happening)


def _request(cell: str, asked: Asked) -> e.InputRequested:
    return e.InputRequested(cell=cell, prompt=asked.prompt, secret=asked.secret, by=asked.by)


async def _input(
    host: Host, runner: Runner, keeper: CellKeeper, request: e.InputRequested, stop: Stop
) -> AsyncGenerator[e.Event, None]:
    """Put the question to the host; after an interrupt nobody answers and the runner sees the stop itself."""
    yield request
    try:
        typed = await race(stop, host.read_line(request))
    except Stopped:
        typed = None
    except Unattended as nobody:
        typed = None
        for event in keeper.add(Produced(kind="stdout", data={"text/plain": f"{request.prompt}\n[{nobody}]\n"})):
            yield event
    await runner.answer(typed)
    yield e.InputGiven(cell=request.cell, text=None if request.secret else typed, by=request.by)
