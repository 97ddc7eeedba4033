"""Commands about what is kept: sessions, going on with one, exports, files and pictures. The session saves itself."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from interpreter.errors import UsageError
from interpreter.history import Cell, Reply, UserCell
from interpreter.repl.commands.subcommand import subcommand

if TYPE_CHECKING:
    from interpreter.history import Entry
    from interpreter.repl.conversation import Conversation

_OPENS = 2.0
"""Seconds after which a file is taken for opened."""
_ELSEWHERE = "Going to another session interrupts that; {} again goes there."


def _ids(talk: Conversation) -> Iterable[str]:
    from interpreter.recorders.store import Store

    here = talk.assembly.folder.id
    return [card.session for card in Store(talk.context.places.sessions).cards() if card.session != here]


async def sessions(talk: Conversation, words: str = "") -> None:
    """List the kept sessions, or those that hold WORDS."""
    talk.say(await subcommand(talk, "sessions", words.split()))


async def resume(talk: Conversation, session: Annotated[str, _ids] = "") -> None:
    """Go on with a kept session; without a kept kernel, variables are gone."""
    if not session:
        talk.say(await subcommand(talk, "sessions", ["--limit", "10"]))
        talk.say("Type /resume and an id, or its beginning.")
        return
    if talk.ends_knowingly(_ELSEWHERE.format("/resume")):
        await talk.reopen(replace(talk.settings, resume=session))


async def fork(talk: Conversation, turn: int = 0) -> None:
    """Go on in a new session, from turn TURN or from here."""
    from interpreter.recorders.forking import fork as forked
    from interpreter.recorders.store import Store

    if not talk.session.history.turns:
        raise UsageError("Nothing was asked yet: there is no turn to go on from.")
    if not talk.ends_knowingly(_ELSEWHERE.format("/fork")):
        return
    store = Store(talk.context.places.sessions)
    new = forked(store, talk.assembly.folder, turn or talk.session.history.turns)
    await talk.reopen(replace(talk.settings, resume=new.id))


async def download(talk: Conversation, file: str, to: Path | None = None) -> None:
    """Copy FILE from the server that code runs on to this folder, or to TO."""
    from interpreter.runners.remote_languages import RemoteRunners

    runners = talk.session.runners
    if not isinstance(runners, RemoteRunners):
        raise UsageError("Code runs on this machine: its files are here already.")
    path = to or Path()
    path = path / Path(file).name if path.is_dir() else path
    if path.exists():
        raise UsageError(f"{path} is here already. Say where to: /download {file} NAME")
    await runners.download(file, path)
    talk.say(f"Downloaded to {path}")


async def save(talk: Conversation, file: Path | None = None) -> None:
    """Say where this session is, or write its notebook to FILE."""
    if file is None:
        talk.say(f"This session saves itself, in {talk.assembly.folder.path}")
    else:
        await export(talk, "ipynb", file)


async def export(
    talk: Conversation, format: Literal["ipynb", "py", "md", "html"] = "ipynb", file: Path | None = None
) -> None:
    """Write this session in another format."""
    where = ["-o", str(file)] if file else []
    told = await subcommand(talk, "export", [talk.assembly.folder.id, "--to", format, *where])
    talk.say(told if str(file) == "-" else f"Exported to {told}")


async def save_as(talk: Conversation, name: str) -> None:
    """Keep the code that worked as a command of its own.

    `interpreter run NAME` runs it without a model. The plain values that are set first are its
    parameters; name variables behind NAME to choose them.
    """
    from interpreter.saved.command import find
    from interpreter.saved.command import save_as as saved

    command, *chosen = name.split()
    folder = talk.context.places.commands
    file = saved(talk.session.history, command, folder, chosen=chosen)
    talk.say(f"Kept as {file}\nRun it with: interpreter run {find(command, folder).usage}")


async def open_(talk: Conversation, file: Path | None = None) -> None:
    """Open the last picture or long output, or FILE."""
    path = file or _latest(talk.session.history.entries)
    if path is None:
        raise UsageError("There is no picture or file yet. Name one: /open FILE")
    if not path.exists():
        raise UsageError(f"There is no {path}.")
    opener = "open" if sys.platform == "darwin" else "xdg-open"
    if shutil.which(opener) is None:
        raise UsageError(f"This machine has no {opener}. The file is {path.absolute()}")
    opening = await asyncio.create_subprocess_exec(
        opener, str(path), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, start_new_session=True
    )
    try:
        failed = await asyncio.wait_for(opening.wait(), _OPENS)
    except TimeoutError:  # some openers stay until the window is closed
        failed = 0
    if failed:  # as without a display
        raise UsageError(f"{opener} could not open it. The file is {path.absolute()}")
    talk.say(f"Opened {path}")


def _latest(entries: Iterable[Entry]) -> Path | None:
    """The file that the latest output was kept in."""
    found: Path | None = None
    for entry in entries:
        calls = entry.calls if isinstance(entry, Reply) else (entry.cell,) if isinstance(entry, UserCell) else ()
        for cell in calls:
            if isinstance(cell, Cell):
                for output in cell.outputs:
                    found = Path(output.file) if output.file else found
    return found
