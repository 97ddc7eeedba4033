"""`Interpreter` for Python programs: synchronous, asynchronous, inside a running loop, and what it raises."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

import pytest

from interpreter import Interpreter
from interpreter import events as e
from interpreter.errors import ModelError, UsageError
from interpreter.limits import Limits
from interpreter.seams import Decision, Happening, Proposal
from interpreter.session import Session
from interpreter.settings import Settings
from interpreter.stop import Stop
from interpreter.testing import Answer, FakeRunner, FakeRunners, ScriptedHost, tool_call, waiting, words
from tests import conversations
from tests.conversations import arguments

ONE_CELL = (tool_call(arguments("print(1)")), words("It is 1."))


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Every loop thread of a test has ended with it."""
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name == "interpreter"] == []


def interpreter(*answers: Answer, runner: FakeRunner | None = None, host: ScriptedHost | None = None) -> Interpreter:
    """An `Interpreter` over a session of fakes."""
    runners = FakeRunners(python=runner or FakeRunner(), shell=FakeRunner())

    async def made() -> Session:
        return conversations.session(*answers, runners=runners, host=host)[0]

    return Interpreter(session=made)


def test_chat_returns_the_last_words_and_keeps_the_history() -> None:
    with interpreter(*ONE_CELL, words("Still 1.")) as it:
        assert it.chat("What is it?") == "It is 1."
        assert it.chat("And now?") == "Still 1."
        assert it.history.turns == 2


def test_a_stream_gives_every_event_and_ends_by_itself() -> None:
    with interpreter(*ONE_CELL) as it, it.stream("What is it?") as events:
        kinds = [event.type for event in events]
    assert (kinds[0], kinds[-1], kinds.count("code.finished")) == ("turn.started", "turn.finished", 1)


def test_leaving_a_stream_early_interrupts_the_turn_and_the_next_one_works() -> None:
    runner = FakeRunner(waiting)
    with interpreter(tool_call(arguments("loop()")), words("Fine."), runner=runner) as it:
        with it.stream("Go.") as events:
            for event in events:
                if isinstance(event, e.Output):
                    break
        assert it.chat("And now?") == "Fine."
    assert runner.closed


def test_an_interrupt_from_another_thread_ends_the_turn() -> None:
    with interpreter(tool_call(arguments("loop()")), runner=FakeRunner(waiting)) as it:
        seen: list[e.Event] = []
        with it.stream("Go.") as events:
            for event in events:
                seen.append(event)
                if isinstance(event, e.Output):
                    threading.Thread(target=it.interrupt).start()
    assert seen[-1] == e.TurnFinished(reason="interrupted")


def test_a_turn_that_fails_raises_its_one_line() -> None:
    with interpreter(ModelError("The key was refused.", fault="auth")) as it, pytest.raises(ModelError) as caught:
        it.chat("Go.")
    assert str(caught.value) == "The key was refused."


def test_chat_warns_of_code_that_was_declined_and_of_a_limit() -> None:
    declined = ScriptedHost(Decision(choice="declined"))
    with interpreter(*ONE_CELL, host=declined) as it, pytest.warns(UserWarning, match=r"auto_run=True") as warned:
        assert it.chat("What is it?") == ""
    assert [warning.filename for warning in warned] == [__file__]

    async def limited() -> Session:
        runners = FakeRunners(python=FakeRunner())
        return conversations.session(*ONE_CELL, runners=runners, limits=Limits(max_steps=1))[0]

    with Interpreter(session=limited) as it, pytest.warns(UserWarning, match="steps"):
        assert it.chat("What is it?") == ""


def test_inside_a_running_loop_both_the_synchronous_and_the_asynchronous_names_work() -> None:
    async def main() -> tuple[str, str, list[str]]:
        it = interpreter(words("One."), words("Two."), words("Three."))
        try:
            first = it.chat("1")
            second = await it.achat("2")
            third = [event.text async for event in it.astream("3") if isinstance(event, e.Text)]
        finally:
            it.close()
        return first, second, third

    assert asyncio.run(main()) == ("One.", "Two.", ["Three."])


def test_an_asynchronous_block_ends_its_runners_and_its_thread_also_when_it_fails() -> None:
    async def main(runner: FakeRunner) -> None:
        async with interpreter(*ONE_CELL, runner=runner) as it:
            assert (await it.achat("What is it?"), runner.closed) == ("It is 1.", False)
            raise TimeoutError

    runner = FakeRunner()
    with pytest.raises(TimeoutError):
        asyncio.run(main(runner))
    assert runner.closed


def test_a_host_of_the_caller_decides() -> None:
    host = ScriptedHost(Decision(choice="declined"))
    runner = FakeRunner()
    with interpreter(*ONE_CELL, runner=runner, host=host) as it, pytest.warns(UserWarning, match="declined"):
        assert it.chat("Go.") == ""
    assert runner.ran == []
    assert host.asked == [Proposal(cell="c1", language="python", code="print(1)")]


