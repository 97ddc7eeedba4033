"""The conversation in the terminal, from the taken terminal to the given back one. Knows no session and no command."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from interpreter import __version__
from interpreter.errors import UsageError

if TYPE_CHECKING:
    from interpreter.commands.context import Context
    from interpreter.repl.parts import Parts
    from interpreter.repl.teletype import Teletype


def converse(context: Context, *, parts: Parts | None = None) -> int:
    """Talk until the user leaves; the exit code.

    The terminal is taken before anything slow is imported, so that what is typed meanwhile is neither shown twice nor
    lost, and is given back on every way out. `parts` is for programs that bring parts of their own. Raises `UsageError`
    where there are no terminals of this kind, which is on Windows.
    """
    if sys.platform == "win32":
        raise UsageError("The conversation needs a Unix terminal, as WSL has. Ask one question: interpreter PROMPT.")
    from interpreter.repl.interrupts import ending
    from interpreter.repl.teletype import standard

    teletype = standard()
    with ending():
        teletype.quiet()
        try:
            return asyncio.run(_talk(context, teletype, parts))
        finally:
            teletype.restore()


async def _talk(context: Context, teletype: Teletype, parts: Parts | None) -> int:
    """The line comes first, and while it waits for keys, what a session needs is imported."""
    from interpreter.repl.interrupts import Signals
    from interpreter.repl.parts import program
    from interpreter.repl.prompt import line

    parts = parts or await program(context, teletype)
    typing = line(context, teletype, context.secrets)
    typing.greet(f"Local Interpreter {__version__} · {parts.model} · /help")
    first = asyncio.ensure_future(typing.ask())
    await typing.shown()

    from interpreter.repl.conversation import Conversation

    conversation = Conversation(context, teletype, typing, parts)
    task = asyncio.current_task()
    assert task is not None
    signals = Signals(conversation, task)
    with signals.connected():
        try:
            await conversation.talk(first)
        except asyncio.CancelledError:
            if signals.ended is None:
                raise
            return 128 + signals.ended
        finally:
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            await conversation.close()
    return 0
