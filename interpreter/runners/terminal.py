"""A program on a pseudo-terminal of its own: bytes in and out, signals, death. Knows nothing of shells or cells.

Only POSIX systems have these terminals; what speaks of them is imported where it is used, so that the rest of the
program can name this module anywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from interpreter.errors import RunnerError
from interpreter.runners import processes

if TYPE_CHECKING:
    from ptyprocess import PtyProcess

_READ = 65536
_BURST = 16
"""Reads in one turn of the event loop; a pty gives 4 KB at most."""
_PEER = 0x5441
"""TIOCGPTPEER of Linux: opens the side of the programs."""
SIZE = (120, 40)
"""Columns and rows that programs are told of where nobody looks."""


class Terminal:
    """Starts `argv` in a session of its own. `received` gets its output on the event loop, b"" when it has ended."""

    def __init__(self, *, received: Callable[[bytes], None]) -> None:
        self.died = asyncio.Event()
        self.exit_code: int | None = None
        self.pid = 0  # leads the session of all that it starts
        self._received = received
        self._process: PtyProcess | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._reading = False
        self._size = SIZE
        self._modes: list[Any] = []

    def start(
        self, argv: Sequence[str], *, folder: str, environment: Mapping[str, str], memory_limit: int | None = None
    ) -> None:
        """Start it, each process with so many megabytes at most. Raises `RunnerError` if it cannot be started."""
        import resource

        from ptyprocess import PtyProcess
        from ptyprocess.ptyprocess import PtyProcessError

        def begin() -> None:
            os.chdir(folder)
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # which Python ignores
            if memory_limit is not None:
                hard = resource.getrlimit(resource.RLIMIT_AS)[1]
                resource.setrlimit(resource.RLIMIT_AS, (memory_limit * 1024 * 1024, hard))

        try:
            with warnings.catch_warnings():  # Python 3.12 warns of any fork beside threads; this one soon execs
                warnings.simplefilter("ignore", DeprecationWarning)
                self._process = PtyProcess.spawn(
                    list(argv), env=dict(environment), dimensions=self._size[::-1], preexec_fn=begin
                )
        except (OSError, PtyProcessError) as error:
            raise RunnerError(f"{argv[0]} could not be started in {folder}: {error}") from error
        self.pid = self._process.pid
        self._modes = _plain(self._process.fd)
        os.set_blocking(self._process.fd, False)
        self._watcher = asyncio.create_task(self._watch(self._process))
        self.resume()

    @property
    def foreground(self) -> int:
        """The process group that the terminal's keys reach; 0 if there is none."""
        try:
            return os.tcgetpgrp(self._fd)
        except OSError:
            return 0

    @property
    def echoes(self) -> bool:
        """Whether what is typed is shown: a program that asks for a password turns that off."""
        return self._has("ECHO")

    @property
    def by_lines(self) -> bool:
        """Whether programs read whole lines, as they do unless they draw their own line to be edited."""
        return self._has("ICANON")

    def write(self, data: bytes) -> None:
        """Type `data`. What a full terminal does not take is lost, as it is at a keyboard."""
        with contextlib.suppress(OSError):
            os.write(self._fd, data)

    def write_unseen(self, line: bytes) -> None:
        """Type `line` without an echo of anything but its end, which comes last: before it no program goes on.

        One that reads characters goes on at the first of them: there nothing is echoed, and the modes stay, since to
        set them behind it would undo what it sets itself.
        """
        import termios

        with contextlib.suppress(termios.error):
            modes = termios.tcgetattr(self._fd)
            termios.tcsetattr(self._fd, termios.TCSANOW, [*modes[:3], modes[3] & ~termios.ECHO, *modes[4:]])
            if not modes[3] & termios.ICANON:
                self.write(line)
                return
            self.write(line.removesuffix(b"\n"))
            _take_in(self._fd)
            termios.tcsetattr(self._fd, termios.TCSANOW, modes)
            self.write(b"\n")

    def fit(self, size: tuple[int, int]) -> None:
        """Have so many columns and rows from now on; programs that care are told."""
        if size != self._size and self._process is not None:
            columns, rows = self._size = size
            self._process.setwinsize(rows, columns)

    def tidy(self) -> None:
        """Echo and take lines again, as at the start: a program may have changed that, and died or forgotten it."""
        import termios

        with contextlib.suppress(termios.error):
            termios.tcsetattr(self._fd, termios.TCSANOW, self._modes)

    def interrupt(self) -> None:
        """What Ctrl-C does, and the same to the program itself: when a shell's child took it calmly, the shell goes on.

        Signals leave no `^C` in the output; the key itself also reaches programs of other users (`sudo`).
        """
        if self.died.is_set():
            return
        foreground = self.foreground or self.pid
        try:
            os.killpg(foreground, signal.SIGINT)
        except PermissionError:
            self.write(b"\x03")
        except ProcessLookupError:
            pass
        if foreground != self.pid:
            processes.send(signal.SIGINT, [self.pid])

    def send_foreground(self, number: signal.Signals) -> None:
        """Signal what runs in the foreground, but never the program itself."""
        processes.send(number, [pid for pid in processes.group(self.foreground) if pid != self.pid])

    def kill(self) -> None:
        """Kill the program itself; `died` follows."""
        if not self.died.is_set():
            processes.send(signal.SIGKILL, [self.pid])

    def kill_session(self) -> None:
        """Kill the program and everything it started."""
        processes.send(signal.SIGKILL, processes.session(self.pid))

    def pause(self) -> None:
        """Take no more output: the program waits once its terminal is full."""
        if self._reading:
            self._reading = False
            asyncio.get_running_loop().remove_reader(self._fd)

    def resume(self) -> None:
        """Take output again."""
        if not self._reading and self._process is not None and not self._process.closed:
            self._reading = True
            asyncio.get_running_loop().add_reader(self._fd, self._read)

    async def close(self) -> None:
        """Kill the program and everything in its session, and forget it; harmless when repeated."""
        process, self._process = self._process, None
        if process is None:
            return
        if self._reading:
            self._reading = False
            asyncio.get_running_loop().remove_reader(process.fd)
        await processes.end_session(self.pid)
        if self._watcher is not None:
            await self._watcher
        process.delayafterclose = 0  # it is dead already
        process.close()

    @property
    def _fd(self) -> int:
        return -1 if self._process is None else int(self._process.fd)

    def _has(self, mode: str) -> bool:
        import termios

        try:
            return bool(termios.tcgetattr(self._fd)[3] & getattr(termios, mode))
        except termios.error:
            return False

    def _read(self) -> None:
        pieces = []
        ended = False
        with contextlib.suppress(BlockingIOError):
            for _ in range(_BURST):
                try:
                    piece = os.read(self._fd, _READ)
                except BlockingIOError:
                    raise
                except OSError:  # EIO: nobody holds the other side any more
                    piece = b""
                if not piece:
                    ended = True
                    break
                pieces.append(piece)
        if pieces:
            self._received(b"".join(pieces))
        if ended:
            self.pause()
            self._received(b"")

    async def _watch(self, process: PtyProcess) -> None:
        """Notice the end of the program itself, whoever else still holds the terminal."""
        while process.isalive():
            await processes.may_have_ended(process.pid)
        self.exit_code = process.exitstatus if process.signalstatus is None else -process.signalstatus
        self.died.set()


def _take_in(descriptor: int) -> None:
    """Have what was typed echoed, or not, by the modes of now: Linux does so a moment later, or when somebody looks."""
    import fcntl

    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            programs = fcntl.ioctl(descriptor, _PEER, os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
            try:
                select.select([programs], [], [], 0)
            finally:
                os.close(programs)


def _plain(descriptor: int) -> list[Any]:
    """Lines end in a bare newline: what comes out is what was printed. Returns the modes."""
    import termios

    modes = termios.tcgetattr(descriptor)
    modes[1] &= ~termios.ONLCR
    termios.tcsetattr(descriptor, termios.TCSANOW, modes)
    return modes
