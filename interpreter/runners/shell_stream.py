"""The bytes of a shell's terminal, taken apart: what the cell prints, what comes between cells, marks. Pure."""

from __future__ import annotations

import codecs
import re

from interpreter.runners.printed import ENOUGH, LATE

_FULL_SCREEN = (b"\x1b[?1049h", b"\x1b[?1047h", b"\x1b[?47h", b"\x1b[?1h\x1b=")
"""What a program sends to take the whole screen: the other screen buffer, or the keys of a keypad."""
_LONG_LINE = 65_536
"""Characters of a line that are not held back until its end."""
_REPEATED = re.compile(rb"\x1b\]133;D;[0-9a-z]*\x07|__interpreter_token=[0-9a-f]*\r?\n")
"""The end of a cell once more, and lines that do nothing: what follows an interrupt at the prompt."""
_LINE_END = re.compile(r"\r+\n")
_LONGEST = 64
"""No sequence that matters is longer, in bytes."""


def mark(letter: str, token: str) -> bytes:
    """The OSC 133 mark that the shell prints where a cell begins (`C`) and ends (`D`)."""
    return f"\x1b]133;{letter};{token}\x07".encode()


class ShellStream:
    """Fed with bytes as they come. Text is decoded as UTF-8 with replacement, and lines end in `\\n`.

    `size` is how much of the cell's text waits to be taken; `line` is how far the line goes that was taken last.
    """

    def __init__(self) -> None:
        self.size = 0
        self.line = ""
        self.began = False
        self.ended = False
        self.full_screen = False
        self._text: list[str] = []
        self._late: list[str] = []
        self._late_room = LATE
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = b""
        self._carriage = ""
        self._token = ""
        self._typed = b""
        self._window: bytearray | None = None  # between the typing of a line and the cell's begin: its echo is in here
        self._echo = ""
        self._deaf = False

    def expect(self, token: str, typed: bytes) -> None:
        """A cell marked with `token` begins with the typing of `typed`, which the terminal echoes.

        Without `typed` it has begun already.
        """
        self.began, self.ended, self.full_screen, self._deaf = not typed, False, False, False
        self._token, self._typed, self._window = token, typed.rstrip(b"\n"), bytearray() if typed else None
        self._text, self.size, self.line, self._echo = [], 0, "", ""
        self._late_room = LATE

    def answered(self, echo: str) -> None:
        """A line is typed for a program that reads one; `echo` is what the terminal repeats of it, and no output."""
        self._echo, self.line = echo, ""

    def give_up(self) -> None:
        """Whatever else the cell prints is left out."""
        self._deaf = True
        self._text, self.size = [], 0

    def feed(self, data: bytes) -> None:
        """Take more bytes."""
        data, self._held = self._held + data, b""
        for letter, awaited in (("C", not self.began), ("D", not self.ended)):
            found = data.find(mark(letter, self._token)) if awaited else -1
            if found >= 0:
                self._take(data[:found])
                data = data[found + len(mark(letter, self._token)) :]
                self._turn()
        data, self._held = _split(data, self._token)
        self._take(data)

    def finish(self) -> None:
        """No more bytes come: what was held back is text after all."""
        data, self._held = self._held, b""
        self._take(data)
        self._add(self._decoder.decode(b"", final=True), final=True)

    def take(self, *, unfinished: bool) -> str:
        """The cell's text since the last call: its whole lines, with `unfinished` also the begin of a line.

        A very long line, or one that is written over and over, is not held back.
        """
        text = "".join(self._text)
        cut = text.rfind("\n") + 1
        if unfinished or len(text) - cut > _LONG_LINE or "\r" in text[cut:]:
            cut = len(text)
        self._text, self.size = [text[cut:]] if cut < len(text) else [], len(text) - cut
        taken = text[:cut]
        if taken:
            self.line = taken.rpartition("\n")[2] if "\n" in taken else self.line + taken
        return taken

    def peek(self) -> str:
        """The begin of a line that waits to be taken."""
        return "".join(self._text).rpartition("\n")[2]

    @property
    def too_late(self) -> bool:
        """Whether more comes outside of a cell than is kept."""
        return self.ended and self._late_room <= 0

    @property
    def has_late(self) -> bool:
        """Whether something came outside of a cell since it was last taken."""
        return bool(self._late)

    def take_late(self) -> str:
        """What came outside of a cell since the last call."""
        text, self._late = "".join(self._late), []
        return text

    def _turn(self) -> None:
        """From outside into the cell, or out of it."""
        if self.began:
            self._add(self._decoder.decode(b"", final=True), final=True)
            self.ended = True
            return
        self.began = True
        before = _REPEATED.sub(b"", bytes(self._window or b"")).replace(b"\r\n", b"\n")
        before = before.replace(self._typed + b"\n", b"", 1)
        self._window = None
        self._keep_late(before.decode("utf-8", "replace"))

    def _take(self, data: bytes) -> None:
        if self._window is not None:
            self._window += data
            return
        if self.ended:
            data = _REPEATED.sub(b"", data)
        elif self.began and not self.full_screen:
            found = [at for at in map(data.find, _FULL_SCREEN) if at >= 0]
            if found:
                self._add(self._decoder.decode(data[: min(found)]), final=True)
                self.full_screen = True
        self._add(self._decoder.decode(data))

    def _add(self, text: str, *, final: bool = False) -> None:
        text, self._carriage = self._carriage + text, ""
        if text.endswith("\r") and not final:
            whole = text.rstrip("\r")
            text, self._carriage = whole, text[len(whole) :]
        text = self._without_echo(_LINE_END.sub("\n", text) if "\r" in text else text)
        if self.ended:
            self._keep_late(text)
        elif text and not self._deaf and not self.full_screen:
            self._text.append(text)
            self.size += len(text)

    def _keep_late(self, text: str) -> None:
        if text and self._late_room > 0:
            self._late_room -= len(text)
            self._late.append(text if self._late_room > 0 else ENOUGH)

    def _without_echo(self, text: str) -> str:
        if not self._echo or not text:
            return text
        if self._echo.startswith(text):
            self._echo = self._echo[len(text) :]
            return ""
        echo, self._echo = self._echo, ""
        return text.removeprefix(echo)


def _split(data: bytes, token: str) -> tuple[bytes, bytes]:
    """`data`, and apart from it the begin of a sequence that matters, if it ends in one."""
    at = data.rfind(b"\x1b", max(0, len(data) - _LONGEST))
    tail = data[at:] if at >= 0 else b""
    sequences = (mark("C", token), mark("D", token), *_FULL_SCREEN)
    if tail and any(whole.startswith(tail) for whole in sequences):
        return data[:at], tail
    return data, b""
