"""Writes docs/settings.md from the settings' own manual; with `--check` only says whether it is up to date."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from interpreter.options import Option
from interpreter.settings import Settings, options

FILE = Path(__file__).parent.parent / "docs" / "settings.md"
HEAD = """\
# Settings

Generated from `interpreter/settings.py` by `scripts/manual.py`; edit there.

Each setting is taken from the first of these that gives it: the flag, the environment variable, the chosen profile in
`config.toml`, the file `config.toml` itself. `interpreter doctor` shows where that file is and what would be used. What
can only be given as a flag has no variable and no line in the file.
"""


def entry(known: Option, default: object) -> str:
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


def manual() -> str:
    """The whole page."""
    defaults = {field.name: field.default for field in dataclasses.fields(Settings)}
    return "\n".join([HEAD, *(entry(known, defaults[known.name]) for known in options())])


def main(argv: list[str]) -> int:
    """Write the page, or compare it."""
    if "--check" not in argv:
        FILE.write_text(manual(), encoding="utf-8")
    elif not FILE.exists() or FILE.read_text(encoding="utf-8") != manual():
        sys.stdout.write(f"{FILE.name} is out of date: run python scripts/manual.py\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
