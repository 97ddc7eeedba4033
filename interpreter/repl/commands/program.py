"""Commands about the program itself: help, the model, what was spent, leaving."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, get_args

from interpreter.renderers.words import usage as used
from interpreter.settings import Settings, ThemeChoice, options

if TYPE_CHECKING:
    from interpreter.repl.conversation import Conversation

_KEYS = """\
Enter sends; Esc Enter, Ctrl-J or a backslash at the end begins a new line; Ctrl-R searches; Ctrl-X Ctrl-E edits.
!command runs in the shell, > code in the kernel (Tab completes, Shift-Tab explains), @path attaches a file.
Ctrl-C clears the line, ends a reply, declines, interrupts code; again: restarts the kernel. Ctrl-D leaves."""


async def help_(talk: Conversation, command: str = "") -> None:
    """List the commands and keys, or explain one command."""
    if command:
        known = talk.command(command)
        also = f"\nAlso: {', '.join(f'/{name}' for name in known.aliases)}" if known.aliases else ""
        talk.say(f"{known.usage}\n{known.help}{also}")
        return
    width = max(len(known.usage) for known in talk.commands)
    lines = [f"  {known.usage:{width}}  {known.summary}" for known in talk.commands]
    talk.say("\n".join([*lines, "", _KEYS]))


async def model(talk: Conversation, name: str = "") -> None:
    """Let the model NAME answer from now on, or say which one does. The conversation and the kernels stay.

    An address behind the name is that of its endpoint: /model NAME http://127.0.0.1:11434
    """
    if not name:
        talk.say(talk.session.model)
        return
    wanted, *base = name.split()
    await talk.assembly.switch(wanted, base[0] if base else None)


async def usage(talk: Conversation) -> None:
    """Tell the tokens and the cost of the last turn and of the session."""
    turn, session = talk.facts.turn, talk.session.history.spent
    for name, spent in (("Last turn", turn), ("Session", session)):
        talk.say(f"{name}: {used(spent.tokens_in, spent.tokens_out, spent.tokens_cached, spent.cost)}")


async def config(talk: Conversation) -> None:
    """Show the settings that differ from what they are by themselves, and where they can be set."""
    plain = {known.name: field.default for known, field in zip(options(), fields(Settings), strict=True)}
    lines = [f"Settings are read from {talk.context.places.settings}"]
    for known in options():
        value = getattr(talk.settings, known.name)
        if value != plain[known.name]:
            lines.append(f"  {known.name} = {'(hidden)' if known.secret else value!r}")
    talk.say("\n".join(lines))


async def theme(talk: Conversation, name: ThemeChoice | None = None) -> None:
    """Draw in other colours, or say in which."""
    if name is None:
        talk.say(f"{talk.settings.theme}; there are {', '.join(get_args(ThemeChoice))}")
    else:
        talk.paint(name)


async def quit_(talk: Conversation) -> None:
    """Leave. Ctrl-D does so too."""
    talk.leave()
