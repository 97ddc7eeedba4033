"""`interpreter run`: runs a session that was kept as a command, with other values, without a model. Keeps nothing."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

from interpreter.commands.context import Context
from interpreter.commands.heeded import RUNNING

if TYPE_CHECKING:
    from interpreter.notebooks.document import Json
    from interpreter.saved.command import SavedCommand

HELP = "Run a session that was kept with /save-as, without a model; without a name, list what is kept."
HEEDS = {
    "json": "Write one event a line, as JSON, and nothing else on stdout; without a name one command a line.",
    **RUNNING,
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="the command; its options are told by NAME --help")
    parser.add_argument(
        "parameters", nargs=argparse.REMAINDER, metavar="--PARAMETER VALUE", help="values that it is to run with"
    )


def run(given: argparse.Namespace, context: Context) -> int:
    """Do it; the exit code: 0, 3 where a cell fails, 130 when interrupted."""
    from interpreter.saved import command, parameters

    folder = context.places.commands
    if given.name is None:
        return _list(command.every(folder), context)
    found = command.find(given.name, folder)
    if given.parameters in (["--help"], ["-h"]):
        context.out.writelines(f"{line}\n" for line in _manual(found))
        return 0
    values = parameters.given(found.name, found.parameters, given.parameters)
    return asyncio.run(_run(parameters.injected(found.document, values), context))


async def _run(document: Json, context: Context) -> int:
    from interpreter.renderers.jsonl import JsonRenderer
    from interpreter.replay.execution import replay
    from interpreter.replay.plan import plan
    from interpreter.replay.stage import stage
    from interpreter.replay.telling import Results

    show = (
        JsonRenderer(context.out, secrets=context.secrets)
        if context.settings.json
        else Results(context.out, context.err)
    )
    async with stage(
        document,
        context.settings,
        folder=str(Path.cwd()),
        environment=context.environment,
        cache=context.places.cache,
    ) as here:
        async for ran in replay(
            plan(document), here.runners, here.stop, timeout=context.settings.cell_timeout, show=show
        ):
            if ran.status != "ok" and not here.stop.is_set:
                return 3
        return 130 if here.stop.is_set else 0


def _list(commands: tuple[SavedCommand, ...], context: Context) -> int:
    if not commands:
        context.err.write("No command is kept yet: /save-as NAME keeps a session as one.\n")
    for found in commands:
        if context.settings.json:
            told = {"name": found.name, "usage": found.usage, "title": found.title}
            context.out.write(json.dumps(told, ensure_ascii=False) + "\n")
            continue
        context.out.writelines(f"{line}\n" for line in _manual(found))
    return 0


def _manual(found: SavedCommand) -> list[str]:
    from interpreter.renderers.sanitize import clean_line

    return [clean_line(found.usage), f"    {clean_line(found.title)[:200]}"]
