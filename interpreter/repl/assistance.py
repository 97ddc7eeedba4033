"""What the line that is typed is told by the session: facts, completions, help. Draws nothing and runs no code."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit.completion import Completion
from prompt_toolkit.document import Document

from interpreter.renderers.sanitize import clean
from interpreter.repl.command import Command
from interpreter.repl.completion import Completions
from interpreter.repl.toolbar import toolbar
from interpreter.seams import Inspectable, RunnerState

if TYPE_CHECKING:
    from interpreter.repl.conversation import Conversation


class SessionAssistance:
    """Implements `Assistance`. `at_empty_line` is what Ctrl-C does there."""

    def __init__(self, talk: Conversation, at_empty_line: Callable[[], None]) -> None:
        self.at_empty_line = at_empty_line
        self._talk = talk
        self._completions = Completions(talk.commands, self._choices)

    def toolbar(self) -> str:
        """The facts that fit."""
        facts = self._talk.facts
        return toolbar(
            model=facts.model,
            protocol=facts.protocol,
            spent=self._talk.session.history.spent,
            states=[f"{language} {state}" for language in facts.ran if (state := self.state(language)) != "absent"],
            width=shutil.get_terminal_size().columns,
        )

    def state(self, language: str) -> RunnerState:
        """What the runner of `language` does."""
        runner = self._talk.session.runners.get(language)
        return runner.state if isinstance(runner, Inspectable) else "idle"

    async def completions(self, document: Document) -> Iterable[Completion]:
        """The kernel's for `> code`, else those of commands and files."""
        if document.text.startswith(">") and (kernel := self._kernel()) is not None:
            mark = _mark(document.text)
            found = await kernel.complete(document.text[mark:], document.cursor_position - mark)
            start = mark + found.start - document.cursor_position
            return [Completion(match, start_position=start) for match in found.matches]
        return self._completions.of(document.text_before_cursor)

    async def inspect(self, text: str, cursor: int) -> str:
        """The kernel's help, for `> code`."""
        if not text.startswith(">") or (kernel := self._kernel()) is None:
            return ""
        return clean(await kernel.inspect(text[_mark(text) :], cursor - _mark(text))).strip()

    def _kernel(self) -> Inspectable | None:
        runners = self._talk.session.runners
        runner = runners.get(runners.languages[0])
        return runner if isinstance(runner, Inspectable) else None

    def _choices(self, command: Command, position: int) -> Iterable[str] | None:
        if position >= len(command.arguments):
            return ()
        argument = command.arguments[position]
        if argument.kind is Path:
            return None
        return argument.literals or (argument.choices(self._talk) if argument.choices else ())


def _mark(text: str) -> int:
    """How many characters stand before the code."""
    return len(text) - len(text.lstrip("> "))
