"""A real kernel on a bench: cells run one by one on one event loop, and what happens comes back as a list."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from interpreter.runners.environment import Workplace, workplace
from interpreter.runners.jupyter import JupyterRunner
from interpreter.runners.kernels import LocalKernels
from interpreter.seams import Asked, Ended, Happening, Produced, Runner
from interpreter.stop import Stop

T = TypeVar("T")
STREAMS = ("stdout", "stderr")
STUBBORN = """
import time
def resist():
    while True:
        try:
            print('ready', flush=True)
            while True:
                time.sleep(60)
        except BaseException:
            pass
resist()
"""
"""Code that no interrupt ends."""


class Bench:
    """A `JupyterRunner` with its loop. `late` holds what came after cells."""

    def __init__(self, loop: asyncio.Runner, place: Workplace, *, interactive: bool = False, name: str | None = None):
        self.late: list[Produced] = []
        self.loop = loop
        self.runner = JupyterRunner(
            kernels=LocalKernels(workplace=place, name=name),
            interactive=interactive,
            late=self.late.append,
            output_limit=place.output_limit,
        )

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, on the bench's loop."""
        return self.loop.run(work)

    def run(
        self,
        code: str,
        *,
        stop_at: str | None = None,
        timeout: float | None = None,
        lines: Sequence[str | None] = (),
    ) -> list[Happening]:
        """What running `code` brings. The stop is set when `stop_at` was printed; `lines` are typed when asked."""
        return self.do(self.cell(code, stop_at=stop_at, timeout=timeout, lines=lines))

    async def cell(
        self,
        code: str,
        *,
        stop_at: str | None = None,
        timeout: float | None = None,
        lines: Sequence[str | None] = (),
    ) -> list[Happening]:
        """`run`, for whoever is on the loop already."""
        return await happenings_of(self.runner, code, stop_at=stop_at, timeout=timeout, lines=lines)

    async def until(self, said: Callable[[], bool]) -> None:
        """Return when `said` becomes true; a minute is too long."""
        async with asyncio.timeout(60):
            while not said():  # noqa: ASYNC110 - a process does not set our events
                await asyncio.sleep(0.01)


async def happenings_of(
    runner: Runner,
    code: str,
    *,
    stop_at: str | None = None,
    timeout: float | None = None,
    lines: Sequence[str | None] = (),
) -> list[Happening]:
    """What running `code` brings; see `Bench.run`."""
    stop, typed = Stop(), list(lines)
    seen: list[Happening] = []
    async with aclosing(runner.run(code, stop, timeout=timeout)) as happenings:
        async for happening in happenings:
            seen.append(happening)
            if isinstance(happening, Produced) and stop_at and stop_at in str(happening.data.get("text/plain")):
                stop.set()
            if isinstance(happening, Asked):
                await runner.answer(typed.pop(0) if typed else None)
    return joined(seen)


def joined(happenings: Sequence[Happening]) -> list[Happening]:
    """The same with neighbouring text of one stream in one piece: how it is cut depends on the machine's load."""
    whole: list[Happening] = []
    for happening in happenings:
        last = whole[-1] if whole else None
        if isinstance(happening, Produced) and isinstance(last, Produced) and last.kind == happening.kind in STREAMS:
            words = f"{last.data['text/plain']}{happening.data['text/plain']}"
            whole[-1] = Produced(kind=happening.kind, data={"text/plain": words})
        else:
            whole.append(happening)
    return whole


def at(folder: Path, **more: Any) -> Workplace:
    """A workplace in `folder` for this test's environment, with its cache beside it."""
    unwanted = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTEST_CURRENT_TEST")  # with the last ipykernel catches no descriptor
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    environment |= more.pop("environment", {})
    return workplace(folder=str(folder), environment=environment, cache=folder.parent / "cache", **more)


@contextmanager
def bench(place: Workplace, *, interactive: bool = False, name: str | None = None) -> Iterator[Bench]:
    """A bench whose kernel is ended afterwards, whatever happened."""
    with asyncio.Runner() as loop:
        made = Bench(loop, place, interactive=interactive, name=name)
        try:
            yield made
        finally:
            loop.run(made.runner.close())


def text(happenings: Sequence[Happening], *kinds: str) -> str:
    """What was produced as text, of these kinds, all if none is named."""
    return "".join(
        str(happening.data.get("text/plain", ""))
        for happening in happenings
        if isinstance(happening, Produced) and (not kinds or happening.kind in kinds)
    )


def status(happenings: Sequence[Happening]) -> str:
    """How the cell ended; it must have."""
    assert isinstance(happenings[-1], Ended)
    return happenings[-1].status


def error(happenings: Sequence[Happening]) -> str:
    """The class of the exception that was shown, empty if none was."""
    for happening in happenings:
        if isinstance(happening, Produced) and happening.kind == "error":
            raised = happening.data.get("application/vnd.jupyter.error")
            return str(raised["ename"]) if isinstance(raised, dict) else ""
    return ""
