"""What a session is built from: who answers after a switch of the model, where, and with which key."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from interpreter import events as e
from interpreter.assembly import Assembly, assemble
from interpreter.choosing import Remote, switched
from interpreter.errors import SettingsError
from interpreter.hosts import AutoRun
from interpreter.places import places
from interpreter.recorders.lines import written
from interpreter.recorders.store import Store
from interpreter.runners import kept, processes
from interpreter.settings import LATEST, Settings
from tests.providers.server import Endpoint, say, serve

KEY = "key-of-the-first-endpoint"


async def assembled(home: Path, settings: Settings, choice: Remote | None = None) -> Assembly:
    environment = {"INTERPRETER_HOME": str(home), "PATH": ""}
    return await assemble(settings, host=AutoRun(), environment=environment, home=places(environment), choice=choice)


async def asked(assembly: Assembly) -> None:
    async with aclosing(assembly.session.run("hi")) as events:
        assert [event async for event in events]


def seen(endpoint: Endpoint) -> list[tuple[object, str]]:
    """Which model was asked for, and with which key."""
    return [(request.body["model"], request.key) for request in endpoint.requests]


def test_another_model_is_asked_where_the_one_before_was_and_a_key_goes_to_no_other_base(tmp_path: Path) -> None:
    with serve(say("A."), say("B.")) as first, serve(say("C."), say("D.")) as second:

        async def converse() -> None:
            assembly = await assembled(tmp_path, Settings(model="a", api_base=first.base(), api_key=KEY))
            try:
                await asked(assembly)
                for name, base in (("b", None), ("c", second.base()), ("d", None)):
                    await assembly.switch(name, base)
                    await asked(assembly)
            finally:
                await assembly.close()

        asyncio.run(converse())
    assert seen(first) == [("a", KEY), ("b", KEY)]
    assert seen(second) == [("c", "sk-none"), ("d", "sk-none")]


def test_a_model_of_a_server_that_was_picked_is_followed_by_another_of_that_server(tmp_path: Path) -> None:
    with serve(say("A.")) as endpoint:

        async def converse() -> None:
            assembly = await assembled(tmp_path, Settings(), Remote(model="a", base=endpoint.base()))
            try:
                await assembly.switch("b", None)
                await asked(assembly)
            finally:
                await assembly.close()

        asyncio.run(converse())
    assert seen(endpoint) == [("b", "sk-none")]


@pytest.mark.parametrize(
    ("before", "name", "key"),
    [
        (Settings(model="openai/a", api_key=KEY), "openai/b", KEY),
        (Settings(model="openai/a", api_key=KEY), "anthropic/b", None),
        (Settings(model="a", api_key=KEY), "groq/b", None),
        (Settings(model="openai/a", api_key=KEY, api_base="http://here"), "anthropic/b", KEY),
        (Settings(model="a", api_key=KEY, custom_llm_provider="groq"), "meta/b", KEY),
    ],
)
def test_a_key_that_was_given_goes_to_no_other_provider(before: Settings, name: str, key: str | None) -> None:
    after = switched(before, name)
    assert (after.model, after.api_base, after.api_key) == (name, before.api_base, key)


def test_a_switch_to_what_is_no_address_is_refused_and_the_model_stays(tmp_path: Path) -> None:
    async def converse() -> str:
        assembly = await assembled(tmp_path, Settings(model="a", api_base="http://127.0.0.1:9"))
        try:
            with pytest.raises(SettingsError, match=r"^api_base must be an http or https address"):
                await assembly.switch("b", "http://[bad")
            return assembly.session.model
        finally:
            await assembly.close()

    assert asyncio.run(converse()) == "a"


@pytest.mark.parametrize("person", [True, False], ids=["a person", "a program"])
def test_a_person_goes_on_with_the_latest_session_of_a_person_and_is_told_of_a_newer_one(
    tmp_path: Path, person: bool
) -> None:
    home = {"INTERPRETER_HOME": str(tmp_path), "PATH": ""}
    told: list[str] = []

    async def session(resume: str | None, *, interactive: bool) -> str:
        assembly = await assemble(
            Settings(model="a", resume=resume),
            host=AutoRun(),
            environment=home,
            home=places(home),
            interactive=interactive,
            warn=told.append,
        )
        if resume is None:
            assembly.session.emit(e.TurnStarted(prompt="Go."))
        await assembly.close()
        return assembly.folder.id

    theirs, newer = (asyncio.run(session(None, interactive=interactive)) for interactive in (True, False))
    found = asyncio.run(session(LATEST, interactive=person))
    words = f"Session {newer} is newer, but no person was there: interpreter --resume {newer} goes on with it."
    assert (found, told) == ((theirs, [words]) if person else (newer, []))


def test_a_resumed_session_tells_once_each_what_a_crash_did_to_it(tmp_path: Path) -> None:
    folder = Store(places({"INTERPRETER_HOME": str(tmp_path)}).sessions).create()
    cell: tuple[e.Event, ...] = (
        e.CodeProposed(cell="c1", language="python", code="z = 3", by="user"),
        e.CodeDecided(cell="c1", decision="run", code="z = 3"),
    )
    lines = [written(event, seq=seq, time="") for seq, event in enumerate(cell, 1)]
    folder.journal.write_text("".join([*lines, '{"seq":3,"ti']), encoding="utf-8")
    told: list[str] = []

    async def resume() -> None:
        environment = {"INTERPRETER_HOME": str(tmp_path), "PATH": ""}
        assembly = await assemble(
            Settings(model="a", resume=folder.id),
            host=AutoRun(),
            environment=environment,
            home=places(environment),
            warn=told.append,
        )
        await assembly.close()

    asyncio.run(resume())
    assert told == [
        f"The last line of {folder.journal} was cut off and is left out: the program was ended while writing it.",
        "c1 was running when the program ended: what it had done by then is not known.",
    ]


def test_a_kernel_that_is_to_be_kept_ends_with_a_session_in_which_nothing_happened(tmp_path: Path) -> None:
    environment = {"INTERPRETER_HOME": str(tmp_path), "PATH": ""}
    told: list[str] = []

    async def nothing() -> tuple[Path, kept.Kept | None]:
        settings, home = Settings(model="a", keep_kernel=True), places(environment)
        assembly = await assemble(settings, host=AutoRun(), environment=environment, home=home, warn=told.append)
        await assembly.warm()
        there = kept.find(assembly.folder.kernel)
        await assembly.close()
        return assembly.folder.path, there

    folder, there = asyncio.run(nothing())
    assert there is not None
    assert (processes.state(there.pid), folder.exists(), told) == ("gone", False, [])
