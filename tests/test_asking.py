"""One request: how often it is sent, in which way, with which waits, and what a failure leaves behind."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from interpreter import events as e
from interpreter.errors import ModelError, ModelFault
from interpreter.patience import RETRIES, Patience
from interpreter.protocols.exchange import Chunk, TokenCount
from interpreter.protocols.ladder import LearnedLadder
from interpreter.session import Session
from interpreter.testing import FakeRunners, MemoryKeeper, ScriptedHost, ScriptedModel, Waits, tool_call, words
from tests.conversations import BRIEF, arguments, session, turns, types

ARGUMENTS = arguments("print(1)")
NO_TOOLS = ModelError("No tools.", fault="protocol", refused="calls", detail="tools are not supported")
NO_ROLE = ModelError("No such role.", fault="protocol", refused="role", detail="permitted: system, assistant, user")


def failure(fault: ModelFault, *, retry_after: float | None = None) -> ModelError:
    """A failed request."""
    return ModelError(f"It failed: {fault}.", fault=fault, retry_after=retry_after)


@pytest.mark.parametrize("fault", RETRIES)
def test_what_may_pass_is_asked_again_with_growing_waits_and_then_told(fault: ModelFault) -> None:
    waits = Waits()
    made, model = session(*(failure(fault) for _ in range(9)), waits=waits)
    events = turns(made, "Go.")
    expected = [1.0, 2.0, 4.0, 8.0, 16.0][: RETRIES[fault]]
    assert waits.seconds == expected
    assert len(model.requests) == len(expected) + 1
    assert [event for event in events if isinstance(event, e.Retrying)] == [
        e.Retrying(attempt=number, wait=wait, reason=f"It failed: {fault}.") for number, wait in enumerate(expected, 1)
    ]
    assert events[-1] == e.TurnFinished(reason="failed", error=f"It failed: {fault}.")


def test_arguments_of_brackets_without_end_are_rejected_and_the_model_is_told() -> None:
    made, model = session(tool_call('{"language":' + "[" * 100_000), words("I see."))
    events = turns(made, "Go.")
    [rejected] = [event for event in events if isinstance(event, e.CodeRejected)]
    assert rejected.reason.startswith("The arguments are not valid JSON (")
    assert f"nothing was run. {rejected.reason}" in str(model.requests[-1].messages[-1]["content"])


@pytest.mark.parametrize("protocol", ["tools", "text"])
def test_words_that_begin_like_a_call_and_are_brackets_without_end_stay_words(protocol: e.ProtocolName) -> None:
    text = '{"language":' + "[" * 100_000
    made, _ = session(words(text), protocol=protocol)
    assert e.Text(text=text) in turns(made, "Go.")


@pytest.mark.parametrize("fault", ["auth", "quota", "provider", "policy"])
def test_what_only_the_user_can_mend_is_told_at_once(fault: ModelFault) -> None:
    made, model = session(failure(fault))
    assert turns(made, "Go.")[-1] == e.TurnFinished(reason="failed", error=f"It failed: {fault}.")
    assert len(model.requests) == 1


def test_the_wait_that_a_provider_asks_for_is_kept_and_one_too_long_is_not_waited_for() -> None:
    waits = Waits()
    made, model = session(failure("rate", retry_after=7.5), failure("rate", retry_after=3600), waits=waits)
    assert turns(made, "Go.")[-1] == e.TurnFinished(reason="failed", error="It failed: rate.")
    assert (waits.seconds, len(model.requests)) == ([7.5], 2)


def test_a_wait_ends_at_once_when_the_user_interrupts() -> None:
    model = ScriptedModel(failure("rate"), words("Too late."))
    made = Session(
        model=model,
        ladder=LearnedLadder(BRIEF),
        runners=FakeRunners(),
        host=ScriptedHost(),
        keeper=MemoryKeeper(),
        patience=Patience(first=3600, longest=3600),
    )

    def interrupt(event: e.Event) -> None:
        if isinstance(event, e.Retrying):
            asyncio.get_running_loop().call_soon(made.interrupt)

    assert turns(made, "Go.", on_event=interrupt)[-1] == e.TurnFinished(reason="interrupted")
    assert len(model.requests) == 1


def test_after_the_last_failure_the_prompt_and_all_that_ran_stay() -> None:
    made, model = session(tool_call(ARGUMENTS), failure("auth"), words("It is 1."))
    turns(made, "Go.", "Again?")
    assert [message["role"] for message in model.requests[-1].messages] == [
        "system",
        "user",
        "assistant",
        "tool",
        "user",
    ]


def test_a_refusal_of_tools_goes_down_one_rung_at_a_time_and_nothing_runs_twice() -> None:
    runners = FakeRunners()
    made, model = session(
        tool_call(ARGUMENTS),
        NO_ROLE,
        words("```python\nprint(2)\n```"),
        words("It is 2."),
        ladder=LearnedLadder(BRIEF),
        runners=runners,
    )
    events = turns(made, "Go.")
    assert [event for event in events if isinstance(event, e.ProtocolChanged)] == [
        e.ProtocolChanged(from_="tools", to="text", reason="No such role.")
    ]
    assert events[-1] == e.TurnFinished(reason="done")
    assert [event.code for event in events if isinstance(event, e.CodeProposed)] == ["print(1)", "print(2)"]
    assert types(events).count("code.finished") == 2
    assert len(model.requests) == 4
    assert {message["role"] for message in model.requests[-1].messages} == {"system", "user", "assistant"}


def test_where_every_rung_is_refused_the_first_error_is_shown_and_the_next_turn_begins_anew() -> None:
    first = ModelError("No tools here.", fault="protocol", refused="calls", detail="unknown field tools")
    second = ModelError("No functions here.", fault="protocol", refused="calls", detail="unknown field functions")
    third = ModelError("Nothing here.", fault="request")
    made, model = session(first, second, third, words("Hello."), ladder=LearnedLadder(BRIEF))
    events = turns(made, "Go.", "And now?")
    finished = [event for event in events if isinstance(event, e.TurnFinished)]
    assert finished == [e.TurnFinished(reason="failed", error="No tools here."), e.TurnFinished(reason="done")]
    assert [bool(request.tools) for request in model.requests] == [True, False, False, True]


@pytest.mark.parametrize(("rest", "counted"), [("\n", 1), ("\nAnd then I would", 0)])
def test_after_its_block_a_model_is_read_to_its_count_unless_it_goes_on(rest: str, counted: int) -> None:
    block = (Chunk(text="```python\nprint(1)\n```\n"), Chunk(text=rest), Chunk(finish="stop"))
    usage = TokenCount(tokens_in=10, tokens_out=5)
    made, model = session(block, words("It is 1."), protocol="text", usage=usage)
    events = turns(made, "Go.")
    assert types(events).count("usage") == counted + 1
    assert [event.code for event in events if isinstance(event, e.CodeProposed)] == ["print(1)"]
    assert model.closed == 2


def test_a_reply_that_was_cut_or_stopped_counts_as_much_as_was_estimated() -> None:
    def said(text: str, out: int) -> Chunk:
        return Chunk(text=text, usage=TokenCount(tokens_in=10, tokens_out=out, cost=0.1 * out, estimated=True))

    cut = (said("```python\nprint(1)\n```\n", 1), said("And then", 2), said(" I would", 3))
    stopped = (said("It is", 4), Chunk(text=" one."))
    made, _ = session(cut, stopped, protocol="text")

    async def drive() -> list[e.Event]:
        async with aclosing(made.run("Go.")) as events:
            seen = []
            async for event in events:
                seen.append(event)
                if isinstance(event, e.TextDelta) and event.text == "It is":
                    made.interrupt()
            return seen

    counts = [event for event in asyncio.run(drive()) if isinstance(event, e.UsageReported)]
    assert [(count.tokens_out, count.cost, count.estimated) for count in counts] == [(2, 0.2, True), (4, 0.4, True)]
    assert made.history.spent.cost == pytest.approx(0.6)
    assert made.history.counted is None


def test_another_trouble_after_a_refusal_is_told_itself() -> None:
    made, _ = session(NO_TOOLS, failure("quota"), ladder=LearnedLadder(BRIEF))
    assert turns(made, "Go.")[-1] == e.TurnFinished(reason="failed", error="It failed: quota.")
