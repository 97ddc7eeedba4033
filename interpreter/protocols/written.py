"""A call that a model wrote out as text: JSON or a tag as the whole message, or a closing fenced block. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from interpreter.protocols import arguments
from interpreter.protocols.exchange import ReadCall, UnreadableCall
from interpreter.protocols.fences import Closed, Code, FenceScanner, Opened, Prose, Token

_BEGINNINGS = ("{", "<tool_call>", "<function_call>", "```json", "```tool_call", "[{")
_TAG = re.compile(r"^<(tool_call|function_call)>(.*?)(?:</\1>)?$", re.DOTALL)
_JSON_FENCE = re.compile(r"^```(?:json|tool_call)[^\S\n]*\n(.*?)```$", re.DOTALL)


def whole_call(text: str, resolve: Callable[[str], str | None]) -> ReadCall | None:
    """The call that `text` is, all of it; None if it is anything else."""
    body = text.strip()
    for wrapper, group in ((_TAG, 2), (_JSON_FENCE, 1)):
        if found := wrapper.match(body):
            body = found.group(group).strip()
    try:
        value = json.loads(body, strict=False)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        return None
    inner = value.get("arguments", value.get("parameters", value))
    parsed = arguments.parse(inner if isinstance(inner, str) else json.dumps(inner))
    if isinstance(parsed, str):
        return None
    language = resolve(parsed.language)
    return ReadCall(language=language, code=parsed.code) if language else None


def may_begin_call(text: str) -> bool:
    """Whether a message that begins with `text` may turn out to be a call written out."""
    start = text.lstrip()
    return any(start.startswith(mark) or mark.startswith(start) for mark in _BEGINNINGS)


class WrittenCall:
    """Holds back what may be a call written out, and gives the rest for display, as text arrives.

    Held back are a message that begins like a call, and a runnable fenced block for as long as nothing follows it.
    """

    def __init__(self, resolve: Callable[[str], str | None]) -> None:
        self._resolve = resolve
        self._scanner = FenceScanner(resolve)
        self._start: str | None = ""  # the message so far, while it may be a call as a whole
        self._held: list[str] = []  # the text of the last runnable block
        self._language = ""
        self._code: list[str] = []
        self._closed = False

    @property
    def fenced(self) -> bool:
        """Whether the call that `close` gave was a fenced block."""
        return self._closed

    def feed(self, text: str) -> str:
        """What can be shown now."""
        if self._start is None:
            return self._scan(self._scanner.feed(text))
        self._start += text
        if may_begin_call(self._start):
            return ""
        text, self._start = self._start, None
        return self._scan(self._scanner.feed(text))

    def rest(self) -> str:
        """All that is held, as prose: the reply turned out to be something else."""
        if self._start is not None:
            text, self._start = self._start, None
            return text
        return self._scan(self._scanner.close()) + self._flush()

    def close(self, *, cut: bool) -> tuple[str, ReadCall | UnreadableCall | None]:
        """The last words, and the call if there is one; a reply that was `cut` holds none."""
        if self._start is not None:
            call = None if cut else whole_call(self._start, self._resolve)
            if call:
                return "", call
            text, self._start = self._start, None
            words = self._scan(self._scanner.feed(text))
        else:
            words = ""
        words += self._scan(self._scanner.close())
        if self._closed and not cut:
            return words, ReadCall(language=self._language, code="".join(self._code))
        return words + self._flush(), None

    def _scan(self, tokens: list[Token]) -> str:
        shown = []
        for token in tokens:
            match token:
                case Prose(text):
                    if self._closed and text.strip():
                        shown.append(self._flush())
                    if self._closed:
                        self._held.append(text)
                    else:
                        shown.append(text)
                case Opened(language, line):
                    shown.append(self._flush())
                    self._language, self._held = language, [line]
                case Code(text):
                    self._code.append(text)
                    self._held.append(text)
                case Closed(line):
                    self._held.append(("\n" if self._code else "") + line)
                    self._closed = bool("".join(self._code).strip())
                    if not self._closed:
                        shown.append(self._flush())
        return "".join(shown)

    def _flush(self) -> str:
        text = "".join(self._held)
        self._held, self._code, self._closed = [], [], False
        return text
