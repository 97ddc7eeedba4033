"""A `Runner` that runs each cell as a program of its own: a file, given to the command of its language.

Nothing lives from cell to cell, and there is no input: what reads it sees its end at once. For languages without a
kernel here; a language with one is better served by that.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path

from interpreter.events import CellStatus
from interpreter.runners.child import Child, start
from interpreter.runners.opaque import Opaque
from interpreter.runners.printed import Printed
from interpreter.runners.source import encoded
from interpreter.runners.waiting import BEAT, wanted_end
from interpreter.seams import Ended, Happening, Produced, RunnerState
from interpreter.stop import Stop

_PATIENCE = 0.5
"""Seconds between the interrupt and the kill: there is no state that would be lost."""
_LAST_WORDS = 0.2
"""Seconds in which a program's children may still print after its end."""


class ProgramRunner(Opaque):
    """Implements `Runner` and `Inspectable`. `command` gets the path of the cell's file, which ends in `suffix`.

    `output_limit` in megabytes is how much one cell may print.
    """

    def __init__(
        self,
        *,
        command: Sequence[str],
        suffix: str,
        folder: str,
        environment: Mapping[str, str],
        output_limit: int = 200,
    ) -> None:
        self._command = tuple(command)
        self._limit = output_limit * 1_000_000
        self._suffix = suffix
        self._folder = folder
        self._environment = environment
        self._child: Child | None = None

    @property
    def state(self) -> RunnerState:
        """`busy` while a cell runs."""
        return "absent" if self._child is None else "busy"

    async def run(self, code: str, stop: Stop, *, timeout: float | None = None) -> AsyncGenerator[Happening, None]:
        """Run one cell; see `Runner.run`."""
        if stop.is_set:
            yield Ended(status="interrupted")
            return
        with tempfile.TemporaryDirectory(prefix="interpreter-cell-") as private:
            file = _written(Path(private) / f"cell{self._suffix}", code)
            command = (*self._command, file)
            child = self._child = await start(command, folder=self._folder, environment=self._environment)
            output = Printed(self._limit)
            end = asyncio.create_task(_until_end(child, output, stop, timeout))
            end.add_done_callback(lambda _: output.news.set())
            try:
                while not end.done():
                    await output.news.wait()
                    for produced in output.take():
                        yield produced
                    await asyncio.wait({end}, timeout=BEAT)
                for produced in output.take():
                    yield produced
                for produced in output.complaint():
                    yield produced
                for happening in _ending(self._command[0], child, end.result()):
                    yield happening
            finally:
                self._child = None
                end.cancel()
                await asyncio.gather(end, return_exceptions=True)

    async def answer(self, text: str | None) -> None:
        """Nothing is ever asked."""

    async def restart(self) -> None:
        """There is no state to throw away."""

    async def close(self) -> None:
        """End what runs."""
        if self._child is not None:
            self._child.kill()


async def _until_end(child: Child, output: Printed, stop: Stop, timeout: float | None) -> CellStatus | None:
    """Follow the program to its end; why it was ended, None if it ended by itself. Leaves nothing of it behind."""
    followers = asyncio.gather(output.follow("stdout", child.stdout), output.follow("stderr", child.stderr))
    ending = asyncio.ensure_future(child.ended.wait())
    stopping = asyncio.ensure_future(wanted_end(output.flooded, stop, timeout))
    status: CellStatus | None = None
    try:
        await asyncio.wait({ending, stopping}, return_when="FIRST_COMPLETED")
        if not ending.done():
            status = stopping.result()
            child.interrupt()
            await asyncio.wait({ending}, timeout=_PATIENCE)
        quiet = False
        while status is None and not quiet and not followers.done() and not stop.is_set:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(followers), _LAST_WORDS)
            quiet = output.size == 0
        return status
    finally:
        await child.close()
        for waiting in (ending, followers, stopping):
            waiting.cancel()
        await asyncio.gather(ending, followers, stopping, return_exceptions=True)


def _ending(name: str, child: Child, status: CellStatus | None) -> list[Happening]:
    code = child.exit_code
    if status is not None or not code:
        return [Ended(status=status or "ok")]
    words = f"[exit code {code}]\n" if code > 0 else f"[{name} was killed by signal {-code}]\n"
    return [Produced(kind="stdout", data={"text/plain": words}), Ended(status="error" if code > 0 else "died")]


def _written(file: Path, code: str) -> str:
    file.write_bytes(encoded(code))
    return str(file)
