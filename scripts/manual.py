"""Writes docs/settings.md and docs/commands.md from the program itself; with `--check` only says what is stale."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from interpreter.options import Option
from interpreter.repl.command import Command
from interpreter.repl.commands.table import commands
from interpreter.settings import Settings, options

DOCS = Path(__file__).parent.parent / "docs"
SETTINGS = """\
# Settings

Generated from `interpreter/settings.py` by `scripts/manual.py`; edit there.

Each setting is taken from the first of these that gives it: the flag, the environment variable, the chosen profile in
`config.toml`, the file `config.toml` itself. `interpreter doctor` shows where that file is and what would be used. What
can only be given as a flag has no variable and no line in the file.

```toml
model = "anthropic/claude-sonnet-4-5"
max_cost = 2.0

[profiles.work]                          # interpreter --profile work
model = "qwen3-coder"
api_base = "http://10.0.0.7:8000/v1"

[language.octave]                        # one program a cell, which is given the cell's file
command = "octave --quiet"
suffix = ".m"

[language.stata]                         # an installed Jupyter kernel, under a name of yours
kernel = "stata"
aliases = ["do"]
```
"""
COMMANDS = """\
# Commands of the prompt

Generated from `interpreter/repl/commands/` by `scripts/manual.py`; edit there.

`%name` works as `/name` does. `!command` runs in the session's shell, `> code` in its kernel, `@path` attaches a file.
"""


def setting(known: Option, default: object) -> str:
    """One setting's section."""
    flags = ", ".join(f"`{flag}{f' {known.metavar}' if known.metavar else ''}`" for flag in known.flags)
    rows = [("flag", flags), ("variable", f"`{known.env}`" if known.env else ""), ("values", values(known))]
    if default not in (None, False, "", ()):
        rows.append(("default", f"`{default}`"))
    told = "\n".join(f"- {name}: {text}" for name, text in rows if text)
    return f"## {known.name}\n\n{known.help}\n\n{told}\n"


def values(known: Option) -> str:
    """What the setting takes, in words."""
    if known.choices:
        return ", ".join(f"`{choice}`" for choice in known.choices)
    return "true or false" if known.kind == "switch" else ""


def command(known: Command) -> str:
    """One command's section."""
    also = f"\n\nAlso: {', '.join(f'`/{name}`' for name in known.aliases)}." if known.aliases else ""
    return f"## `{known.usage}`\n\n{known.help.strip()}{also}\n"


def pages() -> dict[str, str]:
    """Every generated page by its file's name."""
    defaults = {field.name: field.default for field in dataclasses.fields(Settings)}
    return {
        "settings.md": "\n".join([SETTINGS, *(setting(known, defaults[known.name]) for known in options())]),
        "commands.md": "\n".join([COMMANDS, *map(command, commands())]),
    }


def main(argv: list[str]) -> int:
    """Write the pages, or compare them."""
    stale = []
    for name, text in pages().items():
        file = DOCS / name
        if "--check" not in argv:
            file.write_text(text, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != text:
            stale.append(name)
    sys.stdout.writelines(f"docs/{name} is out of date: run python scripts/manual.py\n" for name in stale)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
