"""Reads native calls, as `tools` or as the original `function_call`, out of the chunks of one reply. Pure.

Whether there is a call decides, never the finish reason alone; a call of a reply that was cut is not read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from interpreter.events import Call
from interpreter.protocols import arguments, written
from interpreter.protocols.exchange import (
    CallDelta,
    Chunk,
    CodePiece,
    Piece,
    ReadCall,
    ReasoningPiece,
    Reply,
    TextPiece,
    UnreadableCall,
)

_CUT = ("length", "max_tokens", "content_filter")


@dataclass(slots=True, kw_only=True)
class _Growing:
    """One call while its fragments arrive."""

    index: int | None
    id: str = ""
    name: str = ""
    raw: list[str] = field(default_factory=list)
    extra: dict[str, object] = field(default_factory=dict)
    stream: arguments.ArgumentStream = field(default_factory=arguments.ArgumentStream)

    @property
    def complete(self) -> bool:
        """Whether the arguments so far are whole and cannot go on."""
        ends = bool(self.raw) and self.raw[-1].rstrip().endswith("}")
        return ends and not isinstance(arguments.parse("".join(self.raw)), str)


class CallReader:
    """A `Reader` for replies that may hold native calls; in their absence the text may hold a call written out.

    `resolve` gives the canonical language; `lenient` lets a reply that is a call in plain text count as one.
    """

    def __init__(self, resolve: Callable[[str], str | None], *, lenient: bool) -> None:
        self._resolve = resolve
        self._text = written.WrittenCall(resolve) if lenient else None
        self._words: list[str] = []
        self._reasoning: list[str] = []
        self._calls: list[_Growing] = []
        self._finish: str | None = None

    @property
    def done(self) -> bool:
        """Never early: a native reply ends with its stream."""
        return False

    def feed(self, chunk: Chunk) -> Sequence[Piece]:
        """What of `chunk` can be shown."""
        pieces: list[Piece] = []
        if chunk.reasoning:
            self._reasoning.append(chunk.reasoning)
            pieces.append(ReasoningPiece(text=chunk.reasoning))
        if chunk.text:
            pieces += self._shown(chunk.text if self._text is None else self._text.feed(chunk.text))
        for delta in chunk.calls:
            pieces += self._call(delta)
        self._finish = chunk.finish or self._finish
        return pieces

    def close(self) -> Reply:
        """The whole reply."""
        if self._calls:
            held = self._text.rest() if self._text else ""
            return replace(self._words_alone(held), calls=tuple(map(self._read, self._calls)), native=True)
        if self._text is None:
            return self._words_alone()
        words, call = self._text.close(cut=self._finish in _CUT)
        fenced = call is not None and self._text.fenced
        return replace(self._words_alone(words), calls=(call,) if call else (), fenced=fenced)

    def _words_alone(self, rest: str = "") -> Reply:
        return Reply(text="".join(self._words) + rest, reasoning="".join(self._reasoning), finish=self._finish)

    def _shown(self, text: str) -> list[Piece]:
        if not text:
            return []
        self._words.append(text)
        return [TextPiece(text=text)]

    def _call(self, delta: CallDelta) -> list[Piece]:
        call = self._growing(delta)
        call.id = call.id or delta.id or ""
        call.name = call.name or delta.name
        call.extra.update(delta.extra or {})
        call.raw.append(delta.arguments)
        code = call.stream.feed(delta.arguments)
        if not code:
            return []
        language = self._resolve(call.stream.language) or call.stream.language
        return [CodePiece(position=self._calls.index(call), language=language, text=code)]

    def _growing(self, delta: CallDelta) -> _Growing:
        """The call that `delta` belongs to.

        A new id begins a new call even where the index is missing or repeated; so does a name after whole arguments.
        """
        for call in reversed(self._calls):
            same_index = delta.index is None or call.index == delta.index
            new = bool(delta.id and call.id and delta.id != call.id) or (bool(delta.name) and call.complete)
            if same_index and not new:
                return call
        self._calls.append(_Growing(index=delta.index))
        return self._calls[-1]

    def _read(self, growing: _Growing) -> ReadCall | UnreadableCall:
        raw = "".join(growing.raw)
        call = Call(id=growing.id, name=growing.name, extra=growing.extra)
        if self._finish in _CUT:
            return UnreadableCall(raw=raw, reason="The reply was cut before the call was complete.", call=call)
        parsed = arguments.parse(raw)
        if isinstance(parsed, str):
            return UnreadableCall(raw=raw, reason=parsed, call=call)
        language = self._resolve(parsed.language)
        if language is None:
            return UnreadableCall(raw=raw, reason=f"The language {parsed.language!r} cannot run here.", call=call)
        return ReadCall(language=language, code=parsed.code, call=call)
