"""A known secret in a reply comes whole, however the endpoint cuts the reply; nothing else of it changes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest

from interpreter.errors import ModelError
from interpreter.models.undivided import Undivided
from interpreter.protocols.exchange import CallDelta, Chunk, Request, TokenCount
from interpreter.secrets import Secrets
from interpreter.stop import Stop, Stopped
from interpreter.testing import ScriptedModel

KEY = "sk-very-secret-key"
SHORT, LONG = "abc12345", "abc12345XYZW"
SECRETS = Secrets([KEY, "sk-other-secret", SHORT, LONG])
USAGE = TokenCount(tokens_in=1, tokens_out=1)


async def replied(chunks: Sequence[Chunk]) -> list[Chunk]:
    """What becomes of a reply in `chunks`."""
    model = Undivided(ScriptedModel(chunks, name="one", window=7), SECRETS)
    assert (model.name, model.window) == ("one", 7)
    async with aclosing(model.stream(Request(messages=()), Stop())) as stream:
        return [chunk async for chunk in stream]


def calling(arguments: str, index: int = 0, name: str = "") -> Chunk:
    """A piece of a call."""
    return Chunk(calls=(CallDelta(index=index, name=name, arguments=arguments),))


def test_a_key_that_was_cut_comes_whole_in_words_in_thinking_and_in_calls() -> None:
    pieces = ("It is sk", "-very-sec", "ret-key", ". s")
    whole = ("It is ", "", KEY, ". ", "s")
    for make in (lambda text: Chunk(text=text), lambda text: Chunk(reasoning=text), calling):
        assert asyncio.run(replied([make(piece) for piece in pieces])) == [make(piece) for piece in whole]


def test_what_waits_is_passed_on_before_anything_else_and_with_the_end() -> None:
    chunks = [
        Chunk(reasoning="s"), Chunk(text="s"),
        calling("s", name="run"), calling("k-other-secret"), calling("s", index=1),
        Chunk(text="sk", usage=USAGE), Chunk(finish="stop"), Chunk(usage=USAGE),
    ]  # fmt: skip
    assert asyncio.run(replied(chunks)) == [
        Chunk(reasoning=""), Chunk(reasoning="s"), Chunk(text=""), Chunk(text="s"), calling("", name="run"),
        calling("sk-other-secret"), calling("", index=1), calling("s", index=1),
        Chunk(text="", usage=USAGE), Chunk(text="sk", finish="stop"), Chunk(usage=USAGE),
    ]  # fmt: skip


def test_however_it_is_cut_every_letter_comes_in_its_order_and_no_key_in_two_pieces() -> None:
    chance = random.Random(5)
    for _ in range(300):
        said = "".join(chance.choice([KEY, "sk-other-secret", SHORT, LONG, "s", "sk-", "word "]) for _ in range(8))
        cuts = sorted(chance.sample(range(len(said)), min(12, len(said))))
        pieces = [said[start:end] for start, end in zip([0, *cuts], [*cuts, len(said)], strict=True)]
        texts = [chunk.text for chunk in asyncio.run(replied([Chunk(text=piece) for piece in pieces]))]
        assert "".join(texts) == said
        assert "".join(map(SECRETS.masked, texts)) == SECRETS.masked(said)


@pytest.mark.parametrize("end", [ModelError("It broke.", fault="dropped"), Stopped()])
def test_what_was_said_before_a_reply_broke_off_is_not_lost(end: Exception) -> None:
    class Breaking(ScriptedModel):
        async def stream(self, request: Request, stop: Stop) -> AsyncGenerator[Chunk, None]:
            yield Chunk(text="It is sk-")
            raise end

    texts: list[str] = []

    async def listen() -> None:
        async for chunk in Undivided(Breaking(), SECRETS).stream(Request(messages=()), Stop()):
            texts.append(chunk.text)  # noqa: PERF401 - what came before the end counts

    with pytest.raises(type(end)):
        asyncio.run(listen())
    assert texts == ["It is ", "sk-"]
