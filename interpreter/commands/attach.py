"""`interpreter attach`: how other programs join the kernel that a session left running, or its end. Runs no code."""

from __future__ import annotations

import argparse
import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from interpreter.commands.context import Context
from interpreter.errors import UsageError

if TYPE_CHECKING:
    from interpreter.recorders.folder import SessionFolder
    from interpreter.recorders.store import Store
    from interpreter.runners.gateway import Gateway
    from interpreter.runners.kept import Kept, KeptRemote

_ENDED = "Session {0} has no running kernel. `interpreter --resume {0}` goes on anew."
HELP = "Tell how other programs join the kernel that a session left running (--keep-kernel), or end it."
HEEDS = {"gateway": "The server on which the kernel runs, only needed where its token or password stands in URL."}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's own arguments."""
    parser.add_argument("session", nargs="?", metavar="ID", help="a kept session; without it, the latest with a kernel")
    parser.add_argument("--stop", action="store_true", help="end the kernel; its variables are gone then")


def run(given: argparse.Namespace, context: Context) -> int:
    """Do it; the exit code."""
    from interpreter.recorders.store import Store

    store = Store(context.places.sessions)
    folder = store.find(given.session) if given.session else _latest(store)
    return asyncio.run(_stopped(folder, context) if given.stop else _told(folder, context))


def _latest(store: Store) -> SessionFolder:
    from interpreter.runners import kept

    for folder in store.all():
        if kept.find(folder.kernel) or kept.find_remote(folder.kernel):
            return folder
    raise UsageError("No session has left a kernel running. Begin one with --keep-kernel.")


async def _told(folder: SessionFolder, context: Context) -> int:
    """The connection file, or the server and the id, on stdout; what to do with it beside it."""
    from interpreter.runners import kept

    if record := kept.find_remote(folder.kernel):
        await _told_there(record, folder, context)
        return 0
    found = await _living(folder)
    if found is None:
        raise UsageError(_ENDED.format(folder.id))
    file = found.connection_file
    context.out.write(f"{file}\n")
    context.err.write(
        f"Join it here:         interpreter --existing {file}\n"
        f"In a terminal:        jupyter console --existing {file}\n"
        "In JupyterLab:        jupyter lab --ServerApp.allow_external_kernels=True "
        f"--ServerApp.external_connection_dir={file.parent}\n"
        f"Go on with it:        interpreter --resume {folder.id}\n"
        f"End it:               interpreter attach --stop {folder.id}\n"
    )
    return 0


async def _stopped(folder: SessionFolder, context: Context) -> int:
    from interpreter.runners import kept

    if record := kept.find_remote(folder.kernel):
        return await _stopped_there(record, folder, context)
    if found := await _living(folder):
        await kept.end(found)
    else:
        shutil.rmtree(folder.kernel, ignore_errors=True)
        context.err.write(f"The kernel of session {folder.id} had ended already.\n")
        return 0
    context.err.write(f"The kernel of session {folder.id} has ended.\n")
    return 0


async def _living(folder: SessionFolder) -> Kept | None:
    from interpreter.runners import kept

    found = kept.find(folder.kernel)
    return found if found is not None and await kept.lives(found.connection_file) else None


async def _told_there(record: KeptRemote, folder: SessionFolder, context: Context) -> None:
    async with _gateway(record, context) as gateway:
        if await gateway.state(record.id) is None:
            raise UsageError(_ENDED.format(folder.id))
    context.out.write(f"{record.url}/api/kernels/{record.id}\n")
    context.err.write(
        f"Join it here:         interpreter --gateway {record.url} --existing {record.id}\n"
        f"In JupyterLab:        {record.url}/lab, among its running kernels\n"
        f"Go on with it:        interpreter --gateway {record.url} --resume {folder.id}\n"
        f"End it:               interpreter attach --stop {folder.id}\n"
    )


async def _stopped_there(record: KeptRemote, folder: SessionFolder, context: Context) -> int:
    """End it on its server; one that cannot be reached is forgotten, or its session could never be deleted."""
    from interpreter.renderers.sanitize import clean
    from interpreter.runners.gateway import Unreachable

    status, words = 0, f"The kernel of session {folder.id} has ended."
    async with _gateway(record, context) as gateway:
        try:
            await gateway.end(record.id)
        except Unreachable as error:
            status, words = 1, f"{error} Kernel {record.id} may run on there, and is forgotten here."
    shutil.rmtree(folder.kernel, ignore_errors=True)
    context.err.write(f"{clean(words)}\n")
    return status


@asynccontextmanager
async def _gateway(record: KeptRemote, context: Context) -> AsyncIterator[Gateway]:
    from interpreter.runners.address import address
    from interpreter.runners.gateway import Gateway

    given = address(context.settings.gateway or record.url, context.environment)  # a token may stand in it
    gateway = Gateway(given if given.url == record.url else address(record.url, context.environment))
    try:
        yield gateway
    finally:
        await gateway.close()
