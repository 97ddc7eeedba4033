"""Commands about what was said: again, back, in the editor, copied, listed, forgotten."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from interpreter.errors import UsageError
from interpreter.history import History, Prompt, Reply
from interpreter.repl.editor import edited

if TYPE_CHECKING:
    from interpreter.repl.conversation import Conversation


async def retry(talk: Conversation) -> None:
    """Ask again after a failure or an interrupt; what was done stays."""
    if not talk.session.history.turns:
        raise UsageError("Nothing was asked yet.")
    await talk.follow(talk.session.retry())


async def undo(talk: Conversation, turns: int = 1) -> None:
    """Take the last turn or turns back from the conversation.

    What their code did stays done: files, variables and programs are as they are.
    """
    there = talk.session.history.turns
    if not there:
        raise UsageError("There is nothing to take back.")
    count = min(max(1, turns), there)
    taken = prompts(talk.session.history)[-count:]
    talk.session.undo(count)
    talk.say("\n".join(f"  {text}" for text in taken))


async def edit(talk: Conversation) -> None:
    """Write the next message in your editor, from the last one."""
    prompts = [entry.text for entry in talk.session.history.entries if isinstance(entry, Prompt)]
    talk.draft = await edited(prompts[-1] if prompts else "", "markdown", talk.teletype, talk.context.environment)


async def copy(talk: Conversation) -> None:
    """Copy the last reply, where the terminal allows that."""
    replies = [entry.text for entry in talk.session.history.entries if isinstance(entry, Reply) and entry.text]
    if not replies:
        raise UsageError("There is no reply to copy.")
    talk.teletype.write(f"\x1b]52;c;{base64.b64encode(replies[-1].encode()).decode()}\a")
    talk.say(f"Copied {len(replies[-1])} characters.")


async def history(talk: Conversation) -> None:
    """List what was asked in this conversation."""
    lines = [f"{number:3}  {text}" for number, text in enumerate(prompts(talk.session.history), 1)]
    talk.say("\n".join(lines) or "Nothing was asked yet.")


async def reset(talk: Conversation) -> None:
    """Forget the conversation; variables stay, until /restart."""
    if talk.session.history.turns:
        talk.session.undo(talk.session.history.turns)


async def compact(talk: Conversation) -> None:
    """Send about half as much of the conversation from now on.

    Outputs of old turns are sent in short, then the oldest turns are left out. What is kept stays whole.
    """
    if not talk.session.compact():
        talk.say("The conversation is as short as it can be.")


def prompts(history: History) -> list[str]:
    """What was asked in `history`, each on a line that is not too long."""
    return [_short(entry.text) for entry in history.entries if isinstance(entry, Prompt)]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"{line[:99]}…" if len(line) > 100 else line
