"""The bytes of a shell's terminal, taken apart: the cell's own text, what comes between cells, marks. Pure."""

from __future__ import annotations

import codecs

_FULL_SCREEN = (b"\x1b[?1049h", b"\x1b[?1047h", b"\x1b[?47h")
"""What a program sends to take the whole screen."""
_LONGEST_MARK = 64


def mark(letter: str, token: str) -> bytes:
    """The OSC 133 mark that the shell prints where a cell begins (`C`) and ends (`D`)."""
    return f"\x1b]133;{letter};{token}\x07".encode()


class ShellStream:
    """Fed with bytes as they come; `text` holds what the cell printed and `late` what came outside of any cell.

    Text is decoded as UTF-8 with replacement, lines end in `\\n`. Begins outside of a cell.
    """

    def __init__(self) -> None:
        self.text: list[str] = []
        self.late: list[str] = []
        self.size = 0
        self.began = False
        self.ended = False
        self.full_screen = False
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = b""
        self._carriage = ""
        self._token = ""
        self._typed = b""
        self._window: bytearray | None = None  # between the typing of a line and the cell's begin: its echo is in here
        self._echo = ""

    def expect(self, token: str, typed: bytes) -> None:
        """A cell marked with `token` begins with the typing of `typed`, which the terminal echoes.

        Without `typed` it has begun already.
        """
        self.began, self.ended, self.full_screen = not typed, False, False
        self._token, self._typed, self._window = token, typed.rstrip(b"\n"), bytearray() if typed else None
        self._echo = ""
        self.text, self.size = [], 0

    def answered(self, text: str) -> None:
        """`text` is typed for a program that reads a line; its echo is no output."""
        self._echo = text

    def feed(self, data: bytes) -> None:
        """Take more bytes."""
        data, self._held = self._held + data, b""
        for wanted in (b"C", b"D"):
            if (wanted == b"C") == self.began or self.ended:
                continue
            found = data.find(mark(wanted.decode(), self._token))
            if found >= 0:
                self._take(data[:found])
                data = data[found + len(mark(wanted.decode(), self._token)) :]
                self._turn()
        data, self._held = _split(data, self._token)
        self._take(data)

    def finish(self) -> None:
        """No more bytes come: what was held back is text after all."""
        data, self._held = self._held, b""
        self._take(data)
        self._add(self._decoder.decode(b"", final=True), final=True)

    def take(self, *, unfinished: bool) -> str:
        """The cell's text since the last call: its whole lines, with `unfinished` also the begin of a line."""
        text = "".join(self.text)
        cut = len(text) if unfinished else text.rfind("\n") + 1
        self.text = [text[cut:]] if cut < len(text) else []
        self.size = len(text) - cut
        return text[:cut]

    def take_late(self) -> str:
        """What came outside of a cell since the last call."""
        text, self.late = "".join(self.late), []
        return text

    def _turn(self) -> None:
        """From outside into the cell, or out of it."""
        if not self.began:
            self.began = True
            before = bytes(self._window or b"").replace(self._typed + b"\r\n", b"", 1).replace(self._typed + b"\n", b"")
            self._window = None
            if before:
                self.late.append(before.decode("utf-8", "replace").replace("\r\n", "\n"))
        else:
            self._add(self._decoder.decode(b"", final=True), final=True)
            self.ended = True

    def _take(self, data: bytes) -> None:
        if not data:
            return
        if self._window is not None:
            self._window += data
            return
        if self.began and not self.ended and not self.full_screen:
            found = [at for at in map(data.find, _FULL_SCREEN) if at >= 0]
            if found:
                self._add(self._decoder.decode(data[: min(found)]), final=True)
                self.full_screen = True
        if not self.full_screen:
            self._add(self._decoder.decode(data))

    def _add(self, text: str, *, final: bool = False) -> None:
        text = self._carriage + text
        self._carriage = ""
        if text.endswith("\r") and not final:
            text, self._carriage = text[:-1], "\r"
        text = self._without_echo(text.replace("\r\n", "\n") if "\r" in text else text)
        if not text:
            return
        if self.began and not self.ended:
            self.text.append(text)
            self.size += len(text)
        else:
            self.late.append(text)

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
    at = data.rfind(b"\x1b", max(0, len(data) - _LONGEST_MARK))
    if at < 0:
        return data, b""
    tail = data[at:]
    sequences = (mark("C", token), mark("D", token), *_FULL_SCREEN)
    return (data[:at], tail) if any(whole.startswith(tail) and whole != tail for whole in sequences) else (data, b"")
