"""The `text` protocol: the model writes a fenced block, the stream is cut at its closing fence, and the result goes
back as a user message, so that only the roles system, assistant and user are ever sent. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from interpreter.events import ProtocolName
from interpreter.history import Cell, History, RejectedCall, Reply
from interpreter.protocols import exchange as x
from interpreter.protocols import messages, tools
from interpreter.protocols.brief import Brief
from interpreter.protocols.fences import Closed, Code, FenceScanner, Opened, Prose, Token
from interpreter.protocols.repair import advice
from interpreter.protocols.written import may_begin_call, whole_call

_CUT = "The block was cut before its closing fence."


class TextProtocol:
    """Implements `CallProtocol`; for endpoints that take no functions, or only the three plain roles."""

    name: ProtocolName = "text"

    def __init__(self, brief: Brief, *, rules: str = "") -> None:
        self._brief = brief
        self._rules = rules

    def request(self, history: History) -> x.Request:
        """The whole conversation as plain messages."""
        system = f"{self._brief.system}\n\n{self._rules}" if self._rules else self._brief.system
        rendered: list[x.Message] = [{"role": "system", "content": system}]
        failed: list[str] = []  # code, in this turn
        for entry, head, tail in messages.budgeted(self._brief, history):
            if isinstance(entry, Reply):
                rendered += self._reply(entry, head, tail, failed)
            else:
                failed.clear()
                rendered.append(messages.of_user(entry, head, tail))
        return x.Request(messages=messages.merged(rendered))

    def reader(self) -> TextReader:
        """A reader for one reply."""
        return TextReader(self._brief)

    def _reply(self, reply: Reply, head: int, tail: int, failed: list[str]) -> Iterator[x.Message]:
        blocks = [_block(call) for call in reply.calls]
        yield {"role": "assistant", "content": "\n\n".join(part for part in (reply.text.strip(), *blocks) if part)}
        if not reply.calls:
            return
        results = [messages.fence("output", tools.result(call, head, tail)) for call in reply.calls]
        if self._brief.advises:
            results += self._advice(reply, failed)
        yield {"role": "user", "content": "Output of the code:\n" + "\n\n".join(results)}
        if self._brief.sees_images:
            yield from messages.of_pictures(call for call in reply.calls if isinstance(call, Cell))

    @staticmethod
    def _advice(reply: Reply, failed: list[str]) -> Iterator[str]:
        """A way out of each error; `failed` learns the code that led there."""
        for call in reply.calls:
            if isinstance(call, Cell) and (words := advice(call, failed)):
                failed.append(call.code.strip())
                yield words


class TextReader:
    """A `Reader` that ends the reply at the first closed runnable block."""

    def __init__(self, brief: Brief) -> None:
        self._brief = brief
        self._scanner = FenceScanner(brief.resolve)
        self._start: str | None = ""  # the message so far, while it may be a call written out as JSON
        self._words: list[str] = []
        self._reasoning: list[str] = []
        self._language = ""
        self._code: list[str] = []
        self._done = False
        self._finish: str | None = None

    @property
    def done(self) -> bool:
        """True once the first runnable block has closed."""
        return self._done

    def feed(self, chunk: x.Chunk) -> Sequence[x.Piece]:
        """What of `chunk` can be shown; nothing more once the reply is done."""
        pieces: list[x.Piece] = []
        if chunk.reasoning and not self._done:
            self._reasoning.append(chunk.reasoning)
            pieces.append(x.ReasoningPiece(text=chunk.reasoning))
        if chunk.text and not self._done:
            pieces += self._text(chunk.text)
        self._finish = chunk.finish or self._finish
        return pieces

    def close(self) -> x.Reply:
        """The whole reply."""
        call: x.ReadCall | x.UnreadableCall | None = None
        if self._start is not None:
            call = whole_call(self._start, self._brief.resolve) if self._finish != "length" else None
            if call is None:
                self._scan(self._scanner.feed(self._start))
        if call is None:
            self._scan([] if self._done else self._scanner.close())
            call = self._block()
        return x.Reply(
            text="".join(self._words).rstrip("\n") if call else "".join(self._words),
            reasoning="".join(self._reasoning),
            calls=(call,) if call else (),
            finish=self._finish,
        )

    def _block(self) -> x.ReadCall | x.UnreadableCall | None:
        code = "".join(self._code)
        if self._done:
            return x.ReadCall(language=self._language, code=code)
        return x.UnreadableCall(raw=code, reason=_CUT) if self._scanner.in_code else None

    def _text(self, text: str) -> list[x.Piece]:
        if self._start is None:
            return self._scan(self._scanner.feed(text))
        self._start += text
        if may_begin_call(self._start):
            return []
        text, self._start = self._start, None
        return self._scan(self._scanner.feed(text))

    def _scan(self, tokens: list[Token]) -> list[x.Piece]:
        pieces: list[x.Piece] = []
        for token in tokens:
            if self._done:
                break
            match token:
                case Prose(text):
                    self._words.append(text)
                    pieces.append(x.TextPiece(text=text))
                case Opened(language, _):
                    self._language, self._code = language, []
                case Code(text):
                    self._code.append(text)
                    pieces.append(x.CodePiece(position=0, language=self._language, text=text))
                case Closed(_):
                    self._done = bool("".join(self._code).strip())
        return pieces


def _block(call: Cell | RejectedCall) -> str:
    if isinstance(call, RejectedCall):
        return call.raw[:2000].strip() or "(an empty call)"  # no endpoint takes an empty message
    return messages.fence(call.language, call.proposed)
