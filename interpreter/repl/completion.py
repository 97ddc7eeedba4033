"""What Tab offers: commands and their arguments, `@path`, and for `> code` what the kernel knows. Runs nothing."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from interpreter.renderers.sanitize import clean_line
from interpreter.repl.command import Command
from interpreter.seams import Completions

_MOST = 200
"""How many names of a folder are looked at."""


class PromptCompleter(Completer):
    """`choices` gives what can stand as the named argument of a command; `complete` asks the kernel about code."""

    def __init__(
        self,
        commands: Iterable[Command],
        choices: Callable[[Command, int], Iterable[str] | None],
        complete: Callable[[str, int], Awaitable[Completions]],
    ) -> None:
        self._commands = tuple(commands)
        self._choices = choices
        self._complete = complete

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """All but the kernel's."""
        before = document.text_before_cursor
        if before.startswith(("/", "%")) and "\n" not in before:
            return self._command(before)
        word = before.split()[-1] if before and not before[-1].isspace() else ""
        return _paths(word[1:], start=1 - len(word)) if word.startswith("@") else ()

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """All there are."""
        if document.text.startswith(">"):
            mark = len(document.text) - len(document.text.lstrip("> "))
            found = await self._complete(document.text[mark:], document.cursor_position - mark)
            for match in found.matches:
                yield Completion(match, start_position=mark + found.start - document.cursor_position)
            return
        for completion in self.get_completions(document, complete_event):
            yield completion

    def _command(self, before: str) -> Iterator[Completion]:
        mark, name, *arguments = before[0], *before[1:].split(" ")
        if not arguments:
            for command in self._commands:
                if command.name.startswith(name.lower()):
                    yield Completion(mark + command.name, start_position=-len(before), display_meta=command.summary)
            return
        known = next((command for command in self._commands if name.lower() in command.names), None)
        if known is None:
            return
        word, position = arguments[-1], len(arguments) - 1
        choices = self._choices(known, position)
        if choices is None:
            yield from _paths(word, start=-len(word))
        else:
            for choice in choices:
                if choice.startswith(word):
                    yield Completion(choice, start_position=-len(word), display=clean_line(choice))


def _paths(word: str, *, start: int) -> Iterator[Completion]:
    """The files and folders that `word` may become."""
    folder, _, begin = word.rpartition("/")
    place = Path(folder + "/" if word.startswith("/") else folder or ".").expanduser()
    try:
        entries = sorted(islice(os.scandir(place), _MOST), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(begin) and (begin.startswith(".") or not entry.name.startswith(".")):
            name = entry.name + ("/" if entry.is_dir() else "")
            text = f"{folder}/{name}" if folder or word.startswith("/") else name
            if " " in text:
                continue
            yield Completion(text, start_position=start, display=clean_line(name))
