"""A program on a pseudo-terminal, and what a person would see of it. Waits for contents, never for a time."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import pyte

ROOT = Path(__file__).parent.parent.parent
SIGN = "\N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT} "
PATIENCE = 60.0
"""Seconds until a test gives up waiting; a loaded machine needs a few of them."""


class _Screen(pyte.HistoryScreen):
    """A screen that answers the questions which terminals answer."""

    def __init__(self, columns: int, lines: int, answer: Callable[[str], None]) -> None:
        super().__init__(columns, lines, history=2000)
        self._answer = answer

    def write_process_input(self, data: str) -> None:
        self._answer(data)


class Terminal:
    """`argv` in a terminal of `columns` times `lines`. Leave it through `with`: the program is then ended."""

    def __init__(
        self, argv: Sequence[str], *, home: Path, columns: int = 80, lines: int = 24, **variables: str
    ) -> None:
        self.home = home
        self._screen = _Screen(columns, lines, self.send)
        self._stream = pyte.ByteStream(self._screen)
        self.bytes = b""
        self._status: int | None = None
        home.mkdir(exist_ok=True)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "INTERPRETER_HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            **variables,
        }
        self.pid, self.fd = _forked(argv, environment, home, columns, lines)
        self.modes = termios.tcgetattr(self.fd)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    # ---- doing

    def send(self, text: str) -> None:
        """Type `text`."""
        os.write(self.fd, text.encode())

    def signal(self, number: int) -> None:
        """Send a signal to the program."""
        os.kill(self.pid, number)

    def resize(self, columns: int, lines: int = 24) -> None:
        """Make the terminal as wide as `columns`."""
        self._screen.resize(lines, columns)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    # ---- seeing

    @property
    def lines(self) -> list[str]:
        """What is on the screen, and above it in the scrollback, without empty lines at the end."""
        above = [
            "".join(row[column].data for column in range(self._screen.columns)) for row in self._screen.history.top
        ]
        lines = [line.rstrip() for line in [*above, *self._screen.display]]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    @property
    def text(self) -> str:
        """The same, as one text."""
        return "\n".join(self.lines)

    @property
    def cursor_line(self) -> str:
        """The line that the cursor is on, up to the cursor."""
        return self._screen.display[self._screen.cursor.y][: self._screen.cursor.x]

    @property
    def at_prompt(self) -> bool:
        """Whether the program waits for a line of which nothing is typed yet."""
        return self.cursor_line in (SIGN, "> ")

    def read(self, seconds: float) -> bool:
        """Take in what the program writes within `seconds`; whether it wrote anything."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the program has ended
            data = b""
        self.bytes += data
        self._stream.feed(data)
        return bool(data)

    def until(self, seen: Callable[[], bool] | str) -> None:
        """Read until `seen` holds, or that text is on the screen."""

        def check() -> bool:
            return seen in self.text if isinstance(seen, str) else seen()

        deadline = time.monotonic() + PATIENCE
        while not check():
            assert time.monotonic() < deadline, f"waited in vain for {seen}; the screen:\n{self.text}"
            if not self.read(0.2) and self.exited:
                assert check(), f"the program has ended; the screen:\n{self.text}"

    def until_prompt(self) -> None:
        """Read until a line can be typed."""
        self.until(lambda: self.at_prompt)

    @property
    def exited(self) -> bool:
        """Whether the program has ended."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._status = status if pid else None
        return self._status is not None

    def exit_code(self) -> int:
        """Read until the program ends; its exit code, negative if a signal ended it."""
        self.until(lambda: self.exited)
        while self.read(0):
            pass
        assert self._status is not None
        return os.waitstatus_to_exitcode(self._status)

    def modes_now(self) -> list[Any]:
        """The terminal's modes."""
        return termios.tcgetattr(self.fd)

    def kept(self, name: str) -> list[str]:
        """The lines of a file that the program wrote for the test."""
        file = self.home / name
        return file.read_text().splitlines() if file.exists() else []


def conversation(home: Path, **options: Any) -> Terminal:
    """The conversation with scripted parts; see `tests.pty.program`."""
    return Terminal([sys.executable, "-m", "tests.pty.program"], home=home, **options)


def _forked(
    argv: Sequence[str], environment: Mapping[str, str], folder: Path, columns: int, lines: int
) -> tuple[int, int]:
    pid, fd = pty.fork()
    if pid == 0:
        try:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            os.chdir(folder)
            os.execvpe(argv[0], list(argv), dict(environment))
        finally:
            os._exit(127)
    return pid, fd
