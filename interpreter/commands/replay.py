"""`interpreter replay`: runs the cells of a session or notebook again without a model, and compares. Keeps nothing."""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from interpreter.commands.context import Context
from interpreter.commands.heeded import RUNNING

if TYPE_CHECKING:
    from interpreter.notebooks.source import Source
    from interpreter.replay.execution import Ran
    from interpreter.replay.verdicts import Verdict
    from interpreter.secrets import Secrets

HELP = (
    "Run the cells of a session or notebook again, in a fresh kernel and without a model; typing this is the consent."
)
HEEDS = {
    "json": "Write one event a line, as JSON, and nothing else on stdout; with --verify one object with all verdicts.",
    **RUNNING,
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("source", metavar="ID|FILE.ipynb", help="a kept session, or a notebook")
    parser.add_argument(
        "--verify",
        action="store_true",
        help="compare what comes with what was recorded, cell by cell; exit code 1 if any cell brings something else",
    )


def run(given: argparse.Namespace, context: Context) -> int:
    """Do it; the exit code: with `--verify` 0 or 1, else 0 or 3 as a cell fails that had not; 130 when interrupted."""
    from interpreter.notebooks.source import find
    from interpreter.runners.kernelspecs import data_folders

    source = find(given.source, context.places.sessions, data_folders(context.environment))
    return asyncio.run(_verified(source, context) if given.verify else _replayed(source, context))


async def _replayed(source: Source, context: Context) -> int:
    """Show all that runs, up to a failure that was not recorded."""
    from interpreter.renderers.jsonl import JsonRenderer
    from interpreter.renderers.plain import PlainRenderer
    from interpreter.replay.execution import replay
    from interpreter.replay.plan import plan
    from interpreter.replay.stage import stage

    as_json = context.settings.json
    show = JsonRenderer(context.out, secrets=context.secrets) if as_json else PlainRenderer(context.out, context.out)
    cells = plan(source.document)
    for cell in cells:
        if cell.left_out:
            context.err.write(f"{cell.id} is left out: {cell.left_out}.\n")
    async with stage(
        source.document,
        context.settings,
        folder=_folder(source),
        environment=context.environment,
        cache=context.places.cache,
    ) as here:
        async for ran in replay(cells, here.runners, here.stop, timeout=context.settings.cell_timeout, show=show):
            if ran.unexpected and not here.stop.is_set:
                context.err.write(f"Cell {ran.cell.id} did not fail when it was recorded; the rest is not run.\n")
                return 3
        return 130 if here.stop.is_set else 0


async def _verified(source: Source, context: Context) -> int:
    """Tell each verdict as it is found, or all of them as JSON."""
    from interpreter.replay.execution import replay
    from interpreter.replay.plan import plan
    from interpreter.replay.stage import stage
    from interpreter.replay.verdicts import Judge, as_json, reproducible

    judge, secrets = Judge(), context.secrets
    cells = plan(source.document)
    verdicts = [judge.left_out(cell) for cell in cells if cell.left_out]
    async with stage(
        source.document,
        context.settings,
        folder=_folder(source),
        environment=context.environment,
        cache=context.places.cache,
    ) as here:
        _tell(verdicts, context)
        async for ran in replay(cells, here.runners, here.stop, timeout=context.settings.cell_timeout):
            if here.stop.is_set:
                return 130
            verdicts.append(judge.ran(_masked(ran, secrets)))
            _tell(verdicts[-1:], context)
    if context.settings.json:
        order = {cell.id: number for number, cell in enumerate(cells)}
        report = as_json(sorted(verdicts, key=lambda it: order[it.cell]))
        context.out.write(json.dumps(secrets.within(report), ensure_ascii=False) + "\n")
    else:
        from interpreter.replay.telling import summary

        context.out.write(f"{summary(verdicts)}\n")
    return 0 if reproducible(verdicts) else 1


def _masked(ran: Ran, secrets: Secrets) -> Ran:
    """With its outputs as they would be kept, and so as the recorded ones are."""
    return replace(ran, outputs=tuple(secrets.within(ran.outputs)))


def _folder(source: Source) -> str:
    """A notebook runs where it lies, as in Jupyter; a session where the user is."""
    return str(Path.cwd() if source.file is None else source.file.absolute().parent)


def _tell(verdicts: list[Verdict], context: Context) -> None:
    from interpreter.replay.telling import verdict

    if not context.settings.json:
        for one in verdicts:
            context.out.writelines(f"{line}\n" for line in verdict(one))
        context.out.flush()
