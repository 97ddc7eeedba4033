"""One request to the model, as events: the stream of a reply, and its calls proposed. Runs nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import count

from interpreter import events as e
from interpreter.errors import ModelError
from interpreter.history import History
from interpreter.patience import Patience
from interpreter.protocols.exchange import (
    CodePiece,
    Piece,
    ReadCall,
    ReasoningPiece,
    Reply,
    Request,
    TextPiece,
    TokenCount,
)
from interpreter.seams import Ladder, Model, Reader
from interpreter.stop import Stop, Stopped, race


async def ask(
    model: Model,
    ladder: Ladder,
    history: History,
    step: int,
    stop: Stop,
    *,
    patience: Patience = Patience(),
) -> AsyncGenerator[e.Event, None]:
    """Ask `model` to go on from `history`, in whatever way its endpoint takes, as often as `patience` has it.

    Raises the `ModelError` that nothing helped against: of refusals the first, since the others answer our guesses.
    Raises `Stopped` after the words that were received. Nothing of a reply is executed before it is whole, so a
    reply lost in its middle is asked for again.
    """
    refusal: ModelError | None = None
    failures = 0
    for attempt in count(1):
        protocol = ladder.current()
        yield e.StepStarted(step=step, model=model.name, protocol=protocol.name)
        reader = protocol.reader()
        try:
            async with aclosing(_stream(model, protocol.request(history), reader, history.cells, stop)) as events:
                async for event in events:
                    yield event
            reply = reader.close()
            whole = _whole(reply, history.cells)
        except Stopped:
            for event in _words(reader.close()):
                yield event
            raise
        except ModelError as error:
            if ladder.refused(error):
                refusal = refusal or error
                yield _another_way(protocol.name, ladder.current().name, attempt, error)
                continue
            failures += 1
            wait = patience.wait(error, failures)
            if wait is None:
                raise (refusal if refusal is not None and error.remedy == "adapt" else error) from None
            yield e.Retrying(attempt=attempt, wait=wait, reason=str(error))
            await race(stop, patience.sleep(wait))
            continue
        for event in whole:
            yield event
        ladder.worked(reply)
        if (following := ladder.current().name) != protocol.name:
            yield e.ProtocolChanged(from_=protocol.name, to=following, reason=f"{model.name} writes code as text.")
        return


def _another_way(before: e.ProtocolName, after: e.ProtocolName, attempt: int, error: ModelError) -> e.Event:
    if before == after:
        return e.Retrying(attempt=attempt, wait=0.0, reason=str(error))
    return e.ProtocolChanged(from_=before, to=after, reason=str(error))


async def _stream(
    model: Model, request: Request, reader: Reader, cells: int, stop: Stop
) -> AsyncGenerator[e.Event, None]:
    """What of the reply can be shown, and its count, also if it fails in its middle or is stopped before it begins.

    The provider's own count comes last: a model that ends by itself is read to there.
    """
    usage: TokenCount | None = None
    failure: Stopped | ModelError | None = None
    try:
        async with aclosing(model.stream(request, stop)) as chunks:
            async for chunk in chunks:
                usage = chunk.usage or usage
                if reader.done and chunk.text.strip():
                    break  # it goes on after its block: nobody wants that
                for piece in reader.feed(chunk):
                    yield _delta(piece, cells)
    except (Stopped, ModelError) as error:
        failure = error
    if usage is not None:
        yield _usage(usage)
    if failure is not None:
        raise failure


def _usage(count: TokenCount) -> e.UsageReported:
    return e.UsageReported(
        tokens_in=count.tokens_in,
        tokens_out=count.tokens_out,
        tokens_cached=count.tokens_cached,
        cost=count.cost,
        estimated=count.estimated,
    )


def _delta(piece: Piece, cells: int) -> e.Event:
    match piece:
        case TextPiece():
            return e.TextDelta(text=piece.text)
        case ReasoningPiece():
            return e.ReasoningDelta(text=piece.text)
        case CodePiece():
            return e.CodeDelta(cell=cell_id(cells, piece.position), language=piece.language, text=piece.text)


def _words(reply: Reply) -> list[e.Event]:
    """What was said, without what was to be run."""
    words: list[e.Event] = []
    if reply.reasoning:
        words.append(e.Reasoning(text=reply.reasoning))
    if reply.text.strip():
        words.append(e.Text(text=reply.text))
    return words


def _whole(reply: Reply, cells: int) -> list[e.Event]:
    if not reply.text.strip() and not reply.calls:
        raise ModelError("The model returned an empty reply. Ask again, or choose another model.", fault="empty")
    events = _words(reply)
    for position, call in enumerate(reply.calls):
        cell = cell_id(cells, position)
        if isinstance(call, ReadCall):
            events.append(e.CodeProposed(cell=cell, language=call.language, code=call.code, call=call.call))
        else:
            events.append(e.CodeRejected(cell=cell, raw=call.raw, reason=call.reason, call=call.call))
    return events


def cell_id(cells: int, position: int = 0) -> str:
    """The id of the cell proposed at `position` after `cells` cells of this session: `c1`, `c2`, ..."""
    return f"c{cells + position + 1}"
