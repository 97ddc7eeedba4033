"""Cells in the background: what the user sees, what the model is told, and that nothing is lost or left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import Any, Literal

import pytest

from interpreter import events as e
from interpreter import history as h
from interpreter.notebooks.telling import told
from interpreter.recorders.lines import parsed, written
from interpreter.recorders.mending import Mending
from interpreter.recorders.outputs import DiskKeeper
from interpreter.recorders.resume import ran
from interpreter.runners.languages import LocalRunners
from interpreter.seams import Asked, Ended, Happening, Produced
from interpreter.secrets import Secrets
from interpreter.session import Session
from interpreter.stop import Stop
from interpreter.testing import FakeRunner, FakeRunners, ScriptedHost, tool_call, words
from tests.conversations import arguments, last_messages, session, types
from tests.recorders.kept import store
from tests.runners.bench import at

ARGUMENTS = arguments("train()")


def said(text: str) -> Produced:
    """A line on stdout."""
    return Produced(kind="stdout", data={"text/plain": f"{text}\n"})


class Long(FakeRunner):
    """Prints `begun` and waits until `go` is set or its stop is, then prints `finished`; it asks before or after."""

    def __init__(self, *, asks: Literal["before", "after", ""] = "", question: str = "sure? ") -> None:
        super().__init__()
        self.question = question
        self.go = asyncio.Event()
        self.asks = asks

    async def run(self, code: str, stop: Stop, *, timeout: float | None = None) -> AsyncGenerator[Happening, None]:
        self.ran.append(code)
        yield Asked(prompt=self.question) if self.asks == "before" else said("begun")
        waits = [asyncio.ensure_future(self.go.wait()), asyncio.ensure_future(stop.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        if stop.is_set:
            yield Ended(status="interrupted")
            return
        if self.asks == "after":
            yield Asked(prompt=self.question)
        yield said("finished")
        yield Ended(status="ok")


async def turn(made: Session, prompt: str, on_event: Callable[[e.Event], None] = lambda _: None) -> list[e.Event]:
    """The events that one turn's viewer sees."""
    seen = []
    async with aclosing(made.run(prompt)) as events:
        async for event in events:
            seen.append(event)
            on_event(event)
    return seen


def leaving(made: Session) -> Callable[[e.Event], None]:
    """Sends a cell to the background once it has printed `begun`."""

    def look(event: e.Event) -> None:
        if isinstance(event, e.Output) and event.data == {"text/plain": "begun\n"}:
            assert made.detach()

    return look


