"""The conversation in the terminal, from the taken terminal to the given back one. Knows no prompt and no command."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from interpreter.repl.interrupts import Signals, ending
from interpreter.repl.teletype import standard

if TYPE_CHECKING:
    from collections.abc import Callable

    from interpreter.commands.context import Context
    from interpreter.repl.conversation import Build, Conversation
    from interpreter.repl.stage import Renderer


def converse(
    context: Context, *, build: Build | None = None, renderer: Callable[[Context], Renderer] | None = None
) -> int:
    """Talk until the user leaves; the exit code.

    The terminal is taken before anything slow is imported, so that what is typed meanwhile is neither shown twice nor
    lost, and is given back on every way out. `build` and `renderer` are for programs that bring parts of their own.
    """
    teletype = standard()
    with ending():
        teletype.quiet()
        try:
            from interpreter.repl.conversation import Conversation

            return asyncio.run(_talk(Conversation(context, teletype, build=build, renderer=renderer)))
        finally:
            teletype.restore()


async def _talk(conversation: Conversation) -> int:
    task = asyncio.current_task()
    assert task is not None
    signals = Signals(conversation, task)
    with signals.connected():
        try:
            await conversation.talk()
        except asyncio.CancelledError:
            if signals.ended is None:
                raise
            return 128 + signals.ended
        finally:
            await conversation.close()
    return 0
