"""The arguments of a call, `{"language": ..., "code": ...}`: decoded as they arrive for display, parsed whole to run.

What `ArgumentStream` decodes is only ever shown. What runs is what `parse` returns, from the complete text.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_PLAIN = re.compile(r'[^"\\]+')
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|[^u])")
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """Complete arguments of one call."""

    language: str
    code: str


def parse(raw: str) -> Arguments | str:
    """The arguments written as `raw`, or, in words for the model, why they cannot be used.

    Unescaped newlines inside strings are accepted: several models write them, and the text is complete all the same.
    """
    try:
        value = json.loads(raw, strict=False)
    except (ValueError, RecursionError) as error:
        return f"The arguments are not valid JSON ({error})."
    if not isinstance(value, dict):
        return "The arguments are not a JSON object."
    language, code = value.get("language"), value.get("code")
    if not isinstance(language, str) or not isinstance(code, str):
        return 'The arguments must hold the strings "language" and "code".'
    if not code.strip():
        return 'The argument "code" is empty.'
    return Arguments(language=language, code=code)


class ArgumentStream:
    """Decodes the top-level strings of a JSON object while it is being received, in time linear in its length.

    Never fails: from malformed input on it yields nothing more.
    """

    def __init__(self) -> None:
        self.language = ""
        self._rest = ""
        self._depth = 0
        self._key: str | None = None  # the key whose value is read, at depth 1
        self._in_string = False
        self._string: list[str] = []  # of a key, or of the language
        self._held: list[str] = []  # code that came before the language

    def feed(self, fragment: str) -> str:
        """The code that `fragment` adds; held back until the language is known."""
        text, position = self._rest + fragment, 0
        code: list[str] = []
        while position < len(text):
            step = self._string_step(text, position, code) if self._in_string else self._structure_step(text, position)
            if step == position:
                break
            position = step
        self._rest = text[position:]
        self._held += code
        if not self.language:
            return ""
        ready, self._held = "".join(self._held), []
        return ready

    def _string_step(self, text: str, position: int, code: list[str]) -> int:
        if text[position] == '"':
            self._end_string()
            return position + 1
        plain = _PLAIN.match(text, position)
        if plain:
            self._characters(plain.group(), code)
            return plain.end()
        decoded = _unescape(text, position)
        if decoded is None:
            return position
        self._characters(decoded[0], code)
        return decoded[1]

    def _structure_step(self, text: str, position: int) -> int:
        match text[position]:
            case '"':
                self._in_string = True
            case "{" | "[":
                self._depth += 1
            case "}" | "]":
                self._depth -= 1
            case "," if self._depth == 1:
                self._key = None
            case _:
                pass
        return position + 1

    def _characters(self, text: str, code: list[str]) -> None:
        if self._depth != 1:
            return
        if self._key == "code":
            code.append(text)
        else:
            self._string.append(text)

    def _end_string(self) -> None:
        self._in_string = False
        value, self._string = "".join(self._string), []
        if self._depth == 1 and self._key is None:
            self._key = value
        elif self._depth == 1 and self._key == "language":
            self.language = value


def _unescape(text: str, position: int) -> tuple[str, int] | None:
    """The character escaped at `position` and the position after it; None while the escape is incomplete."""
    escape = _ESCAPE.match(text, position)
    if escape is None:
        return ("", position + 1) if len(text) - position >= 6 else None
    body, end = escape.group()[1:], escape.end()
    if body[0] != "u":
        return _SHORT.get(body, body), end
    unit = int(body[1:], 16)
    if not 0xD800 <= unit < 0xDC00:
        return (chr(unit) if not 0xDC00 <= unit < 0xE000 else "\ufffd"), end
    if len(text) - end < 6 and "\\u".startswith(text[end : end + 2]):
        return None
    low = _ESCAPE.match(text, end)
    if low and low.group()[1] == "u":
        digits = low.group()[2:]
        if 0xDC00 <= (second := int(digits, 16)) < 0xE000:
            return chr(0x10000 + ((unit - 0xD800) << 10) + (second - 0xDC00)), low.end()
    return "\ufffd", end
