"""Real sessions, recorded: cells run in a real kernel and shell, kept as the program keeps them. Asserts nothing."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import io
import os
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from interpreter import events as e
from interpreter.commands.context import Context
from interpreter.places import places
from interpreter.protocols.ladder import FixedProtocol
from interpreter.recorders.journal import Journal
from interpreter.recorders.notebook import NotebookRecorder
from interpreter.recorders.outputs import DiskKeeper
from interpreter.recorders.store import Store
from interpreter.runners.environment import workplace
from interpreter.runners.languages import LocalRunners
from interpreter.session import Session
from interpreter.settings import Settings
from interpreter.testing import ScriptedHost, ScriptedModel
from tests.conversations import BRIEF


def record(home: Path, *cells: str) -> str:
    """A session under `home` in which the user ran `cells` (one of the shell begins with `!`); its id."""
    context = context_in(home)
    folder = Store(context.places.sessions).create()

    async def session() -> None:
        journal, notebook = Journal(folder), NotebookRecorder(folder)
        place = workplace(folder=str(home), environment=context.environment, cache=context.places.cache)
        made = Session(
            model=ScriptedModel(),
            ladder=FixedProtocol("tools", BRIEF),
            runners=LocalRunners(place=place, interactive=True),
            host=ScriptedHost(),
            keeper=DiskKeeper(folder),
            consumers=(journal, notebook),
            id=folder.id,
        )
        for code in cells:
            language = "shell" if code.startswith("!") else "python"
            async with aclosing(made.run_cell(language, code.removeprefix("!"))) as events:
                async for event in events:
                    assert not isinstance(event, e.TurnFinished)
        await made.close()
        await notebook.close()
        journal.close()

    asyncio.run(session())
    return folder.id


def context_in(home: Path, *, settings: Settings | None = None) -> Context:
    """What a command is given, with everything under `home`."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "INTERPRETER_HOME": str(home)}
    return Context(
        settings=settings or Settings(),
        places=places(environment),
        environment=environment,
        out=io.StringIO(),
        err=io.StringIO(),
        interactive=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


def command(name: str, home: Path, *argv: str, json: bool = False, api_key: str | None = None) -> Done:
    """Run a subcommand as the program does."""
    module = importlib.import_module(f"interpreter.commands.{name}")
    parser = argparse.ArgumentParser()
    module.arguments(parser)
    context = context_in(home, settings=Settings(json=json, api_key=api_key))
    code = module.run(parser.parse_args(argv), context)
    assert isinstance(context.out, io.StringIO)
    assert isinstance(context.err, io.StringIO)
    return Done(code=code, out=context.out.getvalue(), err=context.err.getvalue())
