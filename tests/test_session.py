"""The loop: its order of events, what stops it, and what the model is sent next."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest

from interpreter import events as e
from interpreter.errors import ModelError, RunnerError, UsageError
from interpreter.events import ProtocolName
from interpreter.history import fold
from interpreter.limits import Limits
from interpreter.protocols.exchange import Chunk
from interpreter.runners.opaque import Opaque
from interpreter.seams import Asked, Decision, Ended, Produced, RunnerState
from interpreter.testing import FakeRunner, FakeRunners, ScriptedHost, function_call, tool_call, waiting, words
from tests.conversations import arguments, last_messages, session, turns, types

ONE_CELL = (tool_call(arguments("print(1)"), text="Let me see."), words("It is 1."))


def fails(code: str) -> tuple[Produced, Ended]:
    """A script whose cell raises."""
    return Produced(kind="error", data={"text/plain": f"NameError: {code}"}), Ended(status="error")


def python(runner: FakeRunner) -> FakeRunners:
    """Runners with one language."""
    return FakeRunners(python=runner, shell=FakeRunner())


def test_a_turn_with_one_cell_gives_these_events_in_this_order() -> None:
    made, _ = session(*ONE_CELL)
    events = turns(made, "What is it?")
    call = e.Call(id="call-1", name="execute_code")
    finished = next(event for event in events if isinstance(event, e.CodeFinished))
    assert events == [
        e.TurnStarted(prompt="What is it?"),
        e.StepStarted(step=1, model="scripted", protocol="tools"),
        e.TextDelta(text="Let me see."),
        e.CodeDelta(cell="c1", language="python", text="print(1)"),
        e.Text(text="Let me see."),
        e.CodeProposed(cell="c1", language="python", code="print(1)", call=call),
        e.CodeDecided(cell="c1", decision="run", code="print(1)"),
        e.Output(cell="c1", kind="stdout", data={"text/plain": "print(1)\n"}),
        finished,
        e.StepStarted(step=2, model="scripted", protocol="tools"),
        e.TextDelta(text="It is 1."),
        e.Text(text="It is 1."),
        e.TurnFinished(reason="done"),
    ]
    assert finished.status == "ok"


def test_consumers_get_every_event_and_the_session_started_first() -> None:
    seen: list[e.Event] = []
    made, _ = session(*ONE_CELL, consumers=(seen.append,))
    events = turns(made, "What is it?")
    assert seen == [e.SessionStarted(session="session", model="scripted"), *events]
    assert fold(seen) == made.history


@pytest.mark.parametrize("after", range(13))
def test_an_interrupt_after_any_event_lets_no_code_run_afterwards(after: int) -> None:
    runner = FakeRunner()
    made, _ = session(*ONE_CELL, runners=python(runner))
    ran_at_interrupt: list[int] = []
    count = 0

    def interrupt_at(event: e.Event) -> None:
        nonlocal count
        if count == after:
            ran_at_interrupt.append(len(runner.ran))
            made.interrupt()
        count += 1

    events = turns(made, "What is it?", on_event=interrupt_at)
    assert [len(runner.ran)] == ran_at_interrupt
    assert types(events)[-1] == "turn.finished"
    assert types(events).count("turn.finished") == 1


def test_an_interrupt_of_a_running_cell_keeps_its_output_and_tells_the_model() -> None:
    made, model = session(
        tool_call(arguments("loop()")), words("Fine."), runners=python(FakeRunner(waiting)), protocol="tools"
    )

    def interrupt_on_output(event: e.Event) -> None:
        if isinstance(event, e.Output):
            made.interrupt()

    events = turns(made, "Go.", on_event=interrupt_on_output)
    assert events[-1] == e.TurnFinished(reason="interrupted")
    assert types(events)[-2] == "code.finished"
    turns(made, "And now?")
    assert last_messages(model, 2) == (
        {
            "role": "tool",
            "tool_call_id": "call-1",
            "content": "loop()\n[The user interrupted the code here.]",
        },
        {"role": "user", "content": "[The user interrupted here.]\n\nAnd now?"},
    )


def test_an_interrupt_while_the_model_writes_keeps_what_was_said() -> None:
    made, model = session(words("It is surely"), words("Yes."))

    def interrupt_on_words(event: e.Event) -> None:
        if isinstance(event, e.TextDelta):
            made.interrupt()

    events = turns(made, "What is it?", on_event=interrupt_on_words)
    assert events[-2:] == [e.Text(text="It is surely"), e.TurnFinished(reason="interrupted")]
    assert model.closed == 1
    turns(made, "Go on.")
    assert last_messages(model, 2) == (
        {"role": "assistant", "content": "It is surely"},
        {"role": "user", "content": "[The user interrupted here.]\n\nGo on."},
    )


ARGUMENTS = arguments("print(1)")
NEXT: dict[ProtocolName, tuple[dict[str, object], dict[str, object]]] = {
    "tools": (
        {
            "role": "assistant",
            "content": "Let me see.",
            "tool_calls": [
                {"id": "call-1", "type": "function", "function": {"name": "execute_code", "arguments": ARGUMENTS}}
            ],
        },
        {"role": "tool", "tool_call_id": "call-1", "content": "print(1)"},
    ),
    "functions": (
        {
            "role": "assistant",
            "content": "Let me see.",
            "function_call": {"name": "execute_code", "arguments": ARGUMENTS},
        },
        {"role": "function", "name": "execute_code", "content": "print(1)"},
    ),
    "text": (
        {"role": "assistant", "content": "Let me see.\n\n```python\nprint(1)\n```"},
        {"role": "user", "content": "Output of the code:\n```output\nprint(1)\n```"},
    ),
}


@pytest.mark.parametrize("protocol", ["tools", "functions", "text"])
def test_after_a_result_the_model_is_sent_its_call_and_the_output(protocol: ProtocolName) -> None:
    answers = {
        "tools": tool_call(ARGUMENTS, text="Let me see."),
        "functions": function_call(ARGUMENTS, text="Let me see."),
        "text": words("Let me see.\n\n```python\nprint(1)\n```\nand this is cut"),
    }
    made, model = session(answers[protocol], words("It is 1."), protocol=protocol)
    turns(made, "What is it?")
    assert model.requests[-1].messages == (
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is it?"},
        *NEXT[protocol],
    )


def test_after_an_error_the_model_is_sent_the_traceback_and_goes_on() -> None:
    made, model = session(tool_call(ARGUMENTS), words("A name is missing."), runners=python(FakeRunner(fails)))
    events = turns(made, "Go.")
    assert events[-1] == e.TurnFinished(reason="done")
    assert last_messages(model, 1) == ({"role": "tool", "tool_call_id": "call-1", "content": "NameError: print(1)"},)


def test_a_plain_decline_ends_the_turn_and_the_next_request_says_so() -> None:
    runner = FakeRunner()
    host = ScriptedHost(Decision(choice="declined"))
    made, model = session(tool_call(ARGUMENTS), words("Fine."), host=host, runners=python(runner))
    events = turns(made, "Go.")
    assert events[-1] == e.TurnFinished(reason="declined")
    assert runner.ran == []
    turns(made, "Why not?")
    assert last_messages(model, 2) == (
        {"role": "tool", "tool_call_id": "call-1", "content": "The user declined to run this code."},
        {"role": "user", "content": "Why not?"},
    )


def test_a_decline_with_a_reason_is_told_at_once() -> None:
    host = ScriptedHost(Decision(choice="declined", note="use polars"))
    made, model = session(tool_call(ARGUMENTS), words("Fine."), host=host)
    events = turns(made, "Go.")
    assert events[-1] == e.TurnFinished(reason="done")
    assert last_messages(model, 1) == (
        {
            "role": "tool",
            "tool_call_id": "call-1",
            "content": "The user declined to run this code. They said: use polars",
        },
    )


def test_an_edited_cell_runs_as_edited_and_the_model_is_told_what_ran() -> None:
    runner = FakeRunner()
    host = ScriptedHost(Decision(choice="edited", code="print(2)"))
    made, model = session(tool_call(ARGUMENTS), words("Fine."), host=host, runners=python(runner))
    turns(made, "Go.")
    assert runner.ran == ["print(2)"]
    assert last_messages(model, 1) == (
        {
            "role": "tool",
            "tool_call_id": "call-1",
            "content": "The user changed the code before it ran. What ran:\nprint(2)\n\nIts output:\nprint(2)",
        },
    )


def test_after_a_cell_that_failed_the_rest_of_the_reply_is_not_run() -> None:
    first, second = tool_call(arguments("a")), tool_call(arguments("b"), id="call-2")
    runner = FakeRunner(fails)
    both = (*first[:-1], *_shifted(second[:-1]), first[-1])
    made, model = session(both, words("I see."), runners=python(runner))
    turns(made, "Go.")
    assert runner.ran == ["a"]
    assert last_messages(model, 2) == (
        {"role": "tool", "tool_call_id": "call-1", "content": "NameError: a"},
        {
            "role": "tool",
            "tool_call_id": "call-2",
            "content": "This code was not run. Cell c1 before it ended with status 'error'.",
        },
    )


def _shifted(chunks: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
    return tuple(replace(chunk, calls=tuple(replace(call, index=1) for call in chunk.calls)) for chunk in chunks)


def test_arguments_cut_short_never_run_and_go_back_to_the_model_as_its_mistake() -> None:
    runner = FakeRunner()
    made, model = session(
        tool_call('{"language": "python", "code": "rm', finish="length"), words("Sorry."), runners=python(runner)
    )
    turns(made, "Go.")
    assert runner.ran == []
    assert last_messages(model, 1) == (
        {
            "role": "tool",
            "tool_call_id": "call-1",
            "content": "The call cannot be used, and nothing was run. The reply was cut before the call was complete. "
            "Send it again, put right.",
        },
    )


def test_unreadable_calls_end_the_turn_after_the_third() -> None:
    broken = tool_call("{")
    made, model = session(broken, broken, broken, broken)
    events = turns(made, "Go.")
    assert len(model.requests) == 3
    assert events[-1] == e.TurnFinished(
        reason="failed",
        error="The model wrote 3 unreadable calls in a row. Ask again, or try --protocol text.",
    )


def test_the_step_limit_stops_before_the_next_request() -> None:
    made, model = session(*(tool_call(ARGUMENTS) for _ in range(5)), limits=Limits(max_steps=2))
    events = turns(made, "Go.")
    assert len(model.requests) == 2
    assert events[-1] == e.TurnFinished(
        reason="step_limit", error="Stopped after 2 steps (--max-steps). What was done is kept."
    )


def test_a_failed_request_ends_the_turn_and_a_retry_goes_on_with_all_that_was_done() -> None:
    gone = ModelError("The key was refused.", fault="auth")
    made, model = session(tool_call(ARGUMENTS), gone, words("It is 1."))
    events = turns(made, "Go.")
    assert events[-1] == e.TurnFinished(reason="failed", error="The key was refused.")

    async def again() -> list[e.Event]:
        async with aclosing(made.retry()) as stream:
            return [event async for event in stream]

    assert asyncio.run(again())[-1] == e.TurnFinished(reason="done")
    assert last_messages(model, 1) == ({"role": "tool", "tool_call_id": "call-1", "content": "print(1)"},)


def test_an_empty_reply_is_an_error_and_no_answer() -> None:
    made, _ = session(words(""))
    assert turns(made, "Go.")[-1] == e.TurnFinished(
        reason="failed", error="The model returned an empty reply. Ask again, or choose another model."
    )


def test_a_typed_line_reaches_the_cell_and_a_secret_one_is_not_told() -> None:
    def asks(code: str) -> tuple[Asked, Asked]:
        return Asked(prompt="name? "), Asked(prompt="word? ", secret=True)

    runner = FakeRunner(asks)
    made, _ = session(
        tool_call(ARGUMENTS), words("Ok."), host=ScriptedHost(lines=("Ada", "xyzzy")), runners=python(runner)
    )
    events = turns(made, "Go.")
    assert runner.answers == ["Ada", "xyzzy"]
    assert [event for event in events if isinstance(event, e.InputRequested | e.InputGiven)] == [
        e.InputRequested(cell="c1", prompt="name? "),
        e.InputGiven(cell="c1", text="Ada"),
        e.InputRequested(cell="c1", prompt="word? ", secret=True),
        e.InputGiven(cell="c1", text=None),
    ]


def test_a_stream_left_early_closes_its_cell_for_the_other_consumers() -> None:
    seen: list[e.Event] = []
    made, _ = session(tool_call(arguments("loop()")), consumers=(seen.append,), runners=python(FakeRunner(waiting)))

    async def leave() -> None:
        async with aclosing(made.run("Go.")) as events:
            async for event in events:
                if isinstance(event, e.Output):
                    return

    asyncio.run(leave())
    assert seen[-2:] == [
        e.CodeFinished(cell="c1", status="interrupted", seconds=0.0),
        e.TurnFinished(reason="interrupted"),
    ]


def test_the_users_own_cell_is_told_to_the_model_at_the_next_request() -> None:
    made, model = session(words("I see."))

    async def own() -> None:
        async with aclosing(made.run_cell("python", "x = 1")) as events:
            assert types([event async for event in events])[:2] == ["code.proposed", "code.decided"]

    asyncio.run(own())
    turns(made, "What did I do?")
    assert last_messages(model, 1) == (
        {
            "role": "user",
            "content": "I ran this python code myself:\n```python\nx = 1\n```\nx = 1\n\nWhat did I do?",
        },
    )


def test_a_kernel_that_cannot_start_is_an_error_the_model_sees() -> None:
    def broken(code: str) -> tuple[Produced, ...]:
        raise RunnerError("No Python kernel could be started. Install ipykernel.")

    made, model = session(tool_call(ARGUMENTS), words("I see."), runners=python(FakeRunner(broken)))
    turns(made, "Go.")
    assert last_messages(model, 1) == (
        {"role": "tool", "tool_call_id": "call-1", "content": "No Python kernel could be started. Install ipykernel."},
    )


class Knowing(Opaque, FakeRunner):
    """A runner that knows what its kernel holds."""

    state: RunnerState = "idle"
    names = ("table", "rows")


def test_a_restart_tells_the_model_what_is_lost() -> None:
    made, model = session(words("I see."), runners=python(Knowing()))
    asyncio.run(made.restart("python", "it took too much memory"))
    turns(made, "Go on.")
    note = "[The python session was restarted (it took too much memory; lost: table, rows): its state is gone.]"
    assert last_messages(model, 1) == ({"role": "user", "content": f"{note}\n\nGo on."},)


def test_an_undone_turn_is_no_longer_sent() -> None:
    made, model = session(words("One."), words("Two."), words("Three."))
    turns(made, "1", "2")
    made.undo()
    turns(made, "3")
    assert model.requests[-1].messages[1:] == (
        {"role": "user", "content": "1"},
        {"role": "assistant", "content": "One."},
        {"role": "user", "content": "3"},
    )


def test_a_cell_of_the_user_in_a_language_that_is_not_here_is_refused_before_anything_happens() -> None:
    seen: list[e.Event] = []
    made, _ = session(words("Well."), consumers=(seen.append,))

    async def run() -> None:
        async with aclosing(made.run_cell("cobol", "x")) as events:
            async for _ in events:
                pass

    with pytest.raises(UsageError, match=r"^cobol cannot run here\. There is: python, shell\.$"):
        asyncio.run(run())
    assert seen == []
    assert types(turns(made, "Go on."))[-1] == "turn.finished"
