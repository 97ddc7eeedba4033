"""Files that travel with a prompt to where the code runs: how the turn begins with them, and ends without."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace

from interpreter import events as e
from interpreter.errors import RunnerError
from interpreter.protocols.ladder import FixedProtocol
from interpreter.seams import Carry
from interpreter.session import Session
from interpreter.testing import FakeRunners, MemoryKeeper, ScriptedHost, ScriptedModel, words
from tests.conversations import BRIEF

FILE = e.Attachment(path="/here/data.csv", media_type="text/csv", size=4)


def session(carry: Carry) -> tuple[Session, ScriptedModel]:
    """A session whose code runs elsewhere, and its model."""
    model = ScriptedModel(words("I see."), words("Well."))
    ladder = FixedProtocol("tools", BRIEF)
    host, keeper = ScriptedHost(), MemoryKeeper()
    return Session(model=model, ladder=ladder, runners=FakeRunners(), host=host, keeper=keeper, carry=carry), model


async def turn(made: Session) -> list[e.Event]:
    """The events of a turn with the file."""
    async with aclosing(made.run("Look.", (FILE,))) as events:
        return [event async for event in events]


def test_the_model_is_told_the_path_that_a_file_has_where_the_code_runs() -> None:
    async def carry(file: e.Attachment) -> e.Attachment:
        return replace(file, path="there/data.csv")

    made, model = session(carry)
    events = asyncio.run(turn(made))
    assert events[0] == e.TurnStarted(prompt="Look.", attachments=(replace(FILE, path="there/data.csv"),))
    assert "there/data.csv" in str(model.requests[0].messages[-1])


def test_a_file_that_cannot_be_carried_fails_the_turn_before_the_model_is_asked() -> None:
    async def carry(file: e.Attachment) -> e.Attachment:
        raise RunnerError("The server is full.")

    made, model = session(carry)
    assert asyncio.run(turn(made)) == [
        e.TurnStarted(prompt="Look."),
        e.TurnFinished(reason="failed", error="The server is full."),
    ]
    assert model.requests == []


def test_a_file_that_could_not_be_carried_is_brought_along_when_the_turn_is_tried_again() -> None:
    carried: list[str] = []

    async def carry(file: e.Attachment) -> e.Attachment:
        carried.append(file.path)
        if len(carried) < 3:
            raise RunnerError("The server is full.")
        return replace(file, path="there/data.csv")

    async def story() -> tuple[list[e.Event], list[e.Event]]:
        made, model = session(carry)
        await turn(made)
        async with aclosing(made.run_cell("python", "clear()")) as events:
            assert [event async for event in events]
        tries = []
        for _ in range(2):
            async with aclosing(made.retry()) as events:
                tries.append([event async for event in events])
        (request,) = model.requests
        told = "".join(str(message["content"]) for message in request.messages if message["role"] == "user")
        assert ("clear()" in told, "/here" in told, told.count("there/data.csv")) == (True, False, 1)
        return tries[0], tries[1]

    failed, well = asyncio.run(story())
    assert failed == [e.TurnStarted(prompt="Look."), e.TurnFinished(reason="failed", error="The server is full.")]
    assert well[:2] == [
        e.HistoryUndone(turns=1),
        e.TurnStarted(prompt="Look.", attachments=(replace(FILE, path="there/data.csv"),)),
    ]
    assert well[-1] == e.TurnFinished(reason="done")


def test_a_turn_that_is_tried_again_until_its_file_is_carried_is_one_turn() -> None:
    tries: list[str] = []

    async def carry(file: e.Attachment) -> e.Attachment:
        tries.append(file.path)
        if len(tries) == 2:
            made.interrupt()
            await asyncio.Event().wait()
        if len(tries) < 4:
            raise RunnerError("The server is full.")
        return replace(file, path="there/data.csv")

    async def story() -> list[e.Event]:
        await turn(made)
        events: list[e.Event] = []
        for _ in range(3):
            async with aclosing(made.retry()) as again:
                events += [event async for event in again]
        return events

    made, model = session(carry)
    events = asyncio.run(asyncio.wait_for(story(), 10))
    undone, begun = e.HistoryUndone(turns=1), e.TurnStarted(prompt="Look.")
    interrupted = e.TurnFinished(reason="interrupted")
    failed = e.TurnFinished(reason="failed", error="The server is full.")
    whole = e.TurnStarted(prompt="Look.", attachments=(replace(FILE, path="there/data.csv"),))
    assert events[:8] == [undone, begun, interrupted, undone, begun, failed, undone, whole]
    assert made.history.turns == 1
    assert "".join(str(message["content"]) for message in model.requests[0].messages).count("Look.") == 1


def test_what_is_tried_again_after_the_turn_without_its_file_was_taken_back_is_the_turn_before() -> None:
    async def carry(file: e.Attachment) -> e.Attachment:
        raise RunnerError("The server is full.")

    async def story() -> list[e.Event]:
        made, _ = session(carry)
        async with aclosing(made.run("Hello.")) as events:
            assert [event async for event in events]
        await turn(made)
        made.undo()
        async with aclosing(made.retry()) as events:
            return [event async for event in events]

    assert asyncio.run(story())[-1] == e.TurnFinished(reason="done")


def test_a_file_on_its_way_can_be_interrupted() -> None:
    async def carry(file: e.Attachment) -> e.Attachment:
        asyncio.get_running_loop().call_soon(made.interrupt)
        await asyncio.Event().wait()
        return file

    made, model = session(carry)
    assert asyncio.run(asyncio.wait_for(turn(made), 10)) == [
        e.TurnStarted(prompt="Look."),
        e.TurnFinished(reason="interrupted"),
    ]
    assert model.requests == []
