"""One conversation at a prompt: what is typed is obeyed, what happens is drawn. The commands are elsewhere.

A plain consumer of the session: it sends prompts, and the events come back to the stage that draws them.
"""

from __future__ import annotations

import asyncio
import difflib
import shutil
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any, Protocol

from interpreter import __version__
from interpreter import events as e
from interpreter.assembly import Assembly, assemble
from interpreter.attachments import attach
from interpreter.commands.context import Context
from interpreter.errors import InterpreterError, UsageError
from interpreter.renderers.sanitize import clean, clean_line
from interpreter.repl.approval import TerminalHost
from interpreter.repl.command import Command
from interpreter.repl.commands.table import commands
from interpreter.repl.completion import PromptCompleter
from interpreter.repl.facts import Facts
from interpreter.repl.prompt import Behaviour, EditedLine, Left, Line, PlainLine, sign
from interpreter.repl.recall import Recall
from interpreter.repl.stage import Renderer, Stage
from interpreter.repl.teletype import Teletype
from interpreter.repl.toolbar import toolbar
from interpreter.repl.typed import Code, Message, Typed, read
from interpreter.repl.typed import Command as TypedCommand
from interpreter.seams import Completions, Consumer, Host, Inspectable, RunnerState
from interpreter.session import Session
from interpreter.settings import Settings

_AGAIN = "you pressed Ctrl-C twice"
_NOTHING = Completions(matches=(), start=0, end=0)


class Build(Protocol):
    """Builds the session of a conversation, as `assemble` does."""

    async def __call__(
        self,
        context: Context,
        *,
        settings: Settings,
        host: Host,
        consumers: Sequence[Consumer],
        warn: Callable[[str], None],
    ) -> Assembly:
        """Raises `UsageError` if no model is chosen or a setting cannot be used."""


