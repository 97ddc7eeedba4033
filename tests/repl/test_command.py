"""A command is read from its function, and every command of the table can be."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from interpreter.errors import UsageError
from interpreter.repl.command import command
from interpreter.repl.commands.table import commands


def _colours(_: Any) -> Iterable[str]:
    return ("red", "green")


async def paint_it_(  # noqa: PLR0917 - as many kinds of arguments
    talk: object,
    colour: Annotated[str, _colours],
    shade: Literal["dark", "light"] = "dark",
    times: int = 1,
    file: Path | None = None,
    note: str = "",
) -> None:
    """Paint it.

    In a colour.
    """


PAINT = command(paint_it_, "p")


def test_the_name_the_usage_and_the_help_are_the_functions() -> None:
    assert PAINT.names == ("paint-it", "p")
    assert PAINT.usage == "/paint-it COLOUR [dark|light] [TIMES] [FILE] [NOTE]"
    assert PAINT.summary == "Paint it."
    assert PAINT.help == "Paint it.\n\nIn a colour."


@pytest.mark.parametrize(
    ("rest", "values"),
    [
        ("red", {"colour": "red"}),
        ("red light 3", {"colour": "red", "shade": "light", "times": 3}),
        (
            'red dark 2 "a b.txt" all the rest',
            {"colour": "red", "shade": "dark", "times": 2, "file": Path("a b.txt"), "note": "all the rest"},
        ),
    ],
)
def test_arguments_are_read_in_order_and_the_last_takes_the_rest(rest: str, values: dict[str, Any]) -> None:
    assert PAINT.read(rest) == values


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("", "Usage: /paint-it COLOUR [dark|light] [TIMES] [FILE] [NOTE]"),
        ("red pale", "Usage: /paint-it COLOUR [dark|light] [TIMES] [FILE] [NOTE]"),
        ("red dark x", "TIMES is a number. Usage: /paint-it COLOUR [dark|light] [TIMES] [FILE] [NOTE]"),
    ],
)
def test_what_does_not_fit_is_told_with_the_usage(rest: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        PAINT.read(rest)
    assert str(raised.value) == said


def test_no_two_commands_share_a_name_and_each_says_what_it_does_on_a_short_line() -> None:
    names = [name for known in commands() for name in known.names]
    assert sorted(names) == sorted(set(names))
    assert [known.name for known in commands() if not known.summary.endswith(".") or len(known.summary) > 70] == []
