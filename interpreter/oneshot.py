"""One turn without a conversation: a prompt from the command line or stdin, the answer on stdout, an exit code."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import aclosing

from interpreter import events as e
from interpreter.assembly import Assembly, assemble
from interpreter.commands.context import Context
from interpreter.errors import UsageError
from interpreter.history import History
from interpreter.hosts import AutoRun, Decline
from interpreter.seams import Consumer

REASONS = {"failed": 1, "declined": 4, "step_limit": 5, "budget": 5, "loop": 5, "interrupted": 130}
"""The exit code of each way a turn ends but `done`, as README lists them."""


def once(prompt: str | None, context: Context) -> int:
    """Ask once; the exit code."""
    if prompt is None and (sys.stdin is None or sys.stdin.isatty()):
        raise UsageError("Say what to do: interpreter PROMPT.")
    if prompt is None:
        prompt = sys.stdin.read()
    if not prompt.strip():
        raise UsageError("The prompt is empty. Say what to do: interpreter PROMPT.")
    return asyncio.run(_turn(prompt, context))


async def _turn(prompt: str, context: Context) -> int:
    settings = context.settings
    host = AutoRun() if settings.yes else Decline()
    assembly = await assemble(
        settings, host=host, environment=context.environment, home=context.places, consumers=(_renderer(context),)
    )
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, assembly.session.interrupt)
    try:
        return await _ask(assembly, prompt)
    finally:
        await assembly.close()


async def _ask(assembly: Assembly, prompt: str) -> int:
    finished = e.TurnFinished(reason="interrupted")
    async with aclosing(assembly.session.run(prompt)) as events:
        async for event in events:
            if isinstance(event, e.TurnFinished):
                finished = event
    return exit_code(finished, assembly.session.history)


def exit_code(finished: e.TurnFinished, history: History) -> int:
    """What the program leaves with after its turn."""
    if finished.reason != "done":
        return REASONS[finished.reason]
    last = history.last_run()
    return 3 if last is not None and last.status != "ok" else 0


def _renderer(context: Context) -> Consumer:
    if context.settings.json:
        from interpreter.renderers.jsonl import JsonRenderer

        return JsonRenderer(context.out)
    from interpreter.renderers.plain import PlainRenderer

    return PlainRenderer(context.out, context.err)
