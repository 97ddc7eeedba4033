"""Events full of hostile text: of what reaches the terminal only our own few sequences are commands."""

from __future__ import annotations

import dataclasses
import io
import random
import re
from typing import Any

import pytest

from interpreter import events as e
from interpreter.renderers.plain import PlainRenderer
from tests.renderers import golden
from tests.renderers.screens import Screen, renderer

_EVIL = (
    *(
        "\x1b]52;c;aGk=\x07",
        "\x1b]0;title\x1b\\",
        "\x1b[2J",
        "\x1b[6n",
        "\x1bc",
        "\x9b2J",
        "\x9d8;;x\x9c",
        "\x1bP+q\x1b\\",
    ),
    *("\x1b[8mhidden", "\u202e", "\u2066", "\x07", "\x00", "\x1b[", "\x1b]", "\x1b", "\r", "\b", "\ud800", "\x1b[31m"),
    *(
        "**bold**",
        "`code`",
        "\n",
        "\n\n",
        "- ",
        "| a | b |\n|---|---|\n",
        "```python\n",
        "<b>",
        "&#27;",
        "words ",
        "$\\frac{a}{b}$",
    ),
)
_OURS = re.compile(
    r"\x1b\[[0-9;]*m|\x1b\[2K|\x1b\[1A|\x1b\[\?2026[hl]|\r(?=\x1b\[2K|\x1b\[1A|[^\n])"
    r"|\x1b\]8;;(?:file:///[!-~]*)?\x1b\\"
)
_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def spoiled(value: Any, chance: random.Random) -> Any:
    """`value` with hostile text wherever it holds text that is foreign."""
    if isinstance(value, str):
        return value + "".join(chance.choice(_EVIL) for _ in range(chance.randint(0, 6)))
    if isinstance(value, dict):
        return {key: spoiled(each, chance) for key, each in value.items()}
    return tuple(spoiled(each, chance) for each in value) if isinstance(value, tuple) else value


def hostile(event: e.Event, chance: random.Random) -> e.Event:
    """`event` with its words spoiled; what we choose ourselves stays."""
    kept = {"type", "cell", "kind", "decision", "by", "status", "reason", "from_", "to", "protocol", "display_id"}
    named = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    if isinstance(event, e.Retrying | e.CodeRejected | e.KernelRestarted | e.HistoryTrimmed):
        kept -= {"reason"}
    spoilt = {name: spoiled(value, chance) for name, value in named.items() if name not in kept and name != "schema"}
    return dataclasses.replace(event, **spoilt)


@pytest.mark.parametrize("seed", range(20))
def test_no_event_however_hostile_commands_the_terminal(seed: int) -> None:
    chance = random.Random(seed)
    screen, answer, other = Screen(), io.StringIO(), io.StringIO()
    draws = (renderer(screen), PlainRenderer(answer, other))
    for event in golden.EVENTS:
        spoilt = hostile(event, chance)
        for draw in draws:
            draw(spoilt)
    for draw in draws:
        draw.close()
    for sent in screen.sent:
        assert not _COMMANDS.search(_OURS.sub("", sent)), repr(sent)
    assert not re.search(r"\x1b\[[0-9;]*\b8m", "".join(screen.sent))
    assert not _COMMANDS.search(answer.getvalue() + other.getvalue())
