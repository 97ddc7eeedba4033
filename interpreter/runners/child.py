"""A program of ours: started in a session of its own with its output in pipes, noticed when it ends, and ended.

Its input is at its end. Whoever it left behind may hold the pipes for long: that delays neither its end nor `close`.
"""

from __future__ import annotations

import asyncio
import subprocess
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process, SubprocessStreamProtocol
from collections.abc import Mapping, Sequence

from interpreter.errors import RunnerError
from interpreter.runners import processes


class _Protocol(SubprocessStreamProtocol):
    """`Process.wait` waits for the pipes too; `exited` does not."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=2**16, loop=loop)
        self.exited = asyncio.Event()

    def process_exited(self) -> None:
        super().process_exited()
        self.exited.set()


class Child:
    """A program that runs or has ended, which `ended` tells. Made by `start`; to be closed."""

    def __init__(self, process: Process, transport: asyncio.SubprocessTransport, ended: asyncio.Event) -> None:
        self.ended = ended
        self._process = process
        self._transport = transport

    @property
    def exit_code(self) -> int | None:
        """How it ended; negative: by that signal. None while it lives."""
        return self._process.returncode

    @property
    def stdout(self) -> asyncio.StreamReader:
        """What it prints."""
        assert self._process.stdout is not None
        return self._process.stdout

    @property
    def stderr(self) -> asyncio.StreamReader:
        """What it complains of."""
        assert self._process.stderr is not None
        return self._process.stderr

    def interrupt(self) -> None:
        """Interrupt it and its children; where there is no such signal this is the end of them."""
        processes.signal_group(self._process, kill=False)

    def kill(self) -> None:
        """End it and its children."""
        processes.signal_group(self._process, kill=True)

    async def close(self) -> None:
        """End all that is in its session, and let go of the pipes; harmless when repeated."""
        self.kill()
        await processes.end_session(self._process.pid)
        await self.ended.wait()
        self._transport.close()
        await asyncio.sleep(0)  # the transport lets go in the loop's next turn


async def start(command: Sequence[str], *, folder: str, environment: Mapping[str, str], joined: bool = False) -> Child:
    """The program, running; `joined`: what it complains of is in `stdout` too. Raises `RunnerError` if it cannot be."""
    loop = asyncio.get_running_loop()
    try:
        transport, protocol = await loop.subprocess_exec(
            lambda: _Protocol(loop),
            *command,
            cwd=folder,
            env=dict(environment),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT if joined else PIPE,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # at our console it would share our Ctrl-C
        )
    except OSError as error:
        raise RunnerError(f"{command[0]} could not be started: {error}") from error
    return Child(Process(transport, protocol, loop), transport, protocol.exited)
