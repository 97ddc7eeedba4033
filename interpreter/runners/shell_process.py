"""One living shell: started, given cells as files, heard at their end. Decides nothing about interrupts or prompts."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shlex
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path

from interpreter.errors import RunnerError
from interpreter.runners.shell_dialects import Dialect
from interpreter.runners.shell_stream import ShellStream
from interpreter.runners.source import encoded
from interpreter.runners.terminal import Terminal

_START = 20.0
"""Seconds a shell may take to its first prompt."""
_FULL = 1_000_000
"""Characters waiting to be taken at which the shell has to wait too."""
_GRACE = 0.5
"""Seconds by which the terminal may lag behind the pipe, or output behind a death."""
_THROTTLE = 0.25
"""Seconds between two looks at a background job that floods; it must not be stopped, nor keep us busy."""
_TRY, _TRIES = 0.2, 20
"""Seconds for which a shell may be busy with a late signal, and how often."""
_READ = 65536
_CELL = "cell"
"""The name of the file that a cell is; shells name it where they complain."""
_BEGIN = b"\0\1"
"""Where a record of an end begins; in the middle of one no field begins so."""
_READY = "ready"
"""The mark of the first prompt."""


class ShellProcess:
    """A shell of one kind. `began`: the cell has; `over`: no cell runs, the shell is at its prompt, or dead.

    `exit_code` is the last cell's, None if the shell died in it. `changed` is called when there is news of any kind.
    """

    def __init__(self, *, dialect: Dialect, program: str, interactive: bool, changed: Callable[[], None]) -> None:
        self.began = asyncio.Event()
        self.over = asyncio.Event()
        self.exit_code: int | None = None
        self.folder = ""
        self.job_lines: tuple[str, ...] = ()
        self.stream = ShellStream()
        self.terminal = Terminal(received=self._received)
        self._dialect = dialect
        self._program = program
        self._interactive = interactive
        self._changed = changed
        self._private = Path(tempfile.mkdtemp(prefix="interpreter-shell-"))
        self._pipe = -1
        self._record = b""
        self._token = _READY
        self._seen = asyncio.Event()  # the cell's end, in the terminal
        self._settling = ""
        self._settled = asyncio.Event()
        self._silent = asyncio.Event()  # nobody writes to the terminal any more
        self._resumption: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, *, folder: str, environment: Mapping[str, str], memory_limit: int | None = None) -> None:
        """Start it and wait for its prompt. Raises `RunnerError` if that does not come."""
        pipe = self._private / "end"
        os.mkfifo(pipe, 0o600)
        self._pipe = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._pipe, self._recorded)
        argv = (self._program, *self._dialect.arguments)
        self.terminal.start(argv, folder=folder, environment=environment, memory_limit=memory_limit)
        self._task(self._dead())
        self.stream.expect(_READY, b"")
        prepare = self._written("prepare", self._dialect.prepare(shlex.quote(str(pipe))))
        self.terminal.write(f". {prepare}\n".encode())
        try:
            await asyncio.wait_for(self.over.wait(), _START)
        except TimeoutError:
            raise RunnerError(f"{self._program} did not show its prompt within {_START:.0f} seconds.") from None
        if self.terminal.died.is_set():
            raise RunnerError(f"{self._program} ended at its start (exit code {self.terminal.exit_code}).")
        self.stream.take(unfinished=True)

    def begin(self, code: str) -> None:
        """Let the shell run `code`. Programs get no input where nobody can type it."""
        file = self._written(_CELL, code)
        self.began.clear()
        self.over.clear()
        self._seen.clear()
        self.exit_code = None
        self._token = secrets.token_hex(8)
        self.terminal.resume()
        self.terminal.tidy()
        typed = self._dialect.line(self._token, file, empty=not self._interactive).encode()
        self.stream.expect(self._token, typed)
        self.terminal.write(typed)

    def take(self, *, unfinished: bool) -> str:
        """The cell's text since the last call, as `ShellStream.take` gives it; in it the cell's file is just `cell`."""
        return self.stream.take(unfinished=unfinished).replace(str(self._private / _CELL), _CELL)

    async def settle(self) -> bool:
        """After an interrupt: whether the shell takes a line again.

        A signal may reach a shell that is back at its prompt, and then the line typed there is lost, a cell with it. So
        lines that do nothing are typed until one has been read.
        """
        for _ in range(_TRIES):
            self._settling = secrets.token_hex(8)
            self._settled.clear()
            self.terminal.write(self._dialect.nothing(self._settling).encode())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._settled.wait(), _TRY)
                return True
        return False

    def taken(self) -> None:
        """The consumer took text: the shell may print again."""
        if self.stream.size < _FULL:
            self.terminal.resume()

    async def close(self) -> None:
        """End the shell and everything it started; harmless when repeated."""
        if self._resumption is not None:
            self._resumption.cancel()
        await self.terminal.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._pipe >= 0:
            asyncio.get_running_loop().remove_reader(self._pipe)
            os.close(self._pipe)
            self._pipe = -1
        shutil.rmtree(self._private, ignore_errors=True)
        self.over.set()

    def _written(self, name: str, code: str) -> str:
        """The path, quoted, of a file with `code`."""
        file = self._private / name
        file.write_bytes(encoded(code) + b"\n")
        return shlex.quote(str(file))

    def _received(self, data: bytes) -> None:
        if not data:
            self.stream.finish()
            self._silent.set()
        self.stream.feed(data)
        if self.stream.began:
            self.began.set()
        if self.stream.ended:
            self._seen.set()
        if self.stream.size >= _FULL:
            self.terminal.pause()
        elif self.stream.too_late:
            self.terminal.pause()
            self._resumption = asyncio.get_running_loop().call_later(_THROTTLE, self.terminal.resume)
        self._changed()

    def _recorded(self) -> None:
        """The shell wrote how a cell ended: token, status, folder, jobs."""
        for record in (self._record + os.read(self._pipe, _READ)).split(_BEGIN):
            self._record = record
            if record.count(b"\0") >= 4:  # else more follows, or a signal came in the middle and a whole one follows
                token, code, folder, jobs, self._record = record.split(b"\0", 4)
                self.folder = os.fsdecode(folder)
                self.job_lines = tuple(jobs.decode("utf-8", "replace").splitlines())
                self._heard(token.decode("ascii", "replace"), int(code))

    def _heard(self, token: str, code: int) -> None:
        if token == self._settling:
            self._settled.set()
        if token == self._token and not self.over.is_set():
            self.exit_code = code
            self._task(self._end())

    async def _end(self) -> None:
        """The pipe overtakes the terminal: the cell is over when its end was seen there too, or does not come."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._seen.wait(), _GRACE)
        self.over.set()
        self._changed()

    async def _dead(self) -> None:
        await self.terminal.died.wait()
        self.terminal.kill_session()
        try:
            await asyncio.wait_for(self._silent.wait(), _GRACE)
        except TimeoutError:
            self.terminal.pause()
        self.exit_code = None
        self.over.set()
        self._changed()

    def _task(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