def test_turns_that_begin_together_build_one_session() -> None:
    built: list[Session] = []

    async def made() -> Session:
        await asyncio.sleep(0)  # as a session is built that must ask a server first
        built.append(conversations.session(words("One."), words("Two."))[0])
        return built[-1]

    async def both(it: Interpreter) -> list[object]:
        return list(await asyncio.gather(it.achat("a"), it.achat("b"), return_exceptions=True))

    with Interpreter(session=made) as it:
        assert asyncio.run(both(it))[0] == "One."
    assert len(built) == 1


def test_settings_that_cannot_be_used_are_refused_at_once() -> None:
    with pytest.raises(UsageError, match=r"^max_steps must be a whole number from 1 to 999999999, not 0\.$"):
        Interpreter(max_steps=0)
    with pytest.raises(UsageError, match=r"^max_steps must be a whole number"):
        Interpreter(Settings(model="m"), max_steps=0)
    with pytest.raises(TypeError, match="modle"):
        Interpreter(modle="m")


class Lingering(FakeRunner):
    """A runner whose cell waits for its interrupt, and then takes some time to end."""

    def __init__(self) -> None:
        super().__init__(waiting)
        self.running = threading.Event()

    async def run(self, code: str, stop: Stop, *, timeout: float | None = None) -> AsyncGenerator[Happening, None]:
        try:
            async with aclosing(super().run(code, stop, timeout=timeout)) as happenings:
                async for happening in happenings:
                    self.running.set()
                    yield happening
        finally:
            await asyncio.sleep(0.05)


@pytest.mark.skipif(sys.platform == "win32", reason="a signal cannot be sent to a thread there")
def test_ctrl_c_in_a_turn_ends_it_and_the_next_one_can_begin_at_once() -> None:
    runner, this = Lingering(), threading.get_ident()

    def press() -> None:
        runner.running.wait()
        signal.pthread_kill(this, signal.SIGINT)

    with interpreter(*ONE_CELL[:1], words("Well."), runner=runner) as it:
        pressing = threading.Thread(target=press)
        pressing.start()
        with pytest.raises(KeyboardInterrupt):
            it.chat("Go.")
        pressing.join()
        assert it.chat("And now?") == "Well."


class Ending(FakeRunner):
    """A runner whose end has begun and goes on when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()
        self.begins = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._may = asyncio.Event()

    async def close(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.begins += 1
        self.begun.set()
        await self._may.wait()
        await super().close()

    def let(self) -> None:
        """Let it go on; from any thread."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._may.set)


async def ending(it: Interpreter, runner: Ending) -> asyncio.Task[None]:
    """`aclose`, which has begun to end the runner of a turn."""
    await it.achat("What is it?")
    closing = asyncio.ensure_future(it.aclose())
    await asyncio.to_thread(runner.begun.wait)
    return closing


@pytest.mark.parametrize("cancelled", [False, True])
def test_whoever_closes_while_another_one_does_waits_for_the_same_end(cancelled: bool) -> None:
    async def main(runner: Ending) -> tuple[bool, bool]:
        it = interpreter(*ONE_CELL, runner=runner)
        first = await ending(it, runner)
        if cancelled:
            first.cancel()
            await asyncio.wait({first})
        second = asyncio.ensure_future(it.aclose())
        done, _ = await asyncio.wait({first, second}, timeout=0.05)
        runner.let()
        async with asyncio.timeout(10):
            await second
            await asyncio.wait({first})
        return first.cancelled(), second in done

    runner = Ending()
    assert asyncio.run(main(runner)) == (cancelled, False)
    assert (runner.begins, runner.closed) == (1, True)


def test_the_end_of_the_program_does_not_cut_an_end_short() -> None:
    async def lets(runner: Ending) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            runner.let()

    async def main(runner: Ending) -> tuple[asyncio.Task[None], asyncio.Task[None]]:
        both = await ending(interpreter(*ONE_CELL, runner=runner), runner), asyncio.ensure_future(lets(runner))
        await asyncio.sleep(0)
        return both

    runner = Ending()
    closing, _ = asyncio.run(main(runner))
    assert (closing.cancelled(), runner.begins, runner.closed) == (True, 1, True)


@pytest.mark.skipif(sys.platform == "win32", reason="a signal cannot be sent to a thread there")
def test_after_ctrl_c_in_a_close_the_next_one_waits_for_the_end() -> None:
    runner, this = Ending(), threading.get_ident()

    def press() -> None:
        runner.begun.wait()
        signal.pthread_kill(this, signal.SIGINT)

    it = interpreter(*ONE_CELL, runner=runner)
    it.chat("What is it?")
    pressing = threading.Thread(target=press)
    pressing.start()
    with pytest.raises(KeyboardInterrupt):
        it.close()
    pressing.join()
    assert not runner.closed
    runner.let()
    it.close()
    assert (runner.begins, runner.closed) == (1, True)
