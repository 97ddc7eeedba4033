"""Every command of the prompt, in the order of `/help`. Each is a function of a file beside this one."""

from __future__ import annotations

from interpreter.repl.command import Command, command
from interpreter.repl.commands import conversation, kept, machine, program


def commands() -> tuple[Command, ...]:
    """The table: each function, and the other names that people look for."""
    return (
        command(program.help_, "h", "?", "commands"),
        command(program.model),
        command(program.usage, "tokens", "cost"),
        command(conversation.retry, "continue"),
        command(conversation.undo),
        command(conversation.edit),
        command(conversation.copy),
        command(conversation.history),
        command(conversation.compact),
        command(conversation.reset, "clear", "new"),
        command(machine.vars_, "variables", "whos"),
        command(machine.restart),
        command(machine.rebuild, "rerun"),
        command(machine.interrupt, "stop"),
        command(machine.jobs),
        command(machine.ask),
        command(kept.save, "save-message"),
        command(kept.export, "jupyter"),
        command(kept.save_as),
        command(kept.download),
        command(kept.open_),
        command(kept.sessions, "conversations"),
        command(kept.resume, "load", "load-message"),
        command(kept.fork),
        command(program.config, "settings"),
        command(program.doctor, "info"),
        command(program.theme),
        command(program.quit_, "exit", "q", "bye"),
    )
