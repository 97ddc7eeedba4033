"""A command of the prompt, read from its function: name, arguments, help and what completes it. Knows no command."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from interpreter.errors import UsageError
from interpreter.paths import written

Function: TypeAlias = Callable[..., Awaitable[None]]
Choices: TypeAlias = Callable[[Any], Iterable[str]]
"""What can stand as an argument, given the conversation; annotate a parameter with `Annotated[str, choices]`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One parameter. `rest`: it takes everything that is left of the line, spaces included."""

    name: str
    kind: type
    required: bool
    rest: bool = False
    literals: tuple[str, ...] = ()
    choices: Choices | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`/name`, or one of its aliases. The first line of `help` is what a list of commands shows."""

    name: str
    aliases: tuple[str, ...]
    arguments: tuple[Argument, ...]
    help: str
    function: Function

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the aliases."""
        return (self.name, *self.aliases)

    @property
    def summary(self) -> str:
        """What it does, on one line."""
        return self.help.partition("\n")[0]

    @property
    def usage(self) -> str:
        """How it is typed."""
        shown = [
            name if argument.required else f"[{name}]" for argument in self.arguments for name in [_shown(argument)]
        ]
        return " ".join([f"/{self.name}", *shown])

    def read(self, rest: str) -> dict[str, Any]:
        """The arguments typed in `rest`. Raises `UsageError` where they do not fit."""
        values: dict[str, Any] = {}
        for argument in self.arguments:
            word, rest = (rest.strip(), "") if argument.rest else _word(rest)
            if not word and argument.required:
                raise UsageError(f"Usage: {self.usage}")
            if word:
                values[argument.name] = self._value(argument, word)
        if rest.strip():
            raise UsageError(f"Usage: {self.usage}")
        return values

    def _value(self, argument: Argument, word: str) -> object:
        if argument.literals and word not in argument.literals:
            raise UsageError(f"Usage: {self.usage}")
        if argument.kind is int:
            try:
                return int(word)
            except ValueError:
                raise UsageError(f"{_shown(argument)} is a number. Usage: {self.usage}") from None
        return written(word) if argument.kind is Path else word


def command(function: Function, *aliases: str) -> Command:
    """The command that `function` is: its first parameter is the conversation, the others are typed.

    A last parameter of kind `str` takes the rest of the line.
    """
    # The conversation imports the commands, so they know its type by name alone.
    hints = get_type_hints(function, localns={"Conversation": object}, include_extras=True)
    parameters = list(inspect.signature(function).parameters.values())[1:]
    arguments = [_argument(parameter, hints[parameter.name]) for parameter in parameters]
    if arguments and arguments[-1].kind is str and not arguments[-1].literals and not arguments[-1].choices:
        last = arguments[-1]
        arguments[-1] = Argument(name=last.name, kind=str, required=last.required, rest=True)
    return Command(
        name=function.__name__.strip("_").replace("_", "-"),
        aliases=aliases,
        arguments=tuple(arguments),
        help=inspect.cleandoc(function.__doc__ or ""),
        function=function,
    )


def _argument(parameter: inspect.Parameter, hint: Any) -> Argument:
    choices: Choices | None = None
    if get_origin(hint) is Annotated:
        hint, choices = get_args(hint)
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (kind for kind in get_args(hint) if kind is not type(None))
    literals = get_args(hint) if get_origin(hint) is Literal else ()
    return Argument(
        name=parameter.name,
        kind=str if literals else hint,
        required=parameter.default is parameter.empty,
        literals=literals,
        choices=choices,
    )


def _shown(argument: Argument) -> str:
    return "|".join(argument.literals) or argument.name.upper()


def _word(text: str) -> tuple[str, str]:
    """The first word, which may be quoted, and what follows it."""
    text = text.lstrip()
    if text[:1] in ("'", '"') and (end := text.find(text[0], 1)) > 0:
        return text[1:end], text[end + 1 :]
    word, _, rest = text.partition(" ")
    return word, rest
