"""What the model is told before the conversation: a text from `prompts/` and facts about this machine.

The text is the same for a whole session, byte for byte, so that providers can cache it: no clock, no random ids.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from interpreter.events import Output
from interpreter.history import Cell, Entry, Prompt, Reply
from interpreter.protocols.brief import Brief


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where code will run: the working folder, and the languages with their aliases.

    `note` is a sentence on the languages that a capable model is told.
    """

    folder: str
    languages: tuple[str, ...]
    aliases: Mapping[str, str]
    note: str = ""


def brief(where: Surroundings, *, sees_images: bool = False, instructions: str = "") -> Brief:
    """The brief for a capable model; `instructions` are the user's own, added at the end."""
    system = _text("system", facts=f"{facts(where)} {where.note}".rstrip())
    return Brief(
        system=f"{system}\n\n{instructions}" if instructions else system,
        languages=where.languages,
        aliases=tuple(where.aliases.items()),
        sees_images=sees_images,
    )


def small_brief(where: Surroundings, *, instructions: str = "") -> Brief:
    """The brief for a small local model: a short text, examples, short outputs (its window is small and slow)."""
    system = _text("small", facts=facts(where))
    return Brief(
        system=f"{system}\n\n{instructions}" if instructions else system,
        languages=tuple(name for name in where.languages if name in ("python", "shell")),
        aliases=tuple(where.aliases.items()),
        examples=_examples(),
        head=1200,
        tail=1200,
        head_old=200,
        tail_old=200,
    )


def text_rules(languages: tuple[str, ...]) -> str:
    """What the `text` protocol adds to the system text of a capable model."""
    return _text("text_rules", languages=", ".join(languages))


def facts(where: Surroundings) -> str:
    """One line about this machine."""
    system = f"{platform.system()} {platform.release()} ({platform.machine()})"
    python = ".".join(map(str, sys.version_info[:3]))
    return f"{system}; Python {python}; working folder {Path(where.folder)}; languages: {', '.join(where.languages)}."


def _text(name: str, **values: str) -> str:
    text = resources.files("interpreter").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8").strip()
    for key, value in values.items():
        text = text.replace("{{" + key + "}}", value)
    return text


def _examples() -> tuple[Entry, ...]:
    """Turns that never happened. The second repairs an error, which a small model does not do unless it saw it."""
    days = "from datetime import date\nprint((date(2024, 7, 4) - date(2024, 3, 1)).days)"
    wrong = "import pandas as pd\nsales = pd.read_csv('sales.csv')\nprint(sales['amount'].sum())"
    mended = "print(list(sales.columns))\nprint(sales['Amount'].sum())"
    return (
        Prompt(text="How many days are there between 2024-03-01 and 2024-07-04?"),
        _ran("example-1", days, "125\n"),
        Reply(text="There are 125 days between them."),
        Prompt(text="What is the total of the column amount in sales.csv?"),
        _ran("example-2", wrong, "KeyError: 'amount'", failed=True),
        _ran("example-3", mended, "['Date', 'Amount']\n81.5\n"),
        Reply(text="The total of the column is 81.5."),
        Prompt(text="Thanks!"),
        Reply(text="You're welcome!"),
    )


def _ran(cell: str, code: str, output: str, *, failed: bool = False) -> Reply:
    shown = Output(cell=cell, kind="error" if failed else "stdout", data={"text/plain": output})
    ran = Cell(
        id=cell,
        language="python",
        proposed=code,
        code=code,
        decision="run",
        outputs=(shown,),
        status="error" if failed else "ok",
    )
    return Reply(calls=(ran,))
