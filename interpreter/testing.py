"""Fakes of every seam, deterministic and shipped, so that programs built on the session can be tested too.

`ScriptedModel` answers from a list and keeps the requests it got; `ScriptedHost` decides from a list; `FakeRunners`
runs Python functions instead of kernels; `MemoryKeeper` passes outputs through.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from typing import TypeAlias

from interpreter import events as e
from interpreter.errors import InterpreterError
from interpreter.protocols.exchange import CallDelta, Chunk, Request, TokenCount
from interpreter.seams import Asked, Cleared, Decision, Ended, Happening, Produced, Proposal, Restarted, Runner
from interpreter.stop import Stop, until_stopped

Answer: TypeAlias = Sequence[Chunk] | InterpreterError
"""One scripted reply: its chunks, or the error that the request raises."""


def words(text: str, *, finish: str = "stop") -> tuple[Chunk, ...]:
    """A reply of words alone."""
    return (Chunk(text=text), Chunk(finish=finish))


def tool_call(arguments: str, *, id: str = "call-1", text: str = "", finish: str = "tool_calls") -> tuple[Chunk, ...]:
    """A reply with one native tool call."""
    call = CallDelta(index=0, id=id, name="execute_code", arguments=arguments)
    return (Chunk(text=text), Chunk(calls=(call,)), Chunk(finish=finish))


def function_call(arguments: str, *, text: str = "") -> tuple[Chunk, ...]:
    """A reply with one call in the original form."""
    call = CallDelta(index=0, name="execute_code", arguments=arguments)
    return (Chunk(text=text), Chunk(calls=(call,)), Chunk(finish="function_call"))


class ScriptedModel:
    """Implements `Model`: gives the scripted replies in order, then an empty one; `requests` holds what was sent."""

    def __init__(
        self,
        *answers: Answer,
        name: str = "scripted",
        usage: TokenCount | None = None,
        window: int | None = None,
    ) -> None:
        self.requests: list[Request] = []
        self.closed = 0
        self._answers = list(answers)
        self._name = name
        self._usage = usage
        self._window = window

    @property
    def name(self) -> str:
        """The name given."""
        return self._name

    @property
    def window(self) -> int | None:
        """The window given."""
        return self._window

    async def stream(self, request: Request, stop: Stop) -> AsyncGenerator[Chunk, None]:
        """The next scripted reply, each chunk after a turn of the event loop."""
        self.requests.append(request)
        answer = self._answers.pop(0) if self._answers else ()
        if isinstance(answer, InterpreterError):
            raise answer
        try:
            async for chunk in until_stopped(stop, _each(answer)):
                yield chunk
            if self._usage is not None:
                yield Chunk(usage=self._usage)
        finally:
            self.closed += 1


async def _each(chunks: Iterable[Chunk]) -> AsyncGenerator[Chunk, None]:
    for chunk in chunks:
        await asyncio.sleep(0)
        yield chunk


class Waits:
    """Sleeps for a `Patience` without time going by; `seconds` holds how long each wait would have been."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        """Let others run once."""
        self.seconds.append(seconds)
        await asyncio.sleep(0)


class ScriptedHost:
    """Implements `Host`: decides and types from lists, then runs and types nothing; `asked` holds the questions."""

    def __init__(self, *decisions: Decision, lines: Sequence[str | None] = ()) -> None:
        self.asked: list[Proposal] = []
        self.read: list[e.InputRequested] = []
        self._decisions = list(decisions)
        self._lines = list(lines)

    async def decide(self, proposal: Proposal) -> Decision:
        """The next decision; `run` when the list is used up."""
        self.asked.append(proposal)
        return self._decisions.pop(0) if self._decisions else Decision(choice="run", code=proposal.code)

    async def read_line(self, request: e.InputRequested) -> str | None:
        """The next line; None when the list is used up."""
        self.read.append(request)
        return self._lines.pop(0) if self._lines else None


Script: TypeAlias = Callable[[str], Iterable[Happening]]
"""What running a piece of code brings; without an `Ended` it ends `ok`."""


def printed(code: str) -> Iterable[Happening]:
    """The default script: the code itself is printed."""
    return (Produced(kind="stdout", data={"text/plain": f"{code}\n"}),)


def waiting(code: str) -> Iterable[Happening]:
    """A script that prints and then never ends by itself: an interrupt ends it."""
    return (*printed(code), Asked(prompt=WAIT))


WAIT = "\0wait"
"""The prompt of an `Asked` that `FakeRunner` keeps to itself: the cell waits for its interrupt."""


class FakeRunner:
    """Implements `Runner` without a process; `ran` holds the code, `answers` what was typed."""

    def __init__(self, script: Script = printed) -> None:
        self.ran: list[str] = []
        self.answers: list[str | None] = []
        self.restarts = 0
        self.closed = False
        self._script = script

    async def run(self, code: str, stop: Stop, *, timeout: float | None = None) -> AsyncGenerator[Happening, None]:
        """What the script says, until `stop`."""
        self.ran.append(code)
        for happening in self._script(code):
            await asyncio.sleep(0)
            if isinstance(happening, Asked) and happening.prompt == WAIT:
                await stop.wait()
            if stop.is_set:
                yield Ended(status="interrupted")
                return
            match happening:
                case Produced() | Cleared() | Asked() | Restarted():
                    yield happening
                case Ended():
                    yield happening
                    return
        yield Ended(status="ok")

    async def answer(self, text: str | None) -> None:
        """Keep what was typed."""
        self.answers.append(text)

    async def restart(self) -> None:
        """Count."""
        self.restarts += 1

    async def close(self) -> None:
        """Remember."""
        self.closed = True


class FakeRunners:
    """Implements `Runners` over `FakeRunner`s, one a language."""

    def __init__(self, **runners: FakeRunner) -> None:
        self.runners = runners or {"python": FakeRunner(), "shell": FakeRunner()}
        self.late: Callable[[str, Produced], None] | None = None

    @property
    def languages(self) -> tuple[str, ...]:
        """The names given."""
        return tuple(self.runners)

    def resolve(self, name: str) -> str | None:
        """Names as given, in any case."""
        return name.lower() if name.lower() in self.runners else None

    def get(self, language: str) -> Runner:
        """The fake of that name."""
        return self.runners[language]

    def listen(self, late: Callable[[str, Produced], None]) -> None:
        """Remember whom to tell."""
        self.late = late

    async def close(self) -> None:
        """Close all."""
        for runner in self.runners.values():
            await runner.close()


class MemoryKeeper:
    """Implements `Keeper` and `CellKeeper`: nothing is masked, shortened or written."""

    def __init__(self, cell: str = "") -> None:
        self._cell = cell

    def cell(self, cell: str) -> MemoryKeeper:
        """A keeper for that cell."""
        return MemoryKeeper(cell)

    def add(self, produced: Produced) -> Iterable[e.Output]:
        """The output as it is."""
        return (e.Output(cell=self._cell, kind=produced.kind, data=produced.data, display_id=produced.display_id),)

    def close(self) -> Iterable[e.Output]:
        """Nothing was held back."""
        return ()
