"""Planned cells run one after the other on given runners, as events. Asks nobody: who replays has said what runs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from interpreter import events as e
from interpreter import running
from interpreter.notebooks.document import Json
from interpreter.notebooks.draft import Code, draft
from interpreter.notebooks.outputs import written
from interpreter.replay.plan import Planned
from interpreter.seams import Decision, Host, Produced, Proposal, Runners
from interpreter.stop import Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What came of a cell; `outputs` in nbformat's form."""

    cell: Planned
    status: e.CellStatus
    outputs: tuple[Json, ...]

    @property
    def unexpected(self) -> bool:
        """Whether it ended badly though the recorded run did not."""
        return self.status != "ok" and not (self.status == "error" and self.cell.fails)


async def replay(
    cells: Iterable[Planned],
    runners: Runners,
    stop: Stop,
    *,
    timeout: float | None = None,
    show: Callable[[e.Event], None] = lambda _: None,
    ask: Callable[[e.InputRequested], Awaitable[str | None]] | None = None,
) -> AsyncGenerator[Ran, None]:
    """Run the cells that are not left out, in order; `show` is told each event. Ends early when `stop` is set.

    `ask` is asked for what was secret, and so is not recorded.
    """
    for cell in cells:
        if stop.is_set:
            return
        if not cell.left_out:
            yield await _run(cell, runners, stop, timeout=timeout, show=show, host=_Typing(cell.inputs, ask))


async def _run(
    cell: Planned, runners: Runners, stop: Stop, *, timeout: float | None, show: Callable[[e.Event], None], host: Host
) -> Ran:
    events: list[e.Event] = [
        e.CodeProposed(cell=cell.id, language=cell.language, code=cell.code),
        e.CodeDecided(cell=cell.id, decision="run", code=cell.code, by="asked"),
    ]
    for event in events:
        show(event)
    language = runners.languages[0] if cell.main else runners.resolve(cell.language)
    if language is None:
        missing: list[e.Event] = [_error(cell.id, f"Nothing here runs {cell.language}."), _failed(cell.id)]
        for event in missing:
            show(event)
        events += missing
    else:
        bench = running.Bench(host=host, runners=runners, keeper=_Unkept(""), timeout=timeout)
        async with aclosing(running.run(bench, cell.id, language, cell.code, stop)) as happening:
            async for event in happening:
                show(event)
                events.append(event)
    finished = events[-1]
    assert isinstance(finished, e.CodeFinished)
    return Ran(cell=cell, status=finished.status, outputs=_settled(events))


def _settled(events: Sequence[e.Event]) -> tuple[Json, ...]:
    """The outputs that stand at the end: displays in their last state, without what was cleared."""
    shown = [part.outputs for part in draft(events).parts if isinstance(part, Code)]
    return tuple(written(shown[0], None))


def _error(cell: str, text: str) -> e.Output:
    return e.Output(cell=cell, kind="error", data={"text/plain": text})


def _failed(cell: str) -> e.CodeFinished:
    return e.CodeFinished(cell=cell, status="error", seconds=0.0)


class _Typing:
    """Implements `Host`: types what was typed in the recorded run, and then nothing; asks for what was secret."""

    def __init__(
        self, lines: Sequence[str | None], ask: Callable[[e.InputRequested], Awaitable[str | None]] | None
    ) -> None:
        self._lines = list(lines)
        self._ask = ask

    async def decide(self, proposal: Proposal) -> Decision:
        """Run."""
        return Decision(choice="run", code=proposal.code)

    async def read_line(self, request: e.InputRequested) -> str | None:
        """The next recorded line; no to what the program asks, since what was said to that is not recorded."""
        line = self._lines.pop(0) if self._lines and request.by == "code" else None
        return await self._ask(request) if request.secret and self._ask is not None else line


class _Unkept:
    """Implements `Keeper` and `CellKeeper`: outputs are looked at and compared, and then gone."""

    def __init__(self, cell: str) -> None:
        self._cell = cell

    def cell(self, cell: str) -> _Unkept:
        """For that cell."""
        return _Unkept(cell)

    def add(self, produced: Produced) -> Iterable[e.Output]:
        """As it is."""
        return (e.Output(cell=self._cell, kind=produced.kind, data=produced.data, display_id=produced.display_id),)

    def close(self) -> Iterable[e.Output]:
        """Nothing was held back."""
        return ()
