"""One conversation at a prompt: what is typed is obeyed, what happens is drawn. The commands are elsewhere.

A plain consumer of the session: it sends prompts, and the events come back to the stage that draws them.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from interpreter import events as e
from interpreter.assembly import Assembly
from interpreter.attachments import attach
from interpreter.commands.context import Context
from interpreter.errors import InterpreterError, UsageError
from interpreter.renderers.sanitize import clean
from interpreter.repl.approval import TerminalHost
from interpreter.repl.assistance import SessionAssistance
from interpreter.repl.command import Command
from interpreter.repl.commands.conversation import prompts
from interpreter.repl.commands.table import commands
from interpreter.repl.facts import Facts
from interpreter.repl.parts import Parts
from interpreter.repl.prompt import Left, Line
from interpreter.repl.stage import Stage
from interpreter.repl.teletype import Teletype
from interpreter.repl.typed import Code, Message, Typed, read
from interpreter.repl.typed import Command as TypedCommand
from interpreter.session import Session
from interpreter.settings import Settings, ThemeChoice

_AGAIN = "you pressed Ctrl-C twice"


class Conversation:
    """Call `talk` once, and `close` always. `parts` makes its session and what draws it."""

    def __init__(self, context: Context, teletype: Teletype, line: Line, parts: Parts) -> None:
        self.context = context
        self.settings = context.settings
        self.environment = parts.environment
        self.teletype = teletype
        self.commands = commands()
        self.draft = ""
        self._draw = parts.draw
        self.stage = Stage(lambda: parts.draw(context.settings))
        self.host = TerminalHost(
            teletype,
            environment=context.environment,
            settle=self.stage.settle,
            show=self.stage.show,
            yes=context.settings.yes,
        )
        self._build = parts.build
        self._line = line
        self._assistance = SessionAssistance(self, self._at_empty_line)
        self._assembly: Assembly | None = None
        self._facts = Facts("")
        self._work: asyncio.Task[None] | None = None
        self._interrupting = False
        self._interrupted: str | None = None  # the language of the cell that the last Ctrl-C was for
        self._restart: str | None = None
        self._leaving = False
        self._warned = False  # of what leaving ends
        self._behind: set[asyncio.Task[None]] = set()
        self._warming: asyncio.Task[None] | None = None
        self._warm = asyncio.Event()  # what runs code

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
        self._interrupted = None
        try:
            async with aclosing(events) as happening:
                async for _ in happening:
                    pass
        finally:
            self.stage.settle()
            self._interrupting = False
        if self._restart is not None:
            self._restart_behind(self._restart)
            self._restart = None

    async def warmed(self) -> None:
        """Return when what starts behind the prompt and runs code has started, or cannot."""
        await self._warm.wait()

    def paint(self, theme: ThemeChoice) -> None:
        """Draw in the colours of `theme` from now on."""
        self.settings = replace(self.settings, theme=theme)
        self.stage.renew(lambda: self._draw(self.settings))

    def leave(self) -> None:
        """End the conversation after this command; the first wish only warns where cells run in the background."""
        if self.ends_knowingly("Leaving interrupts that; Ctrl-D again leaves."):
            self._leaving = True

    def ends_knowingly(self, words: str) -> bool:
        """Whether the user knows what ends with the session; the first time, tell what and add `words`."""
        cells = [cell.cell for cell in self.session.background]
        if not cells or self._warned:
            return True
        self._warned = True
        self.say(f"In the background still: {', '.join(cells)}. {words}")
        return False

    async def reopen(self, settings: Settings) -> None:
        """Close the session and go on with that of `settings`; the old one goes on if that cannot be built.

        Nothing of the new one starts before the old one has ended: two models may not fit into memory.
        """
        replaced, warming = self._assembly, self._warming
        await self._open(settings)
        self._warned = False
        try:
            if warming is not None:
                warming.cancel()
                await asyncio.wait({warming})
            if replaced is not None:
                await replaced.close()
        finally:
            self._begin_warming()

    # ---- the loop

    async def talk(self, first: asyncio.Task[str]) -> None:
        """Obey what is typed, from the line that `first` is already asking for, until the user leaves."""
        self.stage.above = self._line.above
        await self._open(self.settings)
        self._line.assist(self._assistance)
        self._begin_warming()
        asking = first
        while not self._leaving:
            try:
                await self._worked(await self._asked(asking))
            except Left:
                self.leave()
            draft, self.draft = self.draft, ""
            asking = asyncio.ensure_future(self._line.ask(draft)) if not self._leaving else asking
        if self.session.history.turns or self.session.history.cells:
            self.say(f"This session is kept: interpreter --resume {self.assembly.folder.id} goes on with it.")

    async def _asked(self, asking: asyncio.Task[str]) -> str:
        self.stage.above = self._line.above
        try:
            return await asking
        finally:
            self.stage.above = None
            self.stage.settle()

    async def _worked(self, text: str) -> None:
        """Obey `text` in a task of its own, which Ctrl-C can give up."""
        self._work = asyncio.ensure_future(self._obey(text))
        try:
            await asyncio.wait({self._work})
        finally:
            self._work.cancel()
            (ended,) = await asyncio.gather(self._work, return_exceptions=True)
            self._work = None
            self.stage.settle()
        if isinstance(ended, Exception):
            raise ended

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
            settings,
            host=self.host,
            consumers=(facts, self.stage),
            warn=self._warn,
        )
        facts.model = assembly.session.model
        self._assembly, self._facts, self.settings = assembly, facts, settings
        if settings.resume and (asked := prompts(self.session.history)):
            last = f"What was asked last, of {len(asked)}: {asked[-1]}"
            await (self.stage.above or _at_once)(lambda: self.say(last))

    async def _obey(self, text: str) -> None:
        try:
            typed = read(text, Path.cwd())
            if typed is not None:
                await self._do(typed)
        except InterpreterError as error:
            self.say(str(error))

    async def _do(self, typed: Typed) -> None:
        self._warned = self._warned and isinstance(typed, TypedCommand)
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
            self._interrupting, self._interrupted = True, self._facts.running
            self.session.interrupt()
        elif self._work is not None:
            self._work.cancel()
        else:
            self._line.interrupt()

    def detached(self) -> None:
        """The running cell goes on in the background, and the turn without it."""
        if self._assembly is not None and self.session.busy:
            self.session.detach()

    def suspended(self) -> None:
        """Ctrl-Z while no line is typed."""
        self.stage.settle()
        self.teletype.suspend()

    def _at_empty_line(self) -> None:
        """Ctrl-C at an empty line: a second one for a cell that still does not end, else how to leave."""
        stubborn = self._interrupted
        if stubborn is not None and self._assistance.state(stubborn) == "busy":
            self._line.hint(f"restarting {stubborn}")
            self._restart_behind(stubborn)
            self._interrupted = None
        else:
            self._line.hint("Ctrl-D leaves")

    def _restart_behind(self, language: str) -> None:
        async def restart() -> None:
            try:
                await self.session.restart(language, _AGAIN)
            except InterpreterError as error:
                self._warn(str(error))

        self._do_behind(restart())

    # ---- behind the prompt

    def _do_behind(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._behind.add(task)
        task.add_done_callback(self._done_behind)
        return task

    def _done_behind(self, task: asyncio.Task[None]) -> None:
        """Forget it, unless it failed by a defect: that is raised when the conversation closes."""
        if task.cancelled() or task.exception() is None:
            self._behind.discard(task)

    def _begin_warming(self) -> None:
        self._warm = asyncio.Event()
        self._warming = self._do_behind(self._warms(self.assembly, self._warm))

    async def _warms(self, assembly: Assembly, warm: asyncio.Event) -> None:
        """Start what runs code, then what answers; what keeps either from it is told."""
        for begin in (assembly.warm, assembly.warm_model):
            try:
                await begin()
            except InterpreterError as error:
                self._warn(str(error))
            finally:
                warm.set()
            self._line.refresh()

    def _warn(self, words: str) -> None:
        self.stage(e.Warned(text=words))


async def _at_once(draw: Callable[[], None]) -> None:
    """Draw where no line is being typed."""
    draw()
