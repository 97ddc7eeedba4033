"""Commands about the program itself: help, the model, what was spent, leaving."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Literal, get_args

from interpreter.choosing import switched
from interpreter.renderers.words import usage as used
from interpreter.repl.commands.subcommand import subcommand
from interpreter.settings import Settings, ThemeChoice, options

if TYPE_CHECKING:
    from interpreter.repl.conversation import Conversation

_LINES = (
    ("!command", "runs in the session's shell"),
    ("> code", "runs in the kernel; Tab completes, Shift-Tab explains"),
    ("@path", "attaches a file"),
    ("Enter", "sends; Esc Enter, Ctrl-J or \\ Enter begins a new line"),
    ("Ctrl-R", "searches what was typed; Ctrl-X Ctrl-E edits it"),
    ("Ctrl-C", "ends what is going on; again: restarts the kernel"),
    ("Ctrl-\\", "sends the running code to the background; see /jobs"),
    ("Ctrl-D", "leaves"),
)


async def help_(talk: Conversation, command: str = "") -> None:
    """List the commands and keys, or explain one."""
    if command:
        known = talk.command(command)
        also = f"\nAlso: {', '.join(f'/{name}' for name in known.aliases)}" if known.aliases else ""
        paragraphs = [textwrap.fill(paragraph, _columns()) for paragraph in known.help.split("\n\n")]
        talk.say("\n".join([known.usage, *paragraphs]) + also)
        return
    commands = [(known.usage, known.summary) for known in talk.commands]
    talk.say("\n".join([*_listed(commands), "", *_listed(_LINES)]))


async def model(talk: Conversation, name: str = "") -> None:
    """Let NAME answer from now on, or say which model does.

    The conversation and the kernels stay.
    An address behind the name is that of its endpoint: /model NAME http://127.0.0.1:11434
    """
    if not name:
        talk.say(talk.session.model)
        return
    wanted, *base = name.split()
    await talk.assembly.switch(wanted, base[0] if base else None)
    talk.settings = switched(talk.settings, wanted, base[0] if base else None)


async def usage(talk: Conversation) -> None:
    """Tell what the last turn and the session took."""
    turn, session = talk.facts.turn, talk.session.history.spent
    for name, spent in (("Last turn", turn), ("Session", session)):
        counts = spent.tokens_in, spent.tokens_out, spent.tokens_cached
        talk.say(f"{name}: {used(*counts, spent.cost or None, estimated=spent.estimated)}")


async def config(talk: Conversation) -> None:
    """Show the settings that are not as by default, and their file."""
    plain = {field.name: field.default for field in fields(Settings)}
    file = talk.context.places.settings
    lines = [f"Settings for every session are read from {file}{'' if file.exists() else ', which is not there'}."]
    for known in options():
        value = getattr(talk.settings, known.name)
        if value != plain[known.name]:
            lines.append(f"  {known.name} = {'(hidden)' if known.secret else value!r}")
    lines.insert(1, "In this one, not as by default:" if lines[1:] else "In this one, all are as by default.")
    talk.say("\n".join(lines))


async def doctor(talk: Conversation, ask: Literal["ask"] | None = None) -> None:
    """Show what is used here and what is wrong; `ask` tries the model."""
    talk.say(await subcommand(talk, "doctor", ["--ask"] if ask else []))


async def theme(talk: Conversation, name: ThemeChoice | None = None) -> None:
    """Draw in other colours, or say in which."""
    if name is None:
        talk.say(f"{talk.settings.theme}; there are {', '.join(get_args(ThemeChoice))}")
    else:
        talk.paint(name)


async def quit_(talk: Conversation) -> None:
    """Leave. Ctrl-D does so too."""
    talk.leave()


def _listed(rows: Iterable[tuple[str, str]]) -> Iterable[str]:
    """What is typed, and beside it, or below where there is little room, what it does."""
    columns = _columns()
    indent = 26 if columns >= 60 else 4
    for typed, does in rows:
        first = f"  {typed:{indent - 2}}" if len(typed) < indent - 3 else f"  {typed}\n{'':{indent}}"
        yield first + f"\n{'':{indent}}".join(textwrap.wrap(does, columns - indent))


def _columns() -> int:
    return max(20, min(100, shutil.get_terminal_size().columns) - 1)
