"""The conversation in the terminal: a prompt line, a turn, and again. Decides nothing about code itself."""

from __future__ import annotations

from interpreter.commands.context import Context
from interpreter.errors import UsageError


def converse(context: Context) -> int:
    """Talk until the user leaves; the exit code."""
    raise UsageError("The conversation is being built. Ask one question: interpreter PROMPT.")
