"""A `Runner` over one persistent shell on a pseudo-terminal: folder, variables and functions live from cell to cell.

A cell always ends: by the shell's own word, by the shell's death, or by an interrupt that grows harder. Output is told
as `stdout`, since on a terminal both streams are one.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from interpreter.errors import RunnerError
from interpreter.events import CellStatus
from interpreter.protocols.content import clean
from interpreter.runners.opaque import Opaque
from interpreter.runners.printed import too_much
from interpreter.runners.shell_dialects import environment_for, find
from interpreter.runners.shell_jobs import Job, alive
from interpreter.runners.shell_process import ShellProcess
from interpreter.runners.shell_questions import is_question, is_secret, program
from interpreter.runners.terminal import SIZE
from interpreter.runners.waiting import BEAT, PROMISED, ended, wanted_end, within
from interpreter.seams import Asked, Ended, Happening, Produced, Restarted, RunnerState
from interpreter.stop import Stop, Stopped, race

Rung: TypeAlias = tuple[signal.Signals, float]
_LADDER: tuple[Rung, ...] = ((signal.SIGINT, 1.0), (signal.SIGINT, 1.0), (signal.SIGTERM, 1.5), (signal.SIGKILL, 1.0))
"""What an interrupt does, with the seconds of patience after each; behind the last the shell itself is killed."""
_EVICTION: tuple[Rung, ...] = ((signal.SIGINT, 0.2), (signal.SIGTERM, 1.0), (signal.SIGKILL, 1.0))
"""The same for a program that took the whole screen: few of those mind Ctrl-C."""
_QUIET = (0.1, 0.1, 0.2, 0.4)
"""Seconds of silence before each look whether somebody waits for input; the last is repeated."""
_HELD = 0.3
"""Seconds for which the begin of a line may be held back, in case it turns out to be a question."""
_SETTLE = 0.02
_LATE_BEAT = 0.1


class ShellRunner(Opaque):
    """Implements `Runner` and `Inspectable`. `interactive`: somebody can type. `late` gets background output.

    `program` is the shell to use, by name or path; None finds the best on PATH. The limits are in megabytes: of each
    process's address space, and of what one cell prints. `size`: columns and rows of the
    person's own terminal, looked at again and again.
    """

    def __init__(
        self,
        *,
        folder: str,
        environment: Mapping[str, str],
        interactive: bool,
        late: Callable[[Produced], None],
        program: str | None = None,
        memory_limit: int | None = None,
        output_limit: int = 200,
        size: Callable[[], tuple[int, int]] = shutil.get_terminal_size,
    ) -> None:
        self._folder = folder
        self._size = size if interactive else lambda: SIZE
        self._environment = environment_for(environment, interactive=interactive)
        self._interactive = interactive
        self._late = late
        self._program = program
        self._memory = memory_limit
        self._limit = output_limit * 1_000_000
        self._shell: ShellProcess | None = None
        self._news = asyncio.Event()
        self._late_timer: asyncio.TimerHandle | None = None
        self._quelling: asyncio.Task[None] | None = None
        self._stop = Stop()
        self._unanswered = 0
        self._secret = False  # what is asked for must not be seen
        self._wanted: CellStatus | None = None  # how the running cell has to end
        self._struck = False  # it was interrupted
        self._flooded = asyncio.Event()  # it printed more than the limit

    @property
    def state(self) -> RunnerState:
        """What the shell does now."""
        if self._shell is None:
            return "absent"
        if self._shell.terminal.died.is_set():
            return "dead"
        return "idle" if self._shell.over.is_set() else "busy"

    def jobs(self) -> tuple[Job, ...]:
        """The background jobs that were started in cells and are still there."""
        return alive(self._shell.job_lines) if self._shell is not None else ()

    async def run(self, code: str, stop: Stop, *, timeout: float | None = None) -> AsyncGenerator[Happening, None]:
        """Run one cell; see `Runner.run`. Waits first for what an earlier interrupt has still to end."""
        try:
            if self._quelling is not None:
                await race(stop, ended(self._quelling))
            if self._shell is not None and self._shell.terminal.died.is_set():
                yield Restarted(reason=await self._lose(self._shell))
            shell = await race(stop, self._ready())
        except Stopped:
            yield Ended(status="interrupted")
            return
        self._stop, self._wanted, self._unanswered, self._struck = stop, None, 0, False
        self._flooded.clear()
        shell.terminal.fit(self._size())
        shell.begin(code)
        watcher = asyncio.create_task(self._watch(shell, stop, timeout))
        try:
            async for happening in self._happenings(shell, watcher):
                yield happening
            for happening in await self._ending(shell):
                yield happening
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
            if not shell.over.is_set():
                self._quell(shell, _LADDER)

    async def answer(self, text: str | None) -> None:
        """Type `text`; None ends the input, and, when it is asked for again, the cell."""
        shell = self._shell
        if shell is None or shell.over.is_set() or self._stop.is_set:
            return
        if text is not None:
            line = text.partition("\n")[0] + "\n"
            typed = line.encode("utf-8", "surrogateescape")
            if self._secret:
                shell.stream.answered("\n" if shell.terminal.echoes and shell.terminal.by_lines else "")
                shell.terminal.write_unseen(typed)
            else:
                shell.stream.answered(line)
                shell.terminal.write(typed)
            return
        self._unanswered += 1
        if self._unanswered == 1:
            shell.terminal.write(b"\x04")
        else:
            self._quell(shell, _LADDER)

    async def restart(self) -> None:
        """A new shell, in the folder where the old one was."""
        await self.close()
        await self._ready()

    async def close(self) -> None:
        """End the shell and what it started."""
        if self._quelling is not None:
            self._quelling.cancel()
            await asyncio.gather(self._quelling, return_exceptions=True)
            self._quelling = None
        if self._late_timer is not None:
            self._late_timer.cancel()
            self._late_timer = None
        shell, self._shell = self._shell, None
        if shell is not None:
            self._folder = shell.folder or self._folder
            await shell.close()

    # ---- a cell

    async def _happenings(self, shell: ShellProcess, watcher: asyncio.Task[None]) -> AsyncGenerator[Happening, None]:
        """What the cell prints, whole lines at once, and what it asks, until it is over or given up."""
        loop = asyncio.get_running_loop()
        silence, look, evicted, held = 0.0, 0, False, loop.time()  # held: since when text waits
        room = self._limit
        while not shell.over.is_set() and not watcher.done():
            wait = _QUIET[min(look, len(_QUIET) - 1)]
            waited = shell.stream.size > 0
            if await within(self._news, wait):
                self._news.clear()
                held = held if waited else loop.time()
                silence, look = 0.0, 0
            else:
                silence, look = silence + wait, look + 1
                shell.terminal.fit(self._size())
                async for happening in self._asked(shell, silence):
                    yield happening
            unfinished = silence > 0 or shell.stream.full_screen or loop.time() - held > _HELD
            if text := shell.take(unfinished=unfinished):
                held = loop.time()
                shell.taken()
                room -= len(text)
                if text.strip() or not self._struck:
                    yield _stdout(text)
                await within(shell.over, BEAT)
            if room < 0 and not (self._struck or self._flooded.is_set()):
                yield _told(shell, f"[{too_much(self._limit)}]\n")
                shell.stream.give_up()
                shell.taken()
                self._flooded.set()
                self._wanted = "error"  # also if the cell ends before it is interrupted
            if shell.stream.full_screen and not evicted:
                evicted = True
                yield _told(shell, _refusal(program(shell.terminal)))
                self._quell(shell, _EVICTION)
        text = shell.take(unfinished=True)
        if text.strip() or (text and not self._struck):  # the shell answers an interrupt with an empty line
            yield _stdout(text)

    async def _asked(self, shell: ShellProcess, silence: float) -> AsyncGenerator[Happening, None]:
        """The question that the silence means, if it means one."""
        stream = shell.stream
        if not stream.began or self._quelling is not None:
            return
        shown, prompt = stream.line, stream.peek()
        if not is_question(shell.terminal, clean(shown + prompt), silence):
            return
        self._news.clear()
        if await within(self._news, _SETTLE):  # the shell at its prompt reads too: its word may be on the way
            return
        rest = stream.take(unfinished=True)
        prompt = clean(shown + rest)
        if self._interactive:
            if shown and rest:  # the whole of it was printed, or nothing was
                yield _stdout(rest)
            self._secret = is_secret(shell.terminal, prompt)
            yield Asked(prompt=prompt, secret=self._secret)
            if shown:
                yield _stdout("\n")
        else:
            yield _stdout(f"{prompt.removeprefix(clean(shown))}\n[Nobody is there to answer this.]\n")
            await self.answer(None)

    async def _watch(self, shell: ShellProcess, stop: Stop, timeout: float | None) -> None:
        """Wait for a reason to end the cell, then interrupt; returns when it has to end for its consumer."""
        self._wanted = await wanted_end(self._flooded, stop, timeout)
        self._quell(shell, _LADDER)
        await within(shell.over, PROMISED)
        self._news.set()

    def _quell(self, shell: ShellProcess, rungs: Sequence[Rung]) -> None:
        if self._quelling is None and not shell.over.is_set():
            self._struck = True
            self._quelling = asyncio.create_task(self._climb(shell, rungs))

    async def _climb(self, shell: ShellProcess, rungs: Sequence[Rung]) -> None:
        """Interrupt, harder each time, until the shell is at its prompt; behind the last rung the shell itself goes."""
        try:
            await within(shell.began, 1.0)  # a signal between two cells would leave the typed line for afterwards
            for number, patience in rungs:
                if number == signal.SIGINT:
                    shell.terminal.interrupt()
                else:
                    shell.terminal.send_foreground(number)
                if await within(shell.over, patience):
                    break
            if not shell.over.is_set() or not (shell.terminal.died.is_set() or await shell.settle()):
                shell.terminal.kill()
                await shell.terminal.died.wait()
                await shell.over.wait()
        finally:
            self._quelling = None

    async def _ending(self, shell: ShellProcess) -> list[Happening]:
        """How the cell ended, in words where the status alone does not say it."""
        status = "interrupted" if self._stop.is_set else self._wanted
        if not shell.over.is_set():
            shell.stream.give_up()
            shell.terminal.resume()
            return [Ended(status=status or "interrupted")]
        if shell.terminal.died.is_set():
            calm = shell.terminal.exit_code == 0
            return [Restarted(reason=await self._lose(shell)), Ended(status=status or ("ok" if calm else "died"))]
        if status is not None:
            return [Ended(status=status)]
        if shell.exit_code:
            return [_told(shell, f"[exit code {shell.exit_code}]\n"), Ended(status="error")]
        return [Ended(status="ok")]

    # ---- the shell

    async def _lose(self, shell: ShellProcess) -> str:
        """Forget a shell that is dead; why it is, in plain words."""
        if self._shell is shell:  # else a restart was faster
            await self.close()
        code = shell.terminal.exit_code or 0
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return f"it {how}, and goes on in the same folder"

    async def _ready(self) -> ShellProcess:
        """A shell at its prompt, started if there is none."""
        if self._shell is None:
            dialect, program = find(self._program, self._environment.get("PATH"))
            shell = ShellProcess(dialect=dialect, program=program, interactive=self._interactive, changed=self._changed)
            try:
                folder = _existing(self._folder)
                await shell.start(folder=folder, environment=self._environment, memory_limit=self._memory)
            except (RunnerError, OSError, asyncio.CancelledError):
                await shell.close()
                raise
            self._shell = shell
        return self._shell

    def _changed(self) -> None:
        self._news.set()
        if self._shell is not None and self._late_timer is None and self._shell.stream.has_late:
            self._late_timer = asyncio.get_running_loop().call_later(_LATE_BEAT, self._tell_late)

    def _tell_late(self) -> None:
        self._late_timer = None
        text = self._shell.stream.take_late() if self._shell is not None else ""
        if text.strip():
            self._late(_stdout(text))


def _stdout(text: str) -> Produced:
    return Produced(kind="stdout", data={"text/plain": text})


def _told(shell: ShellProcess, words: str) -> Produced:
    """Our own words, on a line of their own."""
    return _stdout(f"\n{words}" if shell.stream.line else words)


def _refusal(name: str) -> str:
    return (
        f"[{name} wants the whole screen, which a cell cannot give it; it was ended. Print instead of paging, edit "
        "files with code, and ask programs for their plain output (`top -b -n 1`, `git --no-pager`).]\n"
    )


def _existing(folder: str) -> str:
    """`folder`, or the nearest one above it that is still there."""
    path = Path(folder)
    return str(next((place for place in (path, *path.parents) if place.is_dir()), path))
