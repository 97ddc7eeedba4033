"""A `Runner` over one persistent shell on a pseudo-terminal: folder, variables and functions live from cell to cell.

A cell always ends: by the shell's own word, by the shell's death, or by an interrupt that grows harder. Output is told
as `stdout`, since on a terminal both streams are one.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path

from interpreter.errors import RunnerError
from interpreter.events import CellStatus
from interpreter.runners.shell_dialects import environment_for, find
from interpreter.runners.shell_process import ShellProcess
from interpreter.seams import Completions, Ended, Happening, Produced, Restarted, RunnerState, Variable
from interpreter.stop import Stop

_PROMISED = 0.6
"""Seconds after a stop in which the cell ends for its consumer, whatever its processes do."""
_BEAT = 1 / 30
"""Seconds between two pieces of output while it floods."""
_QUIET = 0.1
"""Seconds of silence after which the begin of a line is shown, or may be a question."""
_RUNGS = ((None, 1.0), (None, 1.0), (signal.SIGTERM, 1.5), (signal.SIGKILL, 1.0))
"""What an interrupt does, with the seconds of patience after each: Ctrl-C, again, terminate, kill."""


class ShellRunner:
    """Implements `Runner` and `Inspectable`. `interactive`: somebody can type. `late` gets background output."""

    def __init__(
        self,
        *,
        folder: str,
        environment: Mapping[str, str],
        interactive: bool,
        late: Callable[[Produced], None],
    ) -> None:
        self._folder = folder
        self._environment = environment_for(environment, interactive=interactive)
        self._interactive = interactive
        self._late = late
        self._shell: ShellProcess | None = None
        self._news = asyncio.Event()
        self._quelling: asyncio.Task[None] | None = None
        self._lost = ""

    @property
    def state(self) -> RunnerState:
        """What the shell does now."""
        if self._shell is None:
            return "dead" if self._lost else "absent"
        if self._shell.terminal.died.is_set():
            return "dead"
        return "idle" if self._shell.over.is_set() else "busy"

    async def run(self, code: str, stop: Stop, *, timeout: float | None = None) -> AsyncGenerator[Happening, None]:
        """Run one cell; see `Runner.run`."""
        if self._quelling is not None:
            await self._quelling
        shell, lost = await self._ready()
        if lost:
            yield Restarted(reason=lost)
        shell.begin(code)
        watcher = asyncio.create_task(self._watch(shell, stop, timeout))
        try:
            async for produced in self._output(shell, watcher):
                yield produced
            status = watcher.result() if watcher.done() else None
            for happening in await self._ending(shell, status):
                yield happening
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
            if not shell.over.is_set() and self._quelling is None:
                self._quelling = asyncio.create_task(self._quell(shell))

    async def answer(self, text: str | None) -> None:
        """Type `text`; None ends the input."""

    async def restart(self) -> None:
        """A new shell, in the folder where the old one was."""
        await self._drop("")
        await self._ready()

    async def close(self) -> None:
        """End the shell and what it started."""
        await self._drop("")

    async def variables(self) -> tuple[Variable, ...]:
        """None: a shell's variables are the environment."""
        return ()

    async def complete(self, code: str, cursor: int) -> Completions:
        """None."""
        return Completions(matches=(), start=cursor, end=cursor)

    async def inspect(self, code: str, cursor: int) -> str:
        """None."""
        return ""

    async def _output(self, shell: ShellProcess, watcher: asyncio.Task[CellStatus]) -> AsyncGenerator[Produced, None]:
        """What the cell prints, whole lines at once, until it is over or given up."""
        while not shell.over.is_set() and not watcher.done():
            self._news.clear()
            quiet = False
            try:
                await asyncio.wait_for(self._news.wait(), _QUIET)
            except TimeoutError:
                quiet = True
            if text := shell.stream.take(unfinished=quiet):
                shell.taken()
                yield _stdout(text)
                if not quiet:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(shell.over.wait(), _BEAT)
        if text := shell.stream.take(unfinished=True):
            yield _stdout(text)

    async def _watch(self, shell: ShellProcess, stop: Stop, timeout: float | None) -> CellStatus:
        """Wait for the stop or the time limit, then interrupt; returns when the cell has to end for its consumer."""
        status: CellStatus = "interrupted"
        try:
            await asyncio.wait_for(stop.wait(), timeout)
        except TimeoutError:
            status = "timeout"
        self._quelling = asyncio.create_task(self._quell(shell))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(shell.over.wait(), _PROMISED)
        self._news.set()
        return status

    async def _quell(self, shell: ShellProcess) -> None:
        """Interrupt, harder each time, until the shell is at its prompt; behind the last rung the shell itself goes."""
        for number, patience in _RUNGS:
            if number is None:
                shell.terminal.interrupt()
            else:
                shell.terminal.send_foreground(number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(shell.over.wait(), patience)
                break
        else:
            shell.terminal.kill()
            await shell.over.wait()
        self._quelling = None

    async def _ending(self, shell: ShellProcess, status: CellStatus | None) -> list[Happening]:
        """How the cell ended, in words where the status alone does not say it."""
        if not shell.over.is_set():
            return [Ended(status=status or "interrupted")]
        if shell.terminal.died.is_set():
            words = _death(shell)
            await self._drop("")
            return [_stdout(f"[{words}]\n"), Restarted(reason=words), Ended(status=status or "died")]
        if status is not None:
            return [Ended(status=status)]
        if shell.exit_code:
            return [_stdout(f"[exit code {shell.exit_code}]\n"), Ended(status="error")]
        return [Ended(status="ok")]

    async def _ready(self) -> tuple[ShellProcess, str]:
        """A shell at its prompt, and why it is a new one although there was one before."""
        if self._shell is not None and self._shell.terminal.died.is_set():
            await self._drop(_death(self._shell))
        if self._shell is not None:
            return self._shell, ""
        found = find(self._environment.get("PATH"))
        if found is None:
            raise RunnerError("No shell was found on PATH: neither bash nor zsh nor sh.")
        dialect, program = found
        shell = ShellProcess(dialect=dialect, program=program, interactive=self._interactive, changed=self._news.set)
        try:
            await shell.start(folder=_existing(self._folder), environment=self._environment)
        except (RunnerError, OSError, asyncio.CancelledError):
            await shell.close()
            raise
        self._shell = shell
        lost, self._lost = self._lost, ""
        return shell, lost

    async def _drop(self, lost: str) -> None:
        shell, self._shell = self._shell, None
        self._lost = lost
        if shell is not None:
            self._folder = shell.folder or self._folder
            await shell.close()


def _stdout(text: str) -> Produced:
    return Produced(kind="stdout", data={"text/plain": text})


def _death(shell: ShellProcess) -> str:
    code = shell.terminal.exit_code
    if code == -9:
        return "The shell was killed. A new one starts; its variables and functions are gone."
    return f"The shell ended (exit code {code}). A new one starts; its variables and functions are gone."


def _existing(folder: str) -> str:
    """`folder`, or the nearest one above it that is still there."""
    path = Path(folder)
    return str(next((place for place in (path, *path.parents) if place.is_dir()), path))
