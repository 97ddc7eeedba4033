"""Commands about the program itself: help, the model, what was spent, leaving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interpreter.renderers.words import usage as used

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


async def model(talk: Conversation) -> None:
    """Say which model answers."""
    talk.say(talk.session.model)


async def usage(talk: Conversation) -> None:
    """Tell the tokens and the cost of the last turn and of the session."""
    turn, session = talk.facts.turn, talk.session.history.spent
    for name, spent in (("Last turn", turn), ("Session", session)):
        talk.say(f"{name}: {used(spent.tokens_in, spent.tokens_out, spent.tokens_cached, spent.cost)}")


async def quit_(talk: Conversation) -> None:
    """Leave. Ctrl-D does so too."""
    talk.leave()
