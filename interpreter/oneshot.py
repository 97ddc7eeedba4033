"""One turn without a conversation: a prompt from the command line or stdin, the answer on stdout, an exit code."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from interpreter import events as e
from interpreter.assembly import Assembly, assemble
from interpreter.attachments import attach
from interpreter.choosing import Choice, ToFetch, choose
from interpreter.errors import UsageError
from interpreter.hosts import AutoRun, Decline
from interpreter.piped import Piped, piped
from interpreter.renderers.sanitize import clean
from interpreter.stop import Stop, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from interpreter.commands.context import Context
    from interpreter.repl.teletype import Teletype
    from interpreter.seams import Host

REASONS = {"failed": 1, "declined": 4, "step_limit": 5, "budget": 5, "loop": 5, "interrupted": 130}
"""The exit code of each way a turn ends but `done`, as README lists them."""
_NOBODY = "Nobody could be asked whether to run this code. Give -y to run code without asking."


class Renderer(Protocol):
    """What draws the turn, and knows whether anybody still reads what it writes."""

    @property
    def broken(self) -> bool:
        """Whether the reader has gone."""

    def settle(self) -> None:
        """Finish what is being drawn, so that a question can be put on a fresh line."""

    def __call__(self, event: e.Event, /) -> None:
        """Take one event."""

    def show(self, cell: str, language: str, code: str) -> None:
        """Draw the whole of a cell's code, as it will run."""

    def close(self) -> None:
        """Draw nothing more."""


def once(prompt: str | None, context: Context) -> int:
    """Ask once; the exit code. With a prompt, text on stdin is data; without one, it is the prompt."""
    data = piped(sys.stdin, context.err)
    if prompt is None and data is not None:
        prompt, data = data.text(), None
    if prompt is None or not prompt.strip():
        raise UsageError("The prompt is empty. Say what to do: interpreter PROMPT.")
    return asyncio.run(_turn(prompt, data, context))


async def _turn(prompt: str, data: Piped | None, context: Context) -> int:
    with _terminal() as terminal:
        try:
            choice = await _choice(context, terminal)
        except Stopped:
            _tell(context, "Interrupted. What was fetched is kept; run this again to go on.")
            return REASONS["interrupted"]
        renderer = _renderer(context)
        assembly = await assemble(
            replace(context.settings, background_after=None),
            host=_host(context, terminal, renderer),
            environment=context.environment,
            home=context.places,
            choice=choice,
            interactive=terminal is not None,
            consumers=(renderer,),
            warn=lambda words: _tell(context, words),
        )
        try:
            finished, last = await _ask(assembly, prompt, data, renderer)
        finally:
            await assembly.close()
            renderer.close()
    if finished.reason == "declined" and terminal is None:
        _tell(context, _NOBODY)
    return 141 if renderer.broken and finished.reason != "failed" else exit_code(finished, last)


@contextmanager
def _terminal() -> Iterator[Teletype | None]:
    """The terminal at which a person can be asked, whatever stdin and stdout are; None if there is none."""
    if sys.platform == "win32":
        yield None
        return
    from interpreter.repl.teletype import controlling

    with controlling() as terminal:
        yield terminal


def _host(context: Context, terminal: Teletype | None, renderer: Renderer) -> Host:
    if terminal is None:
        return AutoRun() if context.settings.yes else Decline()
    from interpreter.repl.approval import TerminalHost

    on_screen = not context.settings.json and context.err.isatty()
    return TerminalHost(
        terminal,
        environment=context.environment,
        settle=renderer.settle,
        show=renderer.show if on_screen else None,
        yes=context.settings.yes,
        drawn=on_screen,
    )


async def _choice(context: Context, terminal: Teletype | None) -> Choice:
    """The model; the embedded one's weights are fetched first, with consent, where they are wanted."""
    choice = await choose(context.settings, context.places, context.keyed)
    if not isinstance(choice, ToFetch):
        return choice
    from interpreter.embedded import fetched
    from interpreter.repl.consent import asking

    stop = Stop()
    with _interruptible(stop.set):
        return await fetched(choice, ask=asking(terminal) if terminal else None, err=context.err, stop=stop)


async def _ask(
    assembly: Assembly, prompt: str, data: Piped | None, renderer: Renderer
) -> tuple[e.TurnFinished, e.CodeFinished | None]:
    """How the turn ended, and its last cell that ran."""
    attachments = (attach(data.keep(assembly.folder.path)),) if data else ()
    finished, last = e.TurnFinished(reason="interrupted"), None
    with _interruptible(assembly.session.interrupt):
        async with aclosing(assembly.session.run(prompt, attachments)) as events:
            async for event in events:
                if isinstance(event, e.TurnFinished):
                    finished = event
                elif isinstance(event, e.CodeFinished):
                    last = event
                if renderer.broken:
                    assembly.session.interrupt()
    return finished, last


def exit_code(finished: e.TurnFinished, last: e.CodeFinished | None) -> int:
    """What the program leaves with after its turn, whose last cell that ran ended as `last` says."""
    if finished.reason != "done":
        return REASONS[finished.reason]
    return 3 if last is not None and last.status != "ok" else 0


@contextmanager
def _interruptible(interrupt: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C, and a polite request to end, interrupt the turn: it ends by itself and everything is closed."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: loop.call_soon_threadsafe(interrupt)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _renderer(context: Context) -> Renderer:
    if context.settings.json:
        from interpreter.renderers.jsonl import JsonRenderer

        return JsonRenderer(context.out, secrets=context.secrets)
    if not _is_plain(context):
        from interpreter.renderers.terminal.screen import TerminalRenderer

        settings = context.settings
        return TerminalRenderer(
            context.out,
            environment=context.environment,
            theme=settings.theme,
            images=settings.images,
            notify=settings.notify,
        )
    from interpreter.renderers.plain import PlainRenderer

    return PlainRenderer(context.out, context.err)


def _is_plain(context: Context) -> bool:
    """Whether the answer goes elsewhere than the rest, or nothing is to be redrawn."""
    return context.settings.plain or not (context.out.isatty() and context.err.isatty())


def _tell(context: Context, words: str) -> None:
    context.err.write(f"interpreter: {clean(words)}\n")
    context.err.flush()
