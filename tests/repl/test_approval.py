"""When the host of a terminal asks, and when it does not; the terminal is a pty in the test's own process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest

from interpreter.repl.approval import TerminalHost
from interpreter.repl.teletype import Teletype
from interpreter.seams import Decision, Proposal

T = TypeVar("T")


class Person:
    """Who sits at the other end of the terminal."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.seen = ""
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(fd, self._read)

    def _read(self) -> None:
        self.seen += os.read(self._fd, 4096).decode()
        self._news.set()

    async def answer(self, question: str, keys: str) -> None:
        """Wait for `question`, forget what was seen until then, and press `keys`."""
        async with asyncio.timeout(60):
            while question not in self.seen:
                self._news.clear()
                await self._news.wait()
        self.seen = self.seen.partition(question)[2]
        self.press(keys)

    def press(self, keys: str) -> None:
        """Press `keys` at once."""
        os.write(self._fd, keys.encode())

    def leave(self) -> None:
        """See nothing more."""
        asyncio.get_running_loop().remove_reader(self._fd)


@asynccontextmanager
async def sitting(**options: Any) -> AsyncIterator[tuple[TerminalHost, Person]]:
    """A host on a new terminal, and the person at it."""
    ours, theirs = os.openpty()
    person = Person(ours)
    try:
        yield TerminalHost(Teletype(theirs, theirs), environment=os.environ, **options), person
    finally:
        person.leave()
        os.close(ours)
        os.close(theirs)


def proposal(code: str = "1", language: str = "python", caution: str = "") -> Proposal:
    """A cell of the model."""
    return Proposal(cell="c1", language=language, code=code, caution=caution)


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`."""
    return asyncio.run(work)


async def decided(host: TerminalHost, person: Person, wanted: Proposal, keys: str) -> Decision:
    """The decision on `wanted` when the question is answered with `keys`."""
    deciding = asyncio.ensure_future(host.decide(wanted))
    await person.answer(f"Run this {wanted.language}? y/n/e/a/? ", keys)
    return await deciding


def test_always_holds_for_its_language_but_not_against_a_caution() -> None:
    async def work() -> None:
        async with sitting() as (host, person):
            assert await decided(host, person, proposal("1"), "a") == Decision(choice="run", code="1")
            assert await host.decide(proposal("2")) == Decision(choice="run", code="2", by="always")
            assert await decided(host, person, proposal("3", "shell"), "y") == Decision(choice="run", code="3")
            careful = asyncio.ensure_future(host.decide(proposal("4", caution="Again the same.")))
            await person.answer("Careful: Again the same.", "")
            await person.answer("Run this python? y/n/e/a/? ", "\x1b")
            assert await careful == Decision(choice="declined")
            host.forget()
            assert await decided(host, person, proposal("5"), "y") == Decision(choice="run", code="5")

    run(work())


def test_yes_to_everything_still_asks_where_a_person_should_look() -> None:
    async def work() -> None:
        async with sitting(yes=True) as (host, person):
            assert await host.decide(proposal("1")) == Decision(choice="run", code="1", by="auto")
            deciding = asyncio.ensure_future(host.decide(proposal("2", caution="Look.")))
            await person.answer("Run this python? y/n/e/a/? ", "n")
            await person.answer("Why not, or what instead? (Enter: nothing) ", "too slow\r")
            assert await deciding == Decision(choice="declined", note="too slow")

    run(work())


@pytest.mark.parametrize("length", [1, 4095])  # a terminal hands over 4095 bytes at once
def test_a_paste_does_not_approve_wherever_it_is_cut(length: int) -> None:
    async def work() -> None:
        async with sitting() as (host, person):
            deciding = asyncio.ensure_future(host.decide(proposal()))
            await person.answer("Run this python? y/n/e/a/? ", "")
            person.press(f"{'x' * length}y")
            while not (await asyncio.wait({deciding}, timeout=0.3))[0] and "be asked again" not in person.seen:
                person.press("?")  # until it is read by itself
            assert not deciding.done()
            await person.answer("Run this python? y/n/e/a/? ", "\x1b")
            assert await deciding == Decision(choice="declined")

    run(work())


def test_code_that_no_file_can_hold_is_edited_as_far_as_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "true")  # leaves the file as it is

    async def work() -> None:
        async with sitting() as (host, person):
            deciding = asyncio.ensure_future(host.decide(proposal("print('\ud83d')")))
            await person.answer("Run this python? y/n/e/a/? ", "e")
            await person.answer("print('?')", "")
            await person.answer("Run this python? y/n/e/a/? ", "y")
            decision = await deciding
            assert (decision.choice, decision.code) == ("edited", "print('?')")

    run(work())


def test_an_editor_that_cannot_be_named_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "'vi\x1b]0;title\x07")

    async def work() -> None:
        async with sitting() as (host, person):
            deciding = asyncio.ensure_future(host.decide(proposal()))
            await person.answer("Run this python? y/n/e/a/? ", "e")
            await person.answer("Cannot start 'vi: No closing quotation. Set EDITOR to an editor.", "")
            await person.answer("Run this python? y/n/e/a/? ", "\x1b")
            assert await deciding == Decision(choice="declined")

    run(work())


def test_a_refusal_from_outside_declines_the_open_question() -> None:
    async def work() -> None:
        async with sitting() as (host, person):
            assert not host.refuse()
            deciding = asyncio.ensure_future(host.decide(proposal()))
            await person.answer("Run this python? y/n/e/a/? ", "")
            assert host.refuse()
            assert await deciding == Decision(choice="declined")
            assert not host.refuse()

    run(work())


def test_a_language_cannot_write_to_the_terminal() -> None:
    async def work() -> None:
        async with sitting() as (host, person):
            deciding = asyncio.ensure_future(host.decide(proposal(language="py\x1b]0;title\x07thon")))
            await person.answer("Run this python? y/n/e/a/? ", "y")
            assert (await deciding).choice == "run"

    run(work())