class Conversation:
    """Call `talk` once, and `close` always. `build` and `renderer` take the place of the program's own."""

    def __init__(
        self,
        context: Context,
        teletype: Teletype,
        *,
        build: Build | None = None,
        renderer: Callable[[Context], Renderer] | None = None,
    ) -> None:
        self.context = context
        self.settings = context.settings
        self.teletype = teletype
        self.commands = commands()
        self.draft = ""
        self._plain = context.settings.plain or context.environment.get("TERM") == "dumb"
        self.stage = Stage(lambda: (renderer or _renderer)(context))
        self.host = TerminalHost(
            teletype,
            environment=context.environment,
            settle=self.stage.settle,
            yes=context.settings.yes,
            prompts=not self._plain,
        )
        self._build = build or _assembled
        self._assembly: Assembly | None = None
        self._line: Line | None = None
        self._facts = Facts("")
        self._work: asyncio.Task[None] | None = None
        self._interrupting = False
        self._restart: str | None = None
        self._leaving = False
        self._behind: set[asyncio.Task[None]] = set()

    # ---- what commands use

    @property
    def assembly(self) -> Assembly:
        """The session and what belongs to it."""
        assert self._assembly is not None
        return self._assembly

    @property
    def session(self) -> Session:
        """The session."""
        return self.assembly.session

    @property
    def facts(self) -> Facts:
        """What is known without asking."""
        return self._facts

    def say(self, text: str) -> None:
        """Tell the user, on lines of their own."""
        self.stage.settle()
        self.teletype.write(f"{clean(text)}\n")

    async def follow(self, events: AsyncGenerator[e.Event, None]) -> None:
        """Let a turn or cell happen until its end; the stage draws it."""
        async with aclosing(events) as happening:
            async for _ in happening:
                pass
        self.stage.settle()
        self._interrupting = False
        if self._restart is not None:
            self._restart_behind(self._restart)
            self._restart = None

    def leave(self) -> None:
        """End the conversation after this command."""
        self._leaving = True

    async def reopen(self, settings: Settings) -> None:
        """Close the session and go on with that of `settings`; the old one goes on if that cannot be built."""
        replaced = self._assembly
        await self._open(settings)
        if replaced is not None:
            await replaced.close()

    # ---- the loop

    async def talk(self) -> None:
        """Prompt, obey, and again, until the user leaves."""
        await self._open(self.settings)
        self._line = self._made_line()
        self._greet()
        self._do_behind(self._warm())
        with suppress(Left):
            while not self._leaving:
                text = await self._ask(self._line)
                self._work = asyncio.ensure_future(self._obey(text))
                try:
                    await asyncio.wait({self._work})
                except asyncio.CancelledError:
                    self._work.cancel()
                    await asyncio.gather(self._work, return_exceptions=True)
                    raise
                if not self._work.cancelled():
                    self._work.result()
                self._work = None

    async def close(self) -> None:
        """End the session, its kernels and what is drawn."""
        behind = tuple(self._behind)
        for task in behind:
            task.cancel()
        ended = await asyncio.gather(*behind, return_exceptions=True)
        if self._assembly is not None:
            await self._assembly.close()
        self.stage.close()
        for defect in ended:
            if isinstance(defect, Exception):
                raise defect

    async def _open(self, settings: Settings) -> None:
        facts = Facts("")
        assembly = await self._build(
            self.context, settings=settings, host=self.host, consumers=(facts, self.stage), warn=self._warn
        )
        facts.model = assembly.session.model
        self._assembly, self._facts, self.settings = assembly, facts, settings

    async def _ask(self, line: Line) -> str:
        draft, self.draft = self.draft, ""
        self.stage.above = line.above
        try:
            return await line.ask(draft)
        finally:
            self.stage.above = None
            self.stage.settle()

    async def _obey(self, text: str) -> None:
        try:
            typed = read(text, Path.cwd())
            if typed is not None:
                await self._do(typed)
        except InterpreterError as error:
            self.say(str(error))

    async def _do(self, typed: Typed) -> None:
        match typed:
            case Message():
                attachments = [attach(file) for file in typed.files]
                await self.follow(self.session.run(typed.text, attachments))
            case Code():
                language = typed.language or self.session.runners.languages[0]
                if typed.code:
                    await self.follow(self.session.run_cell(language, typed.code))
            case TypedCommand():
                command = self.command(typed.name)
                await command.function(self, **command.read(typed.rest))

    def command(self, name: str) -> Command:
        """The command of that name or alias. Raises `UsageError` that names the nearest one."""
        name = name.lstrip("/%")
        for known in self.commands:
            if name in known.names:
                return known
        names = [alias for known in self.commands for alias in known.names]
        near = difflib.get_close_matches(name, names, n=1)
        raise UsageError(f"There is no /{name}.{f' Did you mean /{near[0]}?' if near else ''} See /help.")

    # ---- the rungs

    def interrupted(self) -> None:
        """Ctrl-C: see `interrupts`."""
        if self.host.refuse():
            return
        if self._assembly is not None and self.session.busy:
            if self._interrupting:
                self._restart = self._facts.running or self._restart
            self._interrupting = True
            self.session.interrupt()
        elif self._work is not None:
            self._work.cancel()
        elif self._line is not None:
            self._line.interrupt()

    def suspended(self) -> None:
        """Ctrl-Z while no line is typed."""
        self.stage.settle()
        self.teletype.suspend()

    def _at_empty_line(self) -> None:
        """Ctrl-C at an empty line: a second one for a cell that still does not end, else how to leave."""
        assert self._line is not None
        latest = self._facts.latest
        if latest is not None and self._state(latest) == "busy":
            self._line.hint(f"restarting {latest}")
            self._restart_behind(latest)
        else:
            self._line.hint("Ctrl-D leaves")

    def _restart_behind(self, language: str) -> None:
        async def restart() -> None:
            try:
                await self.session.restart(language, reason=_AGAIN)
            except InterpreterError as error:
                self._warn(str(error))

        self._do_behind(restart())

    # ---- behind the prompt

    def _do_behind(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._behind.add(task)
        task.add_done_callback(self._done_behind)

    def _done_behind(self, task: asyncio.Task[None]) -> None:
        """Forget it, unless it failed by a defect: that is raised when the conversation closes."""
        if task.cancelled() or task.exception() is None:
            self._behind.discard(task)

    async def _warm(self) -> None:
        try:
            await self.assembly.warm()
        except InterpreterError as error:
            self._warn(str(error))
        if self._line is not None:
            self._line.refresh()

    def _warn(self, words: str) -> None:
        self.stage(e.Warned(text=words))

    # ---- the line

    def _made_line(self) -> Line:
        history = Recall(self.context.places.data / "history.jsonl", self.assembly.secrets)
        end = sign(getattr(self.context.out, "encoding", None), self.context.environment)
        if self._plain:
            return PlainLine(self.teletype, sign=end, history=history)
        return EditedLine(
            self.teletype,
            Behaviour(toolbar=self._toolbar, empty_interrupt=self._at_empty_line, inspect=self._inspect),
            sign=end,
            history=history,
            completer=PromptCompleter(self.commands, self._choices, self._complete),
            keys=self.settings.keys,
        )

    def _greet(self) -> None:
        words = f"Local Interpreter {__version__} · {clean_line(self.session.model)} · /help"
        if self._plain:
            self.teletype.write(f"{words}\n\n")
        else:  # what was typed before the terminal was taken may have been shown: it comes again behind the sign
            self.teletype.write(f"\r\x1b[K\x1b[2m{words}\x1b[0m\n\n")

    def _toolbar(self) -> str:
        return toolbar(
            model=self._facts.model,
            protocol=self._facts.protocol,
            spent=self.session.history.spent,
            states=[f"{language} {self._state(language)}" for language in self._facts.ran],
            width=shutil.get_terminal_size().columns,
        )

    def _state(self, language: str) -> RunnerState:
        runner = self.session.runners.get(language)
        return runner.state if isinstance(runner, Inspectable) else "idle"

    def _choices(self, command: Command, position: int) -> Iterable[str] | None:
        """What can stand as an argument; None for a path."""
        if position >= len(command.arguments):
            return ()
        argument = command.arguments[position]
        if argument.kind is Path:
            return None
        return argument.literals or (argument.choices(self) if argument.choices else ())

    async def _complete(self, code: str, cursor: int) -> Completions:
        runner = self.session.runners.get(self.session.runners.languages[0])
        return await runner.complete(code, cursor) if isinstance(runner, Inspectable) else _NOTHING

    async def _inspect(self, text: str, cursor: int) -> str:
        if not text.startswith(">"):
            return ""
        mark = len(text) - len(text.lstrip("> "))
        runner = self.session.runners.get(self.session.runners.languages[0])
        told = await runner.inspect(text[mark:], cursor - mark) if isinstance(runner, Inspectable) else ""
        return clean(told).strip()


async def _assembled(
    context: Context, *, settings: Settings, host: Host, consumers: Sequence[Consumer], warn: Callable[[str], None]
) -> Assembly:
    return await assemble(
        settings,
        host=host,
        environment=context.environment,
        home=context.places,
        interactive=True,
        consumers=consumers,
        warn=warn,
    )


def _renderer(context: Context) -> Renderer:
    if context.settings.plain:
        from interpreter.renderers.plain import PlainRenderer

        return PlainRenderer(context.out, context.out)
    from interpreter.renderers.terminal.screen import TerminalRenderer

    settings = context.settings
    return TerminalRenderer(
        context.out,
        environment=context.environment,
        theme=settings.theme,
        images=settings.images,
        notify=settings.notify,
    )
