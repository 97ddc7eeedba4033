"""A `Runner` over an interpreter that stays, for languages without a kernel: what a cell defines, the next one has.

Its input is at its end. An interrupt is a signal, and where that does not help the end of the interpreter; then, and
when the code ends it, the state is gone and the next cell has a new one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

from interpreter.errors import RunnerError
from interpreter.events import CellStatus
from interpreter.runners.driven_process import DrivenProcess
from interpreter.runners.opaque import Opaque
from interpreter.runners.waiting import BEAT, PROMISED, ended, wanted_end, within
from interpreter.seams import Ended, Happening, Produced, Restarted, RunnerState
from interpreter.stop import Stop, Stopped, race

_PATIENCE = (0.5, 1.5, 1.5)
"""Seconds after each signal before the next; behind the last the interpreter is killed. The first may come before the
code runs, or end a child alone."""


class DrivenRunner(Opaque):
    """Implements `Runner` and `Inspectable`. `command` gets the path of `driver`, a file of `drivers/`.

    `late` gets what is printed between cells. `output_limit` in megabytes is how much one cell may print.
    """

    def __init__(
        self,
        *,
        command: Sequence[str],
        driver: str,
        folder: str,
        environment: Mapping[str, str],
        late: Callable[[Produced], None],
        output_limit: int = 200,
    ) -> None:
        self._command = tuple(command)
        self._driver = driver
        self._folder = folder
        self._environment = environment
        self._late = late
        self._limit = output_limit * 1_000_000
        self._living: DrivenProcess | None = None
        self._quelling: asyncio.Task[None] | None = None
        self._wanted: CellStatus | None = None  # how the running cell has to end
        self._struck = False  # it was interrupted

    @property
    def state(self) -> RunnerState:
        """What the interpreter does now."""
        if self._living is None:
            return "absent"
        if self._living.died.is_set():
            return "dead"
        return "idle" if self._living.over.is_set() else "busy"

    async def run(self, code: str, stop: Stop, *, timeout: float | None = None) -> AsyncGenerator[Happening, None]:
        """Run one cell; see `Runner.run`. Waits first for what an earlier interrupt has still to end."""
        try:
            if self._quelling is not None:
                await race(stop, ended(self._quelling))
            if self._living is not None and self._living.died.is_set():
                yield Restarted(reason=await self._lose(self._living))
            living = await race(stop, self._ready())
        except Stopped:
            yield Ended(status="interrupted")
            return
        self._wanted, self._struck = None, False
        living.begin(code)
        watcher = asyncio.create_task(self._watch(living, stop, timeout))
        try:
            while not (living.over.is_set() or watcher.done()):
                await living.printed.news.wait()
                for produced in living.printed.take():
                    yield produced
                await within(living.over, BEAT)
            for produced in living.printed.take():
                yield produced
            for happening in await self._ending(living):
                yield happening
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
            if not living.over.is_set():
                living.give_up()
                self._quell(living)

    async def answer(self, text: str | None) -> None:
        """Nothing is ever asked."""

    async def restart(self) -> None:
        """A new interpreter."""
        await self.close()
        await self._ready()

    async def close(self) -> None:
        """End the interpreter and what it started."""
        if self._quelling is not None:
            self._quelling.cancel()
            await asyncio.gather(self._quelling, return_exceptions=True)
        living, self._living = self._living, None
        if living is not None:
            await living.close()

    async def _ready(self) -> DrivenProcess:
        """The interpreter, started if there is none."""
        if self._living is None:
            living = DrivenProcess(command=self._command, driver=self._driver, late=self._late, limit=self._limit)
            try:
                await living.start(folder=self._folder, environment=self._environment)
            except (RunnerError, asyncio.CancelledError):
                await living.close()
                raise
            self._living = living
        return self._living

    async def _watch(self, living: DrivenProcess, stop: Stop, timeout: float | None) -> None:
        """Wait for a reason to end the cell, then interrupt; returns when it has to end for its consumer."""
        self._wanted = await wanted_end(living.printed.flooded, stop, timeout)
        self._quell(living)
        await within(living.over, PROMISED)
        living.printed.news.set()

    def _quell(self, living: DrivenProcess) -> None:
        if self._quelling is None and not living.over.is_set():
            self._struck = True
            self._quelling = asyncio.create_task(self._climb(living))

    async def _climb(self, living: DrivenProcess) -> None:
        """Interrupt until the cell is over; behind the last signal the interpreter itself goes."""
        try:
            for patience in _PATIENCE:
                living.interrupt()
                if await within(living.over, patience):
                    self._struck = living.died.is_set()
                    return
            living.kill()
            await living.over.wait()
        finally:
            self._quelling = None

    async def _ending(self, living: DrivenProcess) -> list[Happening]:
        """How the cell ended, with what it drew and is worth."""
        if not living.over.is_set():
            return [*living.printed.complaint(), Ended(status=self._wanted or "interrupted")]
        told: list[Happening] = [*living.shown(), *living.printed.complaint()]
        if living.died.is_set():
            calm = living.exit_code == 0
            told.append(Restarted(reason=await self._lose(living)))
            return [*told, Ended(status=self._wanted or ("ok" if calm else "died"))]
        return [*told, Ended(status=self._wanted or ("error" if living.failed else "ok"))]

    async def _lose(self, living: DrivenProcess) -> str:
        """Forget an interpreter that is dead; why it is, in plain words and without a full stop."""
        code = living.exit_code or 0
        reason = f"it was killed by signal {-code}" if code < 0 else f"it ended with exit code {code}"
        if self._struck:
            reason = "only its end could interrupt the code"
        if self._living is living:  # else a restart was faster
            self._living = None
        await living.close()
        return reason
