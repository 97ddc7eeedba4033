"""A subcommand of the program, run from the prompt: its words to the user, not its exit code."""

from __future__ import annotations

import argparse
import asyncio
import io
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from interpreter.errors import UsageError

if TYPE_CHECKING:
    from interpreter.repl.conversation import Conversation


async def subcommand(talk: Conversation, name: str, argv: Sequence[str]) -> str:
    """What `interpreter NAME ARGV` writes. Raises `UsageError` where the arguments do not fit."""
    module = import_module(f"interpreter.commands.{name}")
    parser = _Parser(prog=f"/{name}", add_help=False)
    module.arguments(parser)
    out = _Captured()
    settings = replace(talk.settings, json=False)
    context = replace(
        talk.context, settings=settings, environment=talk.environment, out=out, err=out, interactive=False
    )
    await asyncio.to_thread(module.run, parser.parse_args(argv), context)
    return out.getvalue().rstrip()


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}.")


class _Captured(io.StringIO):
    """Keeps what is written for the terminal, and is as wide as it."""

    def isatty(self) -> bool:
        return True
