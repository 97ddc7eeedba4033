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

from interpreter.events import Attachment, Output
from interpreter.history import Cell, Entry, Prompt, Reply
from interpreter.nearby import CUT, Nearby
from interpreter.protocols.brief import Brief


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where code will run: the working folder, and the languages with their aliases.

    `note` is a sentence on the languages that a capable model is told; `python` runs the code, None if not known.
    `server` is the address of the machine that code runs on, empty for this one.
    """

    folder: str
    languages: tuple[str, ...]
    aliases: Mapping[str, str]
    note: str = ""
    python: str | None = None
    server: str = ""


def brief(where: Surroundings, *, sees_images: bool = False, instructions: str = "") -> Brief:
    """The brief for a capable model; `instructions` are the user's own, added at the end."""
    system = _text("system", facts=f"{facts(where)} {where.note}".rstrip())
    return Brief(
        system=f"{system}\n\n{instructions}" if instructions else system,
        languages=where.languages,
        aliases=tuple(where.aliases.items()),
        sees_images=sees_images,
    )


def small_brief(where: Surroundings, near: Nearby, *, instructions: str = "") -> Brief:
    """The brief for a small local model: short text and outputs (its window is small and slow), examples, advice."""
    languages = tuple(name for name in where.languages if name in ("python", "shell"))
    system = _text("small", facts=_few_facts(where, near))
    return Brief(
        system=f"{system}\n\n{instructions}" if instructions else system,
        languages=languages,
        aliases=tuple((alias, name) for alias, name in where.aliases.items() if name in languages),
        examples=_examples(),
        head=1200,
        tail=1200,
        head_old=200,
        tail_old=200,
        advises=True,
    )


def text_rules(languages: tuple[str, ...]) -> str:
    """What the `text` protocol adds to the system text of a capable model."""
    return _text("text_rules", languages=", ".join(languages))


def facts(where: Surroundings) -> str:
    """One line about this machine, or that no code runs on it."""
    if where.server:
        return f"not where the code runs: that is the server {where.server}; languages: {', '.join(where.languages)}."
    system = f"{platform.system()} {platform.release()} ({platform.machine()})"
    python = ".".join(map(str, sys.version_info[:3]))
    return f"{system}; Python {python}; working folder {Path(where.folder)}; languages: {', '.join(where.languages)}."


def _few_facts(where: Surroundings, near: Nearby) -> str:
    """What a small model needs to know of this machine, and what keeps it from importing what is not there."""
    if where.server:
        return "The code runs on a server; of the user's files only those attached are there."
    told = [f"{platform.system()}, Python {'.'.join(map(str, sys.version_info[:2]))}."]
    told += [f"Working folder {Path(where.folder)}, with: {', '.join(near.names) or 'nothing'}."]
    if near.installed or near.lacking:
        told += [f"Installed packages: {', '.join(near.installed) or 'none'}."]
    if near.lacking:
        told += [f"Not installed, never import: {', '.join(near.lacking)}."]
    return " ".join(told)


def _text(name: str, **values: str) -> str:
    text = resources.files("interpreter").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8").strip()
    for key, value in values.items():
        text = text.replace("{{" + key + "}}", value)
    return text


def _examples() -> tuple[Entry, ...]:
    """Turns that never happened: code in each language, an error repaired, and two that need no code.

    A small model does what it saw, down to the names; so these are names that nobody uses, and standard library alone.
    """
    head = f"field,crop,kilos\nnorth,barley,12.5\nsouth,oats,30\n{CUT}"
    weights = (
        "import csv\nwith open('harvest.csv') as file:\n    rows = list(csv.DictReader(file))\n"
        "print(sum(float(row['kilos']) for row in rows))"
    )
    mended = (
        "import csv\ntotal = 0\nwith open('harvest.csv') as file:\n    for row in csv.DictReader(file):\n"
        "        try:\n            total += float(row['kilos'])\n"
        "        except ValueError:\n            print('left out:', row)\nprint(total)"
    )
    left_out = "left out: {'field': 'hill', 'crop': 'rye', 'kilos': 'none'}\n81.5\n"
    harvest = Attachment(path="harvest.csv", media_type="text/csv", size=210, head=head)
    return (
        Prompt(text="Thanks!"),
        Reply(text="You're welcome!"),
        Prompt(text="Why is the sky blue?"),
        Reply(text="Because air scatters blue light more than red light."),
        Prompt(text="Who wrote Hamlet?"),
        Reply(text="William Shakespeare wrote Hamlet."),
        Prompt(text="Sort the lines of birds.txt with sort."),
        _ran("example-4", "sort birds.txt", "crow\nowl\nwren\n", language="shell"),
        Reply(text="Sorted, they are: crow, owl, wren."),
        Prompt(text="How often does the letter a occur in 'abracadabra'?"),
        _ran("example-1", "print('abracadabra'.count('a'))", "5\n"),
        Reply(text="The letter a occurs 5 times."),
        Prompt(text="How many kilos are in harvest.csv?", attachments=(harvest,)),
        _ran("example-2", weights, "ValueError: could not convert string to float: 'none'", failed=True),
        _ran("example-3", mended, left_out),
        Reply(text="There are 81.5 kilos. The row of the field hill holds no number and was left out."),
    )


def _ran(cell: str, code: str, output: str, *, failed: bool = False, language: str = "python") -> Reply:
    shown = Output(cell=cell, kind="error" if failed else "stdout", data={"text/plain": output})
    ran = Cell(
        id=cell,
        language=language,
        proposed=code,
        code=code,
        decision="run",
        outputs=(shown,),
        status="error" if failed else "ok",
    )
    return Reply(calls=(ran,))
