"""A model whose reply never cuts a known secret in two, so that whoever keeps its pieces can mask it. Masks nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from interpreter.errors import ModelError
from interpreter.protocols.exchange import CallDelta, Chunk, Request
from interpreter.seams import Model
from interpreter.secrets import Secrets
from interpreter.stop import Stop, Stopped


class Undivided:
    """Implements `Model` over another. The end of a piece that may become one of `secrets` waits for the next piece."""

    def __init__(self, model: Model, secrets: Secrets) -> None:
        self._model = model
        self._secrets = secrets

    @property
    def name(self) -> str:
        """The other's name."""
        return self._model.name

    @property
    def window(self) -> int | None:
        """The other's window."""
        return self._model.window

    async def stream(self, request: Request, stop: Stop) -> AsyncGenerator[Chunk, None]:
        """The other's reply."""
        held = Chunk()
        try:
            async with aclosing(self._model.stream(request, stop)) as chunks:
                async for chunk in chunks:
                    joined = _joined(held, chunk)
                    if joined is None:
                        yield held
                    ready, held = self._cut(joined or chunk)
                    yield ready
        except (Stopped, ModelError):
            if held.letters:
                yield held
            raise
        if held.letters:
            yield held

    def _cut(self, chunk: Chunk) -> tuple[Chunk, Chunk]:
        """What of `chunk` can be passed on, and what must wait."""
        letters = _letters(chunk)
        waiting = self._secrets.undecided(letters) if chunk.finish is None else 0
        if not waiting:
            return chunk, Chunk()
        ready, rest = letters[:-waiting], letters[-waiting:]
        if chunk.calls:
            *others, last = chunk.calls
            going_on = CallDelta(index=last.index, arguments=rest)
            return replace(chunk, calls=(*others, replace(last, arguments=ready))), Chunk(calls=(going_on,))
        if chunk.text:
            return replace(chunk, text=ready), Chunk(text=rest)
        return replace(chunk, reasoning=ready), Chunk(reasoning=rest)


def _letters(chunk: Chunk) -> str:
    """What the next piece may go on with."""
    return chunk.calls[-1].arguments if chunk.calls else chunk.text or chunk.reasoning


def _joined(held: Chunk, chunk: Chunk) -> Chunk | None:
    """`chunk` behind what was `held`; None if it does not go on with that."""
    if held.text and not chunk.reasoning and not (chunk.calls and not chunk.text):
        return replace(chunk, text=held.text + chunk.text)
    if held.reasoning and not chunk.text and not chunk.calls:
        return replace(chunk, reasoning=held.reasoning + chunk.reasoning)
    if held.calls and chunk.calls and _goes_on(held.calls[0], chunk.calls[0]):
        first, *others = chunk.calls
        return replace(chunk, calls=(replace(first, arguments=held.calls[0].arguments + first.arguments), *others))
    return None if held.letters else chunk


def _goes_on(call: CallDelta, with_: CallDelta) -> bool:
    return with_.index == call.index and not with_.name
