"""The terminal as a device: its modes, single keys, whole lines. Knows no prompt, no session and no colours.

While the program talks, the terminal is *quiet*: keys are neither echoed nor collected into lines, so that what is
typed early waits, byte for byte, for whoever reads next. Ctrl-C and Ctrl-Z stay signals. `restore` undoes everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import sys
import termios
from collections.abc import Iterator
from typing import Any

_QUIET = 0.15
"""Seconds without a key before a question is asked: what was typed before it must not answer it."""
_CUT = 0.05
"""Seconds in which the rest of a paste, or of a key's escape sequence, may arrive."""
_RESET = "\x1b[?2026l\x1b[?2004l\x1b[?25h\x1b[0m"
"""Ends a synchronised write, bracketed paste and colours, and shows the cursor."""


class Teletype:
    """One terminal, opened by the caller for reading and writing; POSIX only."""

    def __init__(self, reads: int, writes: int) -> None:
        self.reads = reads
        self.writes = writes
        self._ahead = b""
        self._before = termios.tcgetattr(reads)
        self._is_quiet = False

    # ---- modes

    def quiet(self) -> None:
        """Neither echo nor collect keys any more. What was typed before is kept for `ahead`."""
        if not self._is_quiet:
            self._ahead += self._pending()
        self._is_quiet = True
        self._set(_quieted(self._before))

    def ahead(self) -> str:
        """What was typed in another mode and is not read yet, once; Enter is a return, as in the quiet mode."""
        typed, self._ahead = self._ahead, b""
        return typed.replace(b"\n", b"\r").decode(errors="replace")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Quiet inside, as it was afterwards."""
        was_quiet = self._is_quiet
        self.quiet()
        try:
            yield
        finally:
            if not was_quiet:
                self._is_quiet = False
                self._set(self._before)

    def restore(self) -> None:
        """The modes as they were found, for whoever comes after; safe to repeat, and in a dying terminal."""
        self._is_quiet = False
        self._set(self._before, drain=True)
        if os.environ.get("TERM") != "dumb":
            self.write(_RESET)

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """The terminal as another program (an editor, a pager) expects it; afterwards as it was."""
        was_quiet = self._is_quiet
        now = termios.tcgetattr(self.reads)
        self._set(self._before)
        try:
            yield
        finally:
            self._set(now)
            self._is_quiet = was_quiet

    def suspend(self) -> None:
        """Stop this process as Ctrl-Z does; returns when it is continued, with the modes of before."""
        handler = signal.getsignal(signal.SIGTSTP)
        with self.lent():
            self.write("\x1b[?25h\x1b[0m")
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
            os.kill(0, signal.SIGTSTP)
            signal.signal(signal.SIGTSTP, handler)

    def _set(self, modes: list[Any], *, drain: bool = False) -> None:
        with contextlib.suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(self.reads, termios.TCSADRAIN if drain else termios.TCSANOW, modes)

    # ---- writing

    def write(self, text: str) -> None:
        """Write all of `text`; a terminal that is gone takes it silently."""
        data = text.encode(errors="replace")
        with contextlib.suppress(OSError):
            while data:
                data = data[os.write(self.writes, data) :]

    # ---- reading

    async def settled(self) -> None:
        """Throw away what was typed, until nothing has been for a moment."""
        self._ahead = b""
        termios.tcflush(self.reads, termios.TCIFLUSH)
        while await self._readable(_QUIET):
            if not self._read():
                return

    async def key(self) -> str:
        """The next single key, with or without Enter; "" at the end of input.

        Pastes, however they are cut on their way, and keys of several bytes (arrows) are passed over.
        """
        while True:
            await self._readable(None)
            typed = more = self._read()
            while more and await self._readable(_CUT):
                typed += (more := self._read())
            key = typed.rstrip(b"\r\n") or typed[:1]
            if len(key) <= 1:
                return key.decode(errors="replace")

    async def line(self, prompt: str = "", *, secret: bool = False) -> str | None:
        """A line, edited with the terminal's own keys; None at its end of input (Ctrl-D). A secret is not shown."""
        ahead = (self._ahead + self._pending()).replace(b"\r", b"\n")
        first, newline, self._ahead = ahead.partition(b"\n")
        if newline and not secret:
            text = _typed(first.decode(errors="replace"))
            self.write(f"{prompt}{text}\n")
            return text
        self._ahead = b""
        try:
            self._set(_edited(self._before, echo=not secret))
            self.write(prompt)  # what is typed from now on is edited
            await self._readable(None)
            typed = self._read()
            self._ahead += self._pending()
        except asyncio.CancelledError:
            self.write("\n")
            raise
        finally:
            self._set(_quieted(self._before))
        if secret or not typed.endswith(b"\n"):
            self.write("\n")
        return typed.removesuffix(b"\n").decode(errors="replace") if typed else None

    async def _readable(self, timeout: float | None) -> bool:
        """Whether a key came within `timeout` seconds; None waits for ever."""
        loop = asyncio.get_running_loop()
        ready = loop.create_future()

        def came() -> None:
            if not ready.done():
                ready.set_result(None)

        loop.add_reader(self.reads, came)
        try:
            async with asyncio.timeout(timeout):
                await ready
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(self.reads)
        return True

    def _read(self) -> bytes:
        try:
            return os.read(self.reads, 4096)
        except OSError:  # the terminal is gone
            return b""

    def _pending(self) -> bytes:
        """What is typed already, without waiting."""
        read = b""
        while select.select([self.reads], [], [], 0)[0]:
            piece = self._read()
            if not piece:
                break
            read += piece
        return read


def standard() -> Teletype:
    """The terminal behind stdin and stdout."""
    return Teletype(sys.stdin.fileno(), sys.stdout.fileno())


@contextlib.contextmanager
def controlling() -> Iterator[Teletype | None]:
    """The terminal that this program was started from, whatever stdin and stdout are; None if there is none."""
    try:
        descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        yield None
        return
    teletype = Teletype(descriptor, descriptor)
    try:
        yield teletype
    finally:
        teletype.restore()
        os.close(descriptor)


def _quieted(modes: list[Any]) -> list[Any]:
    changed = _edited(modes, echo=False)
    changed[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR | termios.IXON | termios.IXOFF)
    changed[3] &= ~(termios.ICANON | termios.IEXTEN)
    changed[6][termios.VMIN], changed[6][termios.VTIME] = 1, 0
    return changed


def _edited(modes: list[Any], *, echo: bool) -> list[Any]:
    changed = [*modes[:6], list(modes[6])]
    changed[0] |= termios.ICRNL
    changed[3] |= termios.ICANON | termios.ISIG | termios.IEXTEN
    changed[3] = changed[3] | termios.ECHO | termios.ECHOE | termios.ECHOK if echo else changed[3] & ~termios.ECHO
    return changed


def _typed(keys: str) -> str:
    """What a line holds after `keys`, as the terminal would have edited it."""
    line: list[str] = []
    for key in keys:
        if key in "\x7f\b":
            line = line[:-1]
        elif key == "\x15":
            line = []
        elif key.isprintable() or key == "\t":
            line.append(key)
    return "".join(line)
