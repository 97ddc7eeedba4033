"""Makes foreign text safe to draw: takes out, or shows, whatever a terminal would obey. Draws nothing itself.

Everything that was not written in this program is foreign: the model's words and code, outputs, errors, file names,
titles. What is let through is text, newlines, tabs and, where asked for, colours.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_STRING_END = r"(?:\x07|\x1b\\|[\x9c\x18\x1a]|(?=\x1b[^\\]))"  # an escape code that is not its end cuts it off
_STRING = r"(?:\x1b[\]P_^X]|[\x9d\x90\x9f\x9e\x98])[^\x07\x1b\x9c\x18\x1a]*"
_SEQUENCE = re.compile(
    rf"(?P<string>{_STRING}\x1b?\Z)"  # OSC, DCS, APC, PM and SOS with all they carry
    rf"|{_STRING}{_STRING_END}"
    r"|(?P<command>(?:\x1b(?:\[[0-?]*)?|\x9b[0-?]*)[ -/]*\Z)"
    r"|(?:\x1b\[|\x9b)(?P<parameters>[0-?]*)(?P<middle>[ -/]*)(?P<final>[@-~])"  # CSI
    r"|\x1b[ -/]+[0-~]|\x1b[0-Z\\^-~]"  # charsets and two-character commands
    r"|(?P<kept>[\r\b])"
    r"|(?P<surrogate>[\ud800-\udfff])"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
"""Each alternative consumes what it looked at, so that no text, however hostile, takes more than linear time."""
_SUSPECT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]")
_END_OF_STRING = re.compile(_STRING_END)
_LONGEST = 4096
"""Of an unfinished sequence longer than this nothing is held; a string is swallowed until its end."""
_LONGEST_COLOURS = 256
"""Parameters of one sequence that set colours; no program needs more."""

_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Letters and marks that look like nothing; most are good for names in several languages."""


class Sanitizer:
    """Cleans one stream of text, which may be cut anywhere, even inside a sequence.

    `colour` lets colours and weights through (never hidden or blinking text). `rewriting` lets a carriage return, a
    backspace and "erase the line" through, for `Rewriting`, which obeys them itself.
    """

    def __init__(self, *, colour: bool = False, rewriting: bool = False) -> None:
        self._colour = colour
        self._rewriting = rewriting
        self._held = ""
        self._swallowing = False
        self._coloured = False

    def feed(self, text: str) -> str:
        """What of the stream so far may be drawn now."""
        text, self._held = self._held + text, ""
        if self._swallowing:
            end = _END_OF_STRING.search(text)
            if end is None:
                self._held = "\x1b" if text.endswith("\x1b") else ""
                return ""
            text, self._swallowing = text[end.end() :], False
        if not _SUSPECT.search(text):
            return text
        return _SEQUENCE.sub(self._replaced, text)

    def close(self) -> str:
        """What ends the stream: colours are put back. An unfinished sequence is dropped."""
        self._held, self._swallowing = "", False
        reset, self._coloured = "\x1b[0m" if self._coloured else "", False
        return reset

    def _replaced(self, found: re.Match[str]) -> str:
        if found["string"] or found["command"]:  # goes on in the next piece
            self._swallowing = bool(found["string"]) and len(found[0]) > _LONGEST
            self._held = found[0] if len(found[0]) <= _LONGEST else ""
            return ""
        if found["surrogate"]:
            return "\ufffd"
        if found["kept"]:
            return found[0] if self._rewriting else ""
        if found["final"] == "m" and not found["middle"] and self._colour:
            allowed = _allowed(found["parameters"])
            if allowed is None:
                return ""
            self._coloured = allowed.rpartition(";")[2] not in ("", "0")
            return f"\x1b[{allowed}m"
        if found["final"] == "K" and not found["middle"] and self._rewriting:
            return "\x1b[2K" if found["parameters"] == "2" else "\x1b[K"
        return ""


def _allowed(parameters: str) -> str | None:
    """The colours and weights among the parameters of an SGR sequence; None if there is none."""
    if parameters == "":
        return ""
    if len(parameters) > _LONGEST_COLOURS or not re.fullmatch(r"[0-9;:]*", parameters):
        return None
    kept = [group for group in _attributes(parameters.split(";")) if _is_calm(group)]
    return ";".join(kept) if kept else None


def _attributes(codes: list[str]) -> Iterator[str]:
    """Attributes one by one; a colour of many numbers (`38;5;n`, `38;2;r;g;b`) stays together."""
    rest = list(codes)
    while rest:
        code = rest.pop(0)
        if code in ("38", "48") and rest[:1] in (["5"], ["2"]):
            length = 2 if rest[0] == "5" else 4
            colour, rest = rest[:length], rest[length:]
            if len(colour) == length and all(colour):
                yield ";".join((code, *colour))
        else:
            yield code or "0"


def _is_calm(attribute: str) -> bool:
    first = re.split("[;:]", attribute)[0]
    code = int(first[:4] or "0")
    return code in (0, 1, 2, 3, 4, 7, 9, 22, 23, 24, 27, 29) or 30 <= code <= 49 or 90 <= code <= 107


def clean(text: str, *, colour: bool = False) -> str:
    """One whole text, safe to draw."""
    sanitizer = Sanitizer(colour=colour)
    return sanitizer.feed(text) + sanitizer.close()


def clean_line(text: str) -> str:
    """One whole text, safe to draw, on one line: a title, a file's name, a reason."""
    return " ".join(clean(text).split())


def visible(code: str) -> str:
    """`code` with every character that hides, moves or reorders text written out, as in `<U+202E>`.

    For whoever must decide on it: nothing is left out, and tabs and line ends stay as they are.
    """
    if code.isascii() and code.isprintable():
        return code
    return "".join(_written_out(character) for character in code.replace("\r\n", "\n"))


def _written_out(character: str) -> str:
    blank = _BLANK.match(character) is not None
    if character in "\n\t" or (character.isprintable() and not blank):
        return character
    hides = blank or unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    return f"<U+{ord(character):04X}>" if hides else character
