"""Room in the model's window: what goes first, that it goes in big steps, and that no result loses its call."""

from __future__ import annotations

import pytest

from interpreter import events as e
from interpreter import room
from interpreter.errors import ModelError
from interpreter.events import ProtocolName
from interpreter.history import Counted, History, fold
from interpreter.protocols.exchange import Message, TokenCount
from interpreter.protocols.ladder import FixedProtocol
from interpreter.seams import Produced
from interpreter.testing import Answer, FakeRunner, FakeRunners, ScriptedModel, Waits, function_call, tool_call, words
from tests.conversations import BRIEF, arguments, session, turns

LONG = "x" * 4000
OVERFLOW = ModelError("Too long.", fault="context")


def cell(code: str, id: str, protocol: ProtocolName) -> Answer:
    """A reply that runs `code`."""
    if protocol == "tools":
        return tool_call(arguments(code), id=id)
    return function_call(arguments(code)) if protocol == "functions" else words(f"```python\n{code}\n```\n")


def talk(
    count: int, *more: Answer, window: int | None = None, protocol: ProtocolName = "tools", output: str = LONG
) -> tuple[list[e.Event], ScriptedModel]:
    """A conversation of `count` turns, each with one cell that prints `output`, then a turn with `more`."""
    answers: list[Answer] = []
    for number in range(count):
        answers += [cell(f"print({number})", f"call-{number}", protocol), words(f"Answer {number}.")]

    def prints(code: str) -> tuple[Produced, ...]:
        return (Produced(kind="stdout", data={"text/plain": output}),)

    runners = FakeRunners(python=FakeRunner(prints), shell=FakeRunner())
    made, model = session(*answers, *more, window=window, runners=runners, protocol=protocol, waits=Waits())
    prompts = [f"Prompt {number}." for number in range(count)]
    return turns(made, *prompts, *(["Last prompt."] if more else [])), model


def trims(events: list[e.Event]) -> list[tuple[int, int]]:
    """Dropped and shortened, of each time room was made."""
    return [(event.dropped, event.shortened) for event in events if isinstance(event, e.HistoryTrimmed)]


def letters(messages: tuple[Message, ...]) -> int:
    """How long they are."""
    return sum(len(str(message)) for message in messages)


def paired(messages: tuple[Message, ...]) -> bool:
    """Whether each result directly follows its call."""
    waiting: list[object] = []
    for message in messages:
        if message["role"] == "tool":
            if waiting.pop(0) != message["tool_call_id"]:
                return False
        elif waiting:
            return False
        calls = message.get("tool_calls", [])
        assert isinstance(calls, list)
        waiting += [call["id"] for call in calls]
    return not waiting


def test_old_outputs_are_shortened_before_the_window_is_full() -> None:
    events, model = talk(6, words("Done."), window=6000)
    first = next(event for event in events if isinstance(event, e.HistoryTrimmed))
    assert (first.dropped, first.shortened) == (0, 4)
    assert first.reason == (
        "The conversation nearly fills the 6000 tokens of the model: older outputs are now sent as a few lines."
    )
    assert all(letters(request.messages) < 4 * 6000 for request in model.requests)
    assert all(paired(request.messages) for request in model.requests)


def test_room_is_made_rarely_and_in_big_steps_so_that_the_beginning_stays_the_same() -> None:
    events, model = talk(30, words("Done."), window=6000)
    assert len(trims(events)) < len(model.requests) / 5
    same = [
        later.messages[: len(earlier.messages)] == earlier.messages
        for earlier, later in zip(model.requests, model.requests[1:], strict=False)
    ]
    assert same.count(False) == len(trims(events))


def test_then_the_oldest_turns_go_as_wholes_and_the_latest_prompt_never_does() -> None:
    events, model = talk(40, words("Done."), window=2500)
    assert any(dropped for dropped, _ in trims(events))
    for request in model.requests:
        assert paired(request.messages)
        assert [message["role"] for message in request.messages[:2]] == ["system", "user"]
    assert model.requests[-1].messages[-1] == {"role": "user", "content": "Last prompt."}


@pytest.mark.parametrize("protocol", ["tools", "functions", "text"])
def test_an_endpoint_that_finds_it_too_long_gets_less_and_the_turn_goes_on(protocol: ProtocolName) -> None:
    events, model = talk(3, OVERFLOW, words("Done."), protocol=protocol)
    assert events[-1] == e.TurnFinished(reason="done")
    assert trims(events) == [(0, 3)]
    assert letters(model.requests[-1].messages) < letters(model.requests[-2].messages) / 2


def test_what_cannot_be_made_shorter_is_told() -> None:
    events, model = talk(1, *(OVERFLOW for _ in range(9)), output="short")
    assert events[-1] == e.TurnFinished(reason="failed", error="Too long.")
    assert len(model.requests) <= 5


def test_the_latest_output_stays_whole_while_older_ones_of_the_same_turn_are_shortened() -> None:
    steps = [tool_call(arguments(f"print({number})"), id=f"call-{number}") for number in range(8)]
    events, model = talk(0, *steps, words("Done."), window=6000)
    assert trims(events) == [(0, 1)]
    last = model.requests[-1].messages
    assert [len(str(message["content"])) > 1000 for message in last if message["role"] == "tool"] == [False] * 7 + [
        True
    ]


def test_a_resumed_session_sends_what_the_first_one_sent_last() -> None:
    events, model = talk(6, words("Done."), window=6000)
    again = fold(events)
    request = FixedProtocol("tools", BRIEF).current().request(again)
    assert request.messages[:-1] == model.requests[-1].messages


def test_the_estimate_starts_from_the_providers_own_count() -> None:
    protocol = FixedProtocol("tools", BRIEF).current()
    asked = fold([e.TurnStarted(prompt="Hello.")])
    counted = History(entries=asked.entries, counted=Counted(tokens=5000, entries=1))
    assert room.estimate(counted, protocol) == 5000
    more = fold([e.TurnStarted(prompt="Hello."), e.TurnStarted(prompt="y" * 4000)])
    assert room.estimate(History(entries=more.entries, counted=counted.counted), protocol) == pytest.approx(
        6000, abs=10
    )


def test_a_provider_that_counts_more_than_expected_is_believed() -> None:
    usage = TokenCount(tokens_in=5500, tokens_out=5)
    made, model = session(
        tool_call(arguments("print(1)")),
        words("One."),
        words("Two."),
        window=6000,
        usage=usage,
        runners=FakeRunners(python=FakeRunner(lambda _: (Produced(kind="stdout", data={"text/plain": LONG}),))),
    )
    events = turns(made, "Go.", "And now?")
    assert trims(events)[0] == (0, 2)
    assert letters(model.requests[-1].messages) < 2000
