"""What Tab offers: commands, their arguments, and `@path`. Asks no kernel."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from prompt_toolkit.completion import Completion

from interpreter.paths import written
from interpreter.renderers.sanitize import clean_line
from interpreter.repl.command import Command

_MOST = 200
"""How many names of a folder are looked at."""


class Completions:
    """`choices` gives what can stand as the argument of a command at a position, None for a path."""

    def __init__(self, commands: Iterable[Command], choices: Callable[[Command, int], Iterable[str] | None]) -> None:
        self._commands = tuple(commands)
        self._choices = choices

    def of(self, before: str) -> Iterable[Completion]:
        """What can follow `before`."""
        if before.startswith(("/", "%")) and "\n" not in before:
            return self._command(before)
        word = before.rsplit(maxsplit=1)[-1] if before and not before[-1].isspace() else ""
        return _paths(word[1:], start=1 - len(word)) if word.startswith("@") else ()

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
    place = written(folder + "/" if word.startswith("/") else folder or ".")
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
