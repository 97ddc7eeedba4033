"""Thinking aloud that came as `<think>` tags in the text, told apart from the words. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from interpreter.protocols.exchange import Chunk, Piece, Reply
from interpreter.seams import Reader

_OPENING = re.compile(r"\s*<(think|thinking)>")
_TAGS = ("<think>", "<thinking>")
_LATE = re.compile(r"^(.*?)(?<!`)</(?:think|thinking)>\s*", re.DOTALL)


class ThoughtReader:
    """A `Reader` in front of another: gives it what a leading tag encloses as reasoning, the rest as text.

    Some servers leave out the opening tag; then the whole reply is put right at its end.
    """

    def __init__(self, inner: Reader) -> None:
        self._inner = inner
        self._start: str | None = ""  # the text so far, while a tag may still begin it
        self._closing = ""  # what ends the thought, while one is open
        self._held = ""  # the end of a thought that may be the beginning of its closing tag
        self._after = False  # nothing but empty lines came since a thought ended

    @property
    def done(self) -> bool:
        """Whether the rest of the stream is not wanted."""
        return self._inner.done

    def feed(self, chunk: Chunk) -> Sequence[Piece]:
        """What of `chunk` can be shown now."""
        if self._start is None and not self._closing and not self._after:
            return self._inner.feed(chunk)
        thought, words = self._split(chunk.text)
        if chunk.calls or chunk.finish:
            words += self._flush()
        return self._inner.feed(replace(chunk, text=words, reasoning=chunk.reasoning + thought))

    def close(self) -> Reply:
        """The whole reply."""
        if self._held or self._start:
            self._inner.feed(Chunk(text=self._flush(), reasoning=self._held))
        reply = self._inner.close()
        late = None if reply.reasoning else _LATE.match(reply.text)
        if late is None:
            return reply
        return replace(reply, text=reply.text[late.end() :], reasoning=late.group(1).strip())

    def _split(self, text: str) -> tuple[str, str]:
        """What `text` adds to the thought and to the words."""
        if self._closing:
            return self._thought(text)
        if self._after:
            return "", self._first_words(text)
        self._start = (self._start or "") + text
        opened = _OPENING.match(self._start)
        if opened:
            self._closing = f"</{opened.group(1)}>"
            rest, self._start = self._start[opened.end() :], None
            return self._thought(rest)
        if any(tag.startswith(self._start.lstrip()) for tag in _TAGS):
            return "", ""
        words, self._start = self._start, None
        return "", words

    def _thought(self, text: str) -> tuple[str, str]:
        text = self._held + text
        thought, closed, words = text.partition(self._closing)
        if closed:
            self._closing = self._held = ""
            self._after = True
            return thought, self._first_words(words)
        kept = next((n for n in range(len(self._closing) - 1, 0, -1) if text.endswith(self._closing[:n])), 0)
        self._held = text[len(text) - kept :]
        return text[: len(text) - kept], ""

    def _first_words(self, text: str) -> str:
        words = text.lstrip("\n")
        self._after = not words
        return words

    def _flush(self) -> str:
        """Text that turned out to begin no tag."""
        text, self._start = self._start or "", None
        return text