async def ended(made: Session) -> None:
    """Return when no cell is left in the background."""
    while made.background:  # noqa: ASYNC110 - the session tells its consumers, and here nobody waits for an event
        await asyncio.sleep(0.001)


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run it, a minute at most."""

    async def bounded() -> None:
        async with asyncio.timeout(60):
            await work

    asyncio.run(bounded())


def test_the_turn_goes_on_and_the_model_is_told_when_the_cell_went_and_when_it_ended() -> None:
    async def story() -> None:
        runner, seen = Long(), list[e.Event]()
        made, model = session(
            tool_call(ARGUMENTS),
            words("It trains."),
            words("Done."),
            runners=FakeRunners(python=runner),
            consumers=(seen.append,),
        )
        viewed = await turn(made, "Train.", leaving(made))
        assert types(viewed)[-6:] == [
            "output",
            "code.detached",
            "step.started",
            "text.delta",
            "text",
            "turn.finished",
        ]
        told = "begun\n[The code runs on in the background, as cell c1; you will be told when it ends. "
        told += "Until then python takes no other code.]"
        assert last_messages(model, 1) == ({"role": "tool", "tool_call_id": "call-1", "content": told},)
        assert [(there.cell, there.language) for there in made.background] == [("c1", "python")]

        before = len(seen)
        runner.go.set()
        await ended(made)
        assert [(event.type, getattr(event, "cell", "")) for event in seen[before:]] == [
            ("output", "c1"),
            ("code.finished", "c1"),
        ]
        await turn(made, "And?")
        note = (
            "[Cell c1 (python), which ran in the background, ended: ok, 0 s. Since it went there it printed:\nfinished]"
        )
        assert last_messages(model, 1) == ({"role": "user", "content": f"{note}\n\nAnd?"},)
        assert h.fold(seen) == made.history

    run(story())


def test_a_cell_goes_to_the_background_by_itself_after_its_time() -> None:
    async def story() -> None:
        made, _ = session(
            tool_call(ARGUMENTS), words("It trains."), runners=FakeRunners(python=Long()), background_after=0.01
        )
        assert "code.detached" in types(await turn(made, "Train."))
        await made.close()
        assert made.background == ()

    run(story())


def test_meanwhile_its_language_takes_no_code_and_says_why_and_others_do() -> None:
    async def story() -> None:
        runner, shell = Long(), FakeRunner()
        made, model = session(
            tool_call(ARGUMENTS),
            tool_call(ARGUMENTS, id="2"),
            tool_call(arguments("ls", "shell"), id="3"),
            words("."),
            runners=FakeRunners(python=runner, shell=shell),
        )
        happened = await turn(made, "Train.", leaving(made))
        ends = [(event.cell, event.ran) for event in happened if isinstance(event, e.CodeFinished)]
        assert ends == [("c2", False), ("c3", True)]
        results = [message["content"] for message in model.requests[-1].messages if message["role"] == "tool"]
        assert results[1:] == [
            "This code was not run: python is busy with cell c1, which runs in the background. "
            "Wait until it has ended or the user has interrupted it (/interrupt); other languages can be used.",
            "ls",
        ]
        assert (runner.ran, shell.ran) == (["train()"], ["ls"])
        await made.close()

    run(story())


def test_what_comes_late_after_a_cell_was_refused_belongs_to_the_one_that_ran() -> None:
    async def story() -> None:
        runners = FakeRunners(python=Long())
        made, _ = session(tool_call(ARGUMENTS), tool_call(arguments("look()"), id="2"), words("."), runners=runners)
        await turn(made, "Train.", leaving(made))
        assert made.interrupt_background("c1")
        await ended(made)
        assert runners.late is not None
        runners.late("python", said("bye"))
        assert made.history.entries[-1] == h.Note(text="Cell c1 printed after it had ended:\nbye")
        assert [cell.id for cell in ran(made.history)] == ["c1"]
        assert [cell.id for cell in ran(h.fold(told(made.history)))] == ["c1"]
        await made.close()

    run(story())


def test_a_model_that_tries_a_busy_language_again_and_again_is_stopped_but_not_in_another() -> None:
    async def story() -> None:
        host = ScriptedHost()
        runners = FakeRunners(python=Long(), shell=FakeRunner())
        tries = [tool_call(arguments(f"look({number})"), id=str(number)) for number in range(3)]
        last = [tool_call(arguments("sleep 9", "shell"), id="s"), *tries, tool_call(ARGUMENTS, id="t"), words(".")]
        made, _ = session(tool_call(ARGUMENTS), *tries, *last, host=host, runners=runners)
        await turn(made, "Train.", leaving(made))
        busy = "The last 3 pieces of code were not run, since python is busy."
        assert [proposal.caution for proposal in host.asked] == [*[""] * 8, busy]
        await made.close()

    run(story())


def test_a_language_that_was_busy_and_is_free_again_takes_code_without_a_caution() -> None:
    async def story() -> None:
        host = ScriptedHost()
        tries = [tool_call(ARGUMENTS, id=str(number)) for number in range(5)]
        made, _ = session(*tries, words("."), host=host, runners=FakeRunners(python=Long()))

        leave = leaving(made)
        async with aclosing(made.run("Train.")) as events:
            async for event in events:
                leave(event)
                if isinstance(event, e.CodeFinished) and event.cell == "c4":
                    assert made.interrupt_background("c1")
                    await ended(made)
        assert [proposal.caution for proposal in host.asked] == [""] * 5
        await made.close()

    run(story())


def test_only_an_interrupt_of_its_own_ends_it() -> None:
    async def story() -> None:
        seen = list[e.Event]()
        made, _ = session(
            tool_call(ARGUMENTS),
            words("It trains."),
            tool_call(arguments("wait", "shell"), id="2"),
            runners=FakeRunners(python=Long(), shell=Long()),
            consumers=(seen.append,),
        )
        await turn(made, "Train.", leaving(made))

        def interrupt(event: e.Event) -> None:
            if isinstance(event, e.Output):
                made.interrupt()

        assert types(await turn(made, "And wait.", interrupt))[-1] == "turn.finished"
        assert [there.cell for there in made.background] == ["c1"]
        assert (made.interrupt_background("c2"), made.interrupt_background("c1")) == (False, True)
        await ended(made)
        ends = [(event.cell, event.status) for event in seen if isinstance(event, e.CodeFinished)]
        assert ends == [("c2", "interrupted"), ("c1", "interrupted")]

    run(story())


def test_nobody_answers_a_cell_in_the_background_and_that_is_told() -> None:
    async def story() -> None:
        runner, host = Long(asks="after"), ScriptedHost(lines=["yes"])
        replies = (tool_call(ARGUMENTS), words("."), words("."))
        made, model = session(*replies, runners=FakeRunners(python=runner), host=host)
        await turn(made, "Train.", leaving(made))
        runner.go.set()
        await ended(made)
        assert (runner.answers, host.read) == ([None], [])
        await turn(made, "And?")
        told = "sure? \n[Nobody answers this in the background.]\nfinished"
        assert told in str(last_messages(model, 1)[0]["content"])

    run(story())


def test_what_it_asks_in_vain_is_masked_and_shortened_like_its_output(tmp_path: Path) -> None:
    async def story() -> None:
        runner = Long(asks="after", question=f"{'menu ' * 10_000}for sk-very-secret-key? ")
        keeper = DiskKeeper(store(tmp_path).create(), secrets=Secrets(["sk-very-secret-key"]))
        made, model = session(
            tool_call(ARGUMENTS), words("."), words("."), runners=FakeRunners(python=runner), keeper=keeper
        )
        await turn(made, "Train.", leaving(made))
        runner.go.set()
        await ended(made)
        await turn(made, "And?")
        told = str(last_messages(model, 1)[0]["content"])
        assert "menu for [masked]? \n[Nobody answers this in the background.]\nfinished" in told
        assert ("sk-very-secret-key" in told, len(told) < 20_000) == (False, True)

    run(story())


def test_a_cell_that_waits_for_input_stays_until_it_was_answered() -> None:
    class Typing(ScriptedHost):
        async def read_line(self, request: e.InputRequested) -> str | None:
            assert made.detach()
            for _ in range(20):
                await asyncio.sleep(0)
            return "yes"

    async def ask() -> None:
        seen = types(await turn(made, "Train."))
        assert seen.index("code.detached") > seen.index("input.given")
        await made.close()
        assert runner.answers == ["yes"]

    runner = Long(asks="before")
    made, _ = session(tool_call(ARGUMENTS), words("."), runners=FakeRunners(python=runner), host=Typing())
    run(ask())


@pytest.mark.parametrize("by", ["restart", "close"])
def test_a_restart_and_the_end_of_the_session_end_it_first(by: str) -> None:
    async def story() -> None:
        runner, seen = Long(), list[e.Event]()
        made, _ = session(
            tool_call(ARGUMENTS), words("."), runners=FakeRunners(python=runner), consumers=(seen.append,)
        )
        await turn(made, "Train.", leaving(made))
        await (made.restart("python") if by == "restart" else made.close())
        assert (made.background, runner.restarts, runner.closed) == ((), int(by == "restart"), by == "close")
        assert "code.finished" in types(seen)

    run(story())


def test_the_users_own_cell_can_go_to_the_background() -> None:
    async def story() -> None:
        made, _ = session(runners=FakeRunners(python=Long()))
        assert not made.detach()
        async with aclosing(made.run_cell("python", "train()")) as events:
            seen = []
            async for event in events:
                seen.append(event)
                leaving(made)(event)
        assert types(seen)[-1] == "code.detached"
        assert made.history.open is None
        await made.close()

    run(story())


def test_a_real_kernel_goes_on_beside_the_shell_and_keeps_its_variables(tmp_path: Path) -> None:
    async def story() -> None:
        seen = list[e.Event]()
        begun = "import time\nkept = 41\nprint('begun', flush=True)\n"
        code = f"{begun}while not __import__('os').path.exists('go'): time.sleep(0.01)\nprint('finished')"
        made, model = session(
            tool_call(arguments(code)),
            tool_call(arguments("touch go", "shell"), id="2"),
            words("It runs."),
            tool_call(arguments("print(kept + 1)"), id="3"),
            words("42."),
            runners=LocalRunners(place=at(tmp_path), interactive=False),
            consumers=(seen.append,),
        )
        await turn(made, "Run.", leaving(made))
        await ended(made)
        assert [event.status for event in seen if isinstance(event, e.CodeFinished)] == ["ok", "ok"]
        await turn(made, "And now?")
        assert last_messages(model, 1) == ({"role": "tool", "tool_call_id": "3", "content": "42"},)
        await made.close()

    run(story())


CUT_OFF = (
    e.TurnStarted(prompt="Train."),
    e.StepStarted(step=1, model="m", protocol="tools"),
    e.CodeProposed(cell="c1", language="python", code="train()"),
    e.CodeDecided(cell="c1", decision="run", code="train()"),
    e.CodeDetached(cell="c1", seconds=3.0),
    e.TurnFinished(reason="done"),
    e.Output(cell="c1", kind="stdout", data={"text/plain": "epoch 1\n"}),
)
"""A journal that ends while a cell is in the background."""


def test_a_history_that_ends_meanwhile_says_that_the_cell_died() -> None:
    folded = h.fold(CUT_OFF)
    words_of_it = "which ran in the background, ended: died, 3 s. Since it went there it printed:\nepoch 1"
    assert (folded.background, folded.entries[-1]) == ((), h.Note(text=f"Cell c1 (python), {words_of_it}"))


def test_a_journal_that_ends_meanwhile_is_mended() -> None:
    def closing(events: tuple[e.Event, ...]) -> tuple[e.Event, ...]:
        mending = Mending()
        for number, event in enumerate(events, 1):
            line = parsed(written(event, seq=number, time="").encode().rstrip(), number, whole=True)
            assert line is not None
            mending.follow(line)
        return mending.closing()

    died = e.CodeFinished(cell="c1", status="died", seconds=0.0)
    assert closing(CUT_OFF) == (died,)
    assert closing((*CUT_OFF, e.CodeFinished(cell="c1", status="ok", seconds=9.0))) == ()
