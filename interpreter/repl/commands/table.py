"""Every command of the prompt, in the order of `/help`. Each is a function of a file beside this one."""

from __future__ import annotations

from interpreter.repl.command import Command, command
from interpreter.repl.commands import conversation, machine, program


def commands() -> tuple[Command, ...]:
    """The table."""
    return (
        command(program.help_, "h", "?", "commands"),
        command(program.model),
        command(program.usage, "tokens", "cost"),
        command(conversation.retry, "continue"),
        command(conversation.undo),
        command(conversation.edit),
        command(conversation.copy),
        command(conversation.history),
        command(conversation.reset, "clear", "new"),
        command(machine.vars_, "variables", "whos"),
        command(machine.restart),
        command(machine.ask),
        command(program.quit_, "exit", "q", "bye"),
    )
